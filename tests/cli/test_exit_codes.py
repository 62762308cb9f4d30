"""Every exit code of the contract, by a real process, in text and in JSON."""

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.holding import held
from tests.cli.running import MANIFESTS, TWO, Done, Place, hook


def both(place: Place, *arguments: str, env: dict[str, str] | None = None, hooks: Path | None = None) -> tuple[Done, Done]:
    """Run a command that fails twice: in text, with nothing on standard output, and in JSON, with one document there."""
    text, document = place.run(*arguments, env=env, hooks=hooks), place.json(*arguments, env=env, hooks=hooks)
    assert text.code == document.code
    assert text.failure.startswith(("error: ", f"{MANIFESTS}/", "reconciler.yaml:"))
    assert document.document["kind"] == "error"
    return text, document


# 0, 1, 2 -----------------------------------------------------------------------------------------------------------------------------


def test_nothing_to_do_is_0_and_changes_are_0_unless_asked_for(applied: Place) -> None:
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert applied.json("drift", MANIFESTS).code == 0
    applied.declare("acme", *TWO)
    assert applied.json("plan", MANIFESTS).document["summary"]["delete"] == 1
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").document["exit_code"] == 2
    assert applied.json("plan", MANIFESTS, env={"RECONCILER_DETAILED_EXITCODE": "1"}).code == 2
    assert applied.json("drift", MANIFESTS).document["in_sync"] is False
    assert applied.run("drift", MANIFESTS).code == 2


def test_invalid_manifests_are_1_in_every_command_with_all_findings(applied: Place) -> None:
    applied.declare("acme", "a.one@x.example full-administratr", "not-an-address")
    validation = applied.json("validate", MANIFESTS)
    assert (validation.code, validation.document["kind"]) == (1, "validation")
    assert validation.document["error_count"] == 2
    for arguments in (["plan", MANIFESTS], ["apply", MANIFESTS, "--auto-approve"], ["drift", MANIFESTS]):
        done = applied.json(*arguments)
        errors = [finding for finding in done.document["diagnostics"] if finding["severity"] == "error"]
        assert (done.code, done.document["kind"], len(errors)) == (1, "error", 2)
    text = applied.run("plan", MANIFESTS)
    assert text.code == 1
    assert text.failure.startswith(f"{MANIFESTS}/acme.yaml:7:40: error: ")
    assert "full-administrator" in text.failure


def test_warnings_are_1_for_validate_only_on_request(place: Place) -> None:
    place.declare("acme", "a.one@x.example")
    assert place.json("validate", MANIFESTS).document["warning_count"] == 1
    assert place.json("validate", MANIFESTS, "--fail-on", "warning").document["exit_code"] == 1
    assert place.json("validate", MANIFESTS, env={"RECONCILER_FAIL_ON": "warning"}).code == 1


def test_no_input_is_1_unless_it_is_meant(place: Place) -> None:
    (place.folder / "empty").mkdir()
    text, _ = both(place, "plan", "empty")
    assert text.code == 1
    assert "no manifests in empty" in text.err
    assert "--allow-empty" in text.err
    missing = place.run("validate", "nowhere")
    assert (missing.code, missing.out.splitlines()[0]) == (1, "nowhere:1:1: error: no such file or directory [path-missing]")
    assert place.json("validate", "empty", "--allow-empty").code == 0
    assert place.json("drift", "empty", "--allow-empty").code == 0
    assert place.json("apply", "empty", "--allow-empty", "--auto-approve").document["run"] is None
    assert not place.state.exists()


def test_a_state_that_must_exist_and_does_not_is_1_for_every_command(place: Place) -> None:
    place.declare("acme", *TWO)
    place.write("reconciler.yaml", "state: {mustExist: true}\n")
    for arguments in (
        ["plan", MANIFESTS],
        ["apply", MANIFESTS, "--auto-approve"],
        ["drift", MANIFESTS],
        ["show"],
        ["show", "acme"],
        ["history"],
        ["verify"],
        ["state", "forget", "acme"],
        ["unlock", "x"],
        ["attest", "acme", "--note", "x"],
    ):
        done = place.json(*arguments)
        assert done.code == 1, arguments
        assert "there is no stored state" in done.summary()
    assert not place.state.parent.exists()


# 3 -----------------------------------------------------------------------------------------------------------------------------------


def people(count: int) -> list[str]:
    return [*TWO, *(f"p{number:02}@x.example support-administrator" for number in range(count - 2))]


@pytest.fixture
def many(place: Place) -> Place:
    place.declare("acme", *people(12))
    place.apply()
    return place


def test_too_many_removals_are_3_with_the_plan_and_the_way_out_which_is_exact(many: Place) -> None:
    many.declare("acme", *people(4))
    for arguments in ([], ["--detailed-exitcode"], ["--allow-removals", "acme=7"], ["--allow-removals", "all=8"]):
        done = many.json("plan", MANIFESTS, *arguments)
        assert (done.code, done.document["summary"]["delete"]) == (3, 8)
        assert "--allow-removals acme=8" in done.document["refusals"][0]["hint"]
    text = many.run("plan", MANIFESTS, "--out", "plan.json")
    assert text.code == 3
    assert "8 of 12 people would lose access in acme" in text.out
    assert "Plan: 0 to add, 0 to change, 8 to remove, 0 to expire." in text.out
    refused = many.json("apply", MANIFESTS, "--auto-approve")
    assert (refused.code, refused.document["kind"]) == (3, "plan")
    assert many.json("apply", "plan.json").document["exit_code"] == 3
    assert many.json("plan", MANIFESTS, "--allow-removals", "acme=8", "--detailed-exitcode").code == 2
    assert many.json("apply", "plan.json", "--allow-removals", "acme=8").document["summary"]["delete"] == 8
    assert many.json("verify").code == 0


# 4 -----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def planned(applied: Place) -> Place:
    applied.declare("acme", *TWO)
    applied.ok("plan", MANIFESTS, "--out", "plan.json")
    return applied


def test_a_stale_plan_is_4_whatever_is_acknowledged_and_the_lock_is_free_again(planned: Place) -> None:
    planned.declare("acme", *TWO, "d.four@x.example support-administrator")
    planned.apply()
    text, _ = both(planned, "apply", "plan.json", "--allow-removals", "acme=1", "--allow-removals", "all=1")
    assert text.code == 4
    assert "Saved plan is stale" in text.err
    shown = planned.json("show", "plan.json").document
    assert (shown["kind"], shown["diagnostics"][0]["summary"]) == ("plan", "Saved plan is stale: acme changed since it was made")
    assert "Saved plan is stale" in planned.ok("show", "plan.json")
    assert planned.json("verify").document["locks"] == []


def test_a_plan_that_was_applied_is_0_again_until_something_moves(planned: Place) -> None:
    first = planned.json("apply", "plan.json").document
    again = planned.json("apply", "plan.json").document
    assert (again["run"], again["repeated"], again["outcomes"], again["exit_code"]) == (first["run"], True, [], 0)
    assert planned.run("apply", MANIFESTS, "--expect", first["plan_hash"]).code == 0
    planned.declare("acme", *TWO, "d.four@x.example support-administrator")
    planned.apply()
    text, _ = both(planned, "apply", "plan.json")
    assert text.code == 4


def test_a_plan_for_another_state_is_4(planned: Place) -> None:
    planned.ok("apply", MANIFESTS, "--auto-approve", "--state", "sqlite:///other/state.db")
    text, document = both(planned, "apply", "plan.json", "--state", "sqlite:///other/state.db")
    assert text.code == 4
    assert document.summary() == "Saved plan does not match the given state"
    planned.write("broken.db", "no state")
    shown = planned.json("show", "plan.json", "--state", "sqlite:///broken.db").document["diagnostics"]
    assert {finding["rule_id"] for finding in shown} == {"internal-to-two-organizations", "actor-unchecked"}


def test_a_plan_that_was_changed_or_is_none_is_4(planned: Place) -> None:
    saved = (planned.folder / "plan.json").read_text()
    planned.write("edited.json", saved.replace("support-administrator", "user-administrator"))
    planned.write("empty.json", "")
    planned.write("binary.json", "").write_bytes(b"\xff\xfe\x00")
    planned.write("other.json", '{"kind": "validation"}')
    (planned.folder / "folder.json").mkdir()
    for name in ("edited", "empty", "binary", "other", "folder", "absent"):
        done = planned.json("apply", f"{name}.json")
        assert (done.code, done.document["kind"]) == (4, "error"), name
    text, _ = both(planned, "apply", "absent.json")
    assert "absent.json cannot be read: No such file or directory" in text.err
    assert planned.json("show", "absent.json").code == 4


def test_a_plan_past_its_end_is_4(place: Place) -> None:
    place.declare("acme", *TWO)
    path = place.declare("acme", *TWO, "c.three@x.example")
    text = path.read_text().replace("roles: [full-administrator]}\n", "roles: [full-administrator]}\n", 1)
    path.write_text(text.rstrip().removesuffix("}") + ', expiresAt: "2020-01-01T01:00:00Z"}\n')
    done = place.json("plan", MANIFESTS, "--out", "plan.json", "--now", "2020-01-01T00:00:00Z")
    assert done.document["valid_until"] == "2020-01-01T01:00:00Z"
    failed, _ = both(place, "apply", "plan.json")
    assert failed.code == 4
    assert "the plan was valid until 2020-01-01T01:00:00Z" in failed.err


def test_another_plan_than_the_expected_one_is_4(planned: Place) -> None:
    wrong = f"sha256:{'0' * 64}"
    for arguments in ([MANIFESTS], ["plan.json"]):
        text, _ = both(planned, "apply", *arguments, "--expect", wrong)
        assert text.code == 4
        assert wrong in text.err
    right = planned.json("plan", MANIFESTS).document["plan_hash"]
    assert planned.run("apply", MANIFESTS, env={"RECONCILER_EXPECT": right}).code == 0


# 5 -----------------------------------------------------------------------------------------------------------------------------------


def test_a_lock_of_a_living_process_is_5_and_names_its_holder(applied: Place) -> None:
    applied.declare("acme", *TWO)
    applied.declare("globex", *TWO)
    with held(applied, "globex") as lock_id:
        text, document = both(applied, "apply", MANIFESTS, "--auto-approve", "--lock-timeout", "0s")
        assert text.code == 5
        for word in (socket.gethostname(), f"pid {os.getpid()}", "2026-11-20T09:00:00Z", lock_id, f"hint: reconciler unlock {lock_id}"):
            assert word in text.err
        (lock,) = document.document["locks"]
        assert (lock["id"], lock["pid"], lock["host"], lock["version"]) == (lock_id, os.getpid(), socket.gethostname(), "9.9.9")
        assert lock["organizations"] == ["globex"]
        assert applied.json("apply", MANIFESTS, "--auto-approve", "--org", "acme").code == 0
        refused, _ = both(applied, "unlock", lock_id)
        assert (refused.code, "belongs to a living process" in refused.err) == (5, True)
        assert applied.json("verify").document["locks"][0]["id"] == lock_id
    assert applied.json("plan", MANIFESTS).document["summary"]["delete"] == 1


# 6 -----------------------------------------------------------------------------------------------------------------------------------


def test_one_organization_that_fails_is_6_and_the_next_run_does_the_rest(applied: Place) -> None:
    for name in ("acme", "globex", "initech"):
        applied.declare(name, *TWO)
    with closing(sqlite3.connect(applied.state)) as state:
        # Its serial is never the one that is expected.
        state.execute("CREATE TRIGGER fence BEFORE UPDATE ON organizations WHEN NEW.name = 'globex' BEGIN SELECT RAISE(IGNORE); END")
    done = applied.json("apply", MANIFESTS, "--auto-approve")
    assert done.code == 6
    statuses = {outcome["address"].partition("/")[0]: outcome["status"] for outcome in done.document["outcomes"]}
    assert statuses == {"acme": "done", "globex": "failed", "initech": "done"}
    assert (done.document["summary"]["delete"], done.document["summary"]["failed"]) == (2, 1)
    assert done.document["diagnostics"][0]["address"] == "globex/organization"
    with closing(sqlite3.connect(applied.state)) as state:
        state.execute("DROP TRIGGER fence")
    again = applied.apply()
    assert [outcome["address"] for outcome in again["outcomes"]] == ["globex/administrator/c.three@globex.example"]
    assert applied.json("verify").code == 0


def test_when_nothing_could_be_changed_it_is_1(applied: Place) -> None:
    applied.declare("acme", *TWO)
    with closing(sqlite3.connect(applied.state)) as state:
        state.execute("CREATE TRIGGER fence AFTER INSERT ON locks BEGIN DELETE FROM locks; END")
    done = applied.json("apply", MANIFESTS, "--auto-approve")
    assert (done.code, done.document["summary"]["failed"]) == (1, 1)


# 64 ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "missing command"),
        (["plna"], "hint: reconciler plan"),
        (["state"], "commands: forget, copy, migrate"),
        (["state", "forgte", "acme"], "hint: reconciler state forget"),
        (["plan", MANIFESTS, "--detailed-exitcodes"], "hint: --detailed-exitcode"),
        (["-v", "plan", MANIFESTS], "options follow the command"),
        (["plan"], "no manifests were named"),
        (["plan", "plan.json"], "hint: reconciler show plan.json"),
        (["plan", MANIFESTS, "--out", "plan.txt"], "hint: --out plan.json"),
        (["plan", MANIFESTS, "--now", "yesterday"], "2026-11-20T09:00:00Z"),
        (["plan", MANIFESTS, "--lock-timeout", "30"], "30s"),
        (["plan", MANIFESTS, "--state", "state.db"], "hint: sqlite:///state.db"),
        (["plan", MANIFESTS, "--state", "postgres://u:secret@h/db"], "postgresql://u:***@h/db"),
        (["plan", MANIFESTS, "--actor", "alice"], "'alice' is no e-mail address"),
        (["plan", MANIFESTS, "-l", "tier"], "key=value"),
        (["plan", MANIFESTS, "-l", "tier=gold", "-l", "tier=silver"], "no organization has both"),
        (["plan", MANIFESTS, "--allow-removals", "acme"], "ORG=N"),
        (["plan", MANIFESTS, "--allow-removals", "acme=1", "--allow-removals", "acme=2"], "twice"),
        (["plan", MANIFESTS, "--prune", "acme"], "a manifest declares this organization"),
        (["apply", MANIFESTS, "--expect", "sha256:12"], "64 hexadecimal digits"),
        (["apply", MANIFESTS, "plan.json", "--auto-approve"], "a saved plan is applied alone"),
        (["apply", "plan.json", "--org", "acme"], "--org, -l, --base, --recheck, --allow-empty and --prune belong to plan"),
        (["apply", MANIFESTS, "--now", "2026-11-20T12:00:00Z", "--auto-approve"], "no such option --now"),
        (["schema", "organisation"], "hint: reconciler schema organization"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_64_and_says_what_is_right(applied: Place, arguments: list[str], said: str) -> None:
    done = applied.run(*arguments)
    assert done.code == 64
    assert said in done.failure
    assert "secret" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "live"],
        ["export", "acme"],
        ["undo", "r1"],
        ["report", "--html", "x.html", MANIFESTS],
        ["drift", MANIFESTS, "--live", "x"],
        ["plan", MANIFESTS, "--base", "HEAD"],
        ["plan", MANIFESTS, "--target", "webex"],
        ["plan", MANIFESTS, "--format", "html"],
        ["plan", MANIFESTS, "--force"],
    ],
    ids=" ".join,
)
def test_what_comes_later_is_absent_and_64_in_json_too(place: Place, arguments: list[str]) -> None:
    done = place.run(*arguments, env={"RECONCILER_FORMAT": "json"})
    assert (done.code, done.document["kind"]) == (64, "error") if "html" not in arguments else done.code == 64
    assert done.err == "" or "html" in arguments


BAD_VALUES = {
    "RECONCILER_FORMAT": "yaml",
    "RECONCILER_NOW": "noon",
    "RECONCILER_LOCK_TIMEOUT": "soon",
    "RECONCILER_ACTOR": "alice",
    "RECONCILER_STATE": "mysql://h/db",
    "RECONCILER_TARGET": "webex",
    "RECONCILER_DETAILED_EXITCODE": "perhaps",
    "RECONCILER_LOG": "loud",
    "RECONCILER_CONFIG": "nowhere.yaml",
    "SOURCE_DATE_EPOCH": "noon",
}


@pytest.mark.parametrize("variable", BAD_VALUES)
def test_a_bad_value_from_the_environment_is_64(applied: Place, variable: str) -> None:
    done = applied.run("plan", MANIFESTS, env={variable: BAD_VALUES[variable]})
    assert done.code == 64
    assert BAD_VALUES[variable] in done.failure


def test_an_empty_variable_counts_as_unset(applied: Place) -> None:
    assert applied.run("plan", MANIFESTS, env=dict.fromkeys(BAD_VALUES, "")).code == 0


def test_apply_without_a_terminal_is_64_before_any_manifest_or_state_is_read(place: Place) -> None:
    place.write(f"{MANIFESTS}/broken.yaml", "}")
    place.write(".reconciler/state.db", "not a state")
    text, _ = both(place, "apply", MANIFESTS)
    assert text.code == 64
    assert "no terminal" in text.err
    assert "--expect" in text.err


# 70 ----------------------------------------------------------------------------------------------------------------------------------

BUG = """
import reconciler.pipeline
def plan(*_, **__):
    raise ZeroDivisionError("an unexpected thing")
reconciler.pipeline.plan = plan
"""


def test_a_bug_is_70_one_line_and_a_log(place: Place, tmp_path: Path) -> None:
    hooks = hook(tmp_path / "hooks", BUG)
    logs = tmp_path / "logs"
    logs.mkdir()
    place.declare("acme", *TWO)
    text, document = both(place, "plan", MANIFESTS, hooks=hooks, env={"TMPDIR": str(logs)})
    assert text.code == 70
    assert len(text.err.splitlines()) == 1
    assert "an unexpected thing" not in text.err
    (first, second) = sorted(logs.iterdir())
    assert str(first) in text.err + document.out
    assert "ZeroDivisionError: an unexpected thing" in second.read_text()
    assert oct(second.stat().st_mode & 0o777) == "0o600"
