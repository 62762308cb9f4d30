"""Several runs at once: of one organization one wins, of different ones all do; nothing is lost, nothing is done twice."""

import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.engines import ENGINES, over
from tests.cli.running import MANIFESTS, SECONDS, TWO, Done, Place, command, declare_fleet, document_of, environment

RUNNERS = 8


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    folder = tmp_path / "here"
    folder.mkdir()
    return over(Place(folder), request.param, request)


@pytest.fixture
def applied(place: Place) -> Place:
    declare_fleet(place, "acme", "globex", "initech")
    place.apply()
    return place


def together(place: Place, *runs: Sequence[str]) -> list[Done]:
    """Run several commands at once."""
    processes = [
        subprocess.Popen(
            command(*arguments, "--format", "json"),
            cwd=place.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for arguments in runs
    ]
    ended = [(process, *process.communicate(timeout=SECONDS)) for process in processes]
    return [Done(process.returncode, out, err) for process, out, err in ended]


def changes_of(place: Place) -> Counter[str]:
    """Count the changes of each address that the journal speaks of."""
    entries = place.json("history").document["entries"]
    return Counter(entry["address"] for entry in entries if "actions" in entry)


def test_of_runs_that_do_the_same_exactly_one_does_it(place: Place) -> None:
    place.declare("acme", *TWO)
    place.declare("globex", *TWO)
    done = together(place, *[["apply", MANIFESTS, "--auto-approve"]] * 3)
    assert [run.code for run in done] == [0, 0, 0], [run.out for run in done]
    assert sorted(run.document["summary"]["create"] for run in done) == [0, 0, 6]
    assert set(changes_of(place).values()) == {1}
    assert place.json("verify").document["locks"] == []


def test_of_runs_that_do_not_wait_the_others_say_who_is_at_work_or_that_nothing_is_left(applied: Place) -> None:
    applied.declare("acme", *TWO)
    plan_hash = applied.json("plan", MANIFESTS).document["plan_hash"]
    done = together(applied, *[["apply", MANIFESTS, "--expect", plan_hash, "--lock-timeout", "0s"]] * 3)
    codes = Counter(run.code for run in done)
    assert codes[0] >= 1
    assert set(codes) <= {0, 4, 5}
    assert sum(run.document["summary"]["delete"] for run in done if run.code == 0) == 1
    assert changes_of(applied)["acme/administrator/c.three@acme.example"] == 2
    assert applied.json("verify").code == 0


def test_runs_of_different_organizations_do_not_disturb_each_other(applied: Place) -> None:
    names = ("acme", "globex", "initech")
    for name in names:
        applied.declare(name, *TWO)
    done = together(applied, *(["apply", MANIFESTS, "--auto-approve", "--org", name] for name in names), ["verify"])
    assert [run.code for run in done] == [0, 0, 0, 0], [run.out + run.err for run in done]
    assert [document_of(run.out)["summary"]["delete"] for run in done[:3]] == [1, 1, 1]
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert applied.json("verify").code == 0


def test_eight_runners_lose_nothing_and_double_nothing(place: Place) -> None:
    names = [f"org-{number}" for number in range(2 * RUNNERS)]
    declare_fleet(place, *names)
    own = [names[number::RUNNERS] for number in range(RUNNERS)]
    # Each applies two organizations of its own, and one that its neighbor applies as well.
    wanted = [[*mine, own[number - 1][0]] for number, mine in enumerate(own)]
    runs = [["apply", MANIFESTS, "--auto-approve", *(f"--org={name}" for name in mine)] for mine in wanted]
    done = together(place, *runs)
    assert [run.code for run in done] == [0] * RUNNERS, [run.out + run.err for run in done]
    people = 4
    assert sum(run.document["summary"]["create"] for run in done) == len(names) * people
    assert set(changes_of(place).values()) == {1}
    verified = place.json("verify").document
    assert (verified["intact"], verified["organizations"], verified["entries"], verified["locks"]) == (
        True,
        len(names),
        len(names) * people,
        [],
    )
    assert place.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
