"""At a terminal: the question, its answers, colors, progress. Elsewhere: none of that."""

import re

import pytest

from reconciler.cli.progress import Progress
from tests.cli.running import MANIFESTS, TWO, Place, declare_fleet
from tests.cli.terminal import CTRL_C, CTRL_D, Terminal

LINE = "\r\x1b\\[K"
TIMES = r"(?:, \d+ \w+, \d+ \w+ left)?"
QUESTION = "Apply these changes?"


@pytest.fixture
def changed(applied: Place) -> Place:
    applied.declare("acme", *TWO)
    return applied


def test_yes_applies_and_both_plan_and_outcome_are_colored(changed: Place) -> None:
    with Terminal(changed, "apply", MANIFESTS) as terminal:
        assert "\x1b[31m-\x1b[0m administrator" in terminal.wait_for(QUESTION)
        terminal.type("yes\n")
        assert terminal.end() == 0
    assert "Apply: 0 added, 0 changed, 1 removed" in terminal.screen.partition(QUESTION)[2]
    assert changed.json("plan", MANIFESTS, "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("keys", "code", "said"),
    [
        ("no\n", 1, "nothing was applied: the answer was not yes"),
        ("\n", 1, "nothing was applied: the answer was not yes"),
        (CTRL_D, 1, "nothing was applied: the answer was not yes"),
        (CTRL_C, 130, "error: interrupted by SIGINT; nothing was changed"),
    ],
    ids=["no", "empty", "end", "interrupt"],
)
def test_any_other_answer_leaves_everything_as_it_is(changed: Place, keys: str, code: int, said: str) -> None:
    before = changed.everything()
    with Terminal(changed, "apply", MANIFESTS, env={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(keys)
        assert terminal.end() == code
    assert said in terminal.screen
    assert "\nerror: " in terminal.screen.partition(QUESTION)[2]
    assert "\x1b[" not in terminal.screen
    assert changed.everything() == before


def test_a_declined_apply_in_json_is_one_document_that_says_so(changed: Place) -> None:
    with Terminal(changed, "apply", MANIFESTS, "--format", "json", "--output", "report.json") as terminal:
        assert "Plan: 0 to add" in terminal.wait_for(QUESTION)
        terminal.type("no\n")
        assert terminal.end() == 1
    assert '"cancelled": true' in (changed.folder / "report.json").read_text()


def test_a_terminal_in_a_pipeline_is_not_asked(changed: Place) -> None:
    with Terminal(changed, "apply", MANIFESTS, env={"CI": "true"}) as terminal:
        assert terminal.end() == 64
    assert "there is no terminal to ask on" in terminal.screen


@pytest.mark.parametrize(
    ("arguments", "env", "colored"),
    [
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        ([], {"RECONCILER_NO_COLOR": "true"}, False),
        ([], {"RECONCILER_NO_COLOR": "false"}, True),
    ],
)
def test_colors_are_an_extra_that_can_be_refused(changed: Place, arguments: list[str], env: dict[str, str], *, colored: bool) -> None:
    with Terminal(changed, "plan", MANIFESTS, *arguments, env=env) as terminal:
        assert terminal.end() == 0
    assert ("\x1b[" in terminal.screen) is colored
    assert "Plan: 0 to add, 0 to change, 1 to remove, 0 to expire." in terminal.screen


def test_progress_is_shown_to_whoever_looks_and_goes_away_again(place: Place) -> None:
    declare_fleet(place, *(f"org-{number:02}" for number in range(21)))
    place.ok("plan", MANIFESTS, "--out", "plan.json")
    with Terminal(place, "apply", "plan.json", stdout=False) as terminal:
        assert terminal.end() == 0
    assert re.match(rf"{LINE}applying 1 of 21{TIMES}: org-00{LINE}applying 2 of 21{TIMES}: org-01", terminal.screen)
    assert re.search(rf"applying 21 of 21{TIMES}: org-20{LINE}$", terminal.screen)
    report = (place.folder / "report").read_text()
    assert "Apply: 84 added" in report
    assert "\x1b" not in report
    with Terminal(place, "state", "forget", "org-00") as terminal:
        assert terminal.end() == 0
    place.ok("plan", MANIFESTS, "--out", "plan.json")
    with Terminal(place, "apply", "plan.json", "-q", stdout=False) as terminal:
        assert terminal.end() == 0
    assert terminal.screen == ""


def test_elsewhere_there_is_no_question_no_color_and_no_progress(changed: Place) -> None:
    done = changed.run("apply", MANIFESTS, "--auto-approve", env={"TERM": "xterm"})
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert QUESTION not in done.out


@pytest.mark.parametrize(
    ("arguments", "words"), [(["validate", MANIFESTS], "checking"), (["plan", MANIFESTS], "planning"), (["verify"], "verifying")]
)
def test_reading_commands_count_as_well_and_leave_nothing_behind(place: Place, arguments: list[str], words: str) -> None:
    declare_fleet(place, *(f"org-{number:02}" for number in range(21)))
    place.apply()
    for number in range(21):
        place.write(f"{MANIFESTS}/org-{number:02}.yaml", (place.folder / f"{MANIFESTS}/org-{number:02}.yaml").read_text() + "\n# touched\n")
    with Terminal(place, *arguments, stdout=False) as terminal:
        assert terminal.end() == 0
    assert re.search(rf"{LINE}{words} 1 of 21{TIMES}{LINE}{words} 2 of 21", terminal.screen)
    assert terminal.screen.endswith("\r\x1b[K")
    with Terminal(place, *arguments, "-q", stdout=False) as terminal:
        assert terminal.end() == 0
    assert terminal.screen == ""


def test_the_line_tells_elapsed_and_remaining_time_and_is_never_wider_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("reconciler.cli.progress.shows_progress", lambda: True)
    monkeypatch.setattr("reconciler.cli.progress.columns", lambda: 30)
    seconds = iter(range(0, 1000, 3))
    progress = Progress(quiet=False, seconds=lambda: next(seconds))
    assert list(progress.watch("planning", iter(range(30)), 30)) == list(range(30))
    said = capsys.readouterr().err.split("\r\x1b[K")
    assert said[1] == "planning 1 of 30, 3 s, 87 s l"
    assert said[25] == "planning 25 of 30, 75 s, 15 s"
    assert (len(said), said[-1]) == (32, "")
    assert max(map(len, said)) == 29


@pytest.mark.parametrize("columns", [60, 80])
def test_a_narrow_terminal_has_text_below_long_names_and_no_line_of_the_changes_sticks_out(place: Place, columns: int) -> None:
    place.ok("init")
    with Terminal(place, "plan", env={"COLUMNS": str(columns), "NO_COLOR": "1"}) as terminal:
        assert terminal.end() == 0
    changes = terminal.screen.partition("\n\n")[2].partition("\n\n")[0].splitlines()
    assert "  + administrator    alice@customer.example" in changes
    assert '        full-administrator; name "Alice Novak"' in changes
    assert max(len(line) for line in changes if "sites:" not in line) <= columns
