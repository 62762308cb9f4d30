"""sweep as a process: it needs nothing but the state, and no report that cannot be written keeps it from ending access."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.journal import EntryKind, Record
from reconciler.model.resources import Administrator, Grant, Organization, OrganizationType, Settings
from reconciler.stores import here, open_reader, open_store
from tests.cli.holding import held
from tests.cli.running import MANIFESTS, TWO, Place, command, environment, hook

ENDED = datetime(2020, 1, 1, tzinfo=UTC)
"""Long before any machine's clock on which this runs."""

KILL_AT_STATEMENT = """
import os, signal
from sqlalchemy import event
from sqlalchemy.engine import Engine
left = {number}
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, 'after_cursor_execute', count)
"""


def put(place: Place, *names: str, end: datetime = ENDED) -> None:
    """Store organizations with one administrator and one grant that are over."""
    at = ENDED - timedelta(hours=1)
    record = Record(run="r0", at=at, kind=EntryKind.INTENT, operation="apply", operator="someone@here", version="1")
    with closing(open_store(f"sqlite:///{place.state}", create=True)) as store:
        for name in names:
            people = [Administrator(email=email, roles=frozenset({"full-administrator"})) for email in TWO]
            eve = Administrator(email="eve@x.example", roles=frozenset({"read-only-administrator"}), expires_at=end)
            grant = Grant(
                name="inc-1",
                organization=name,
                agent_email="tac@cisco.example",
                agent_type="cisco-tac",
                reason="broken",
                requested_at=at,
                approved_by=TWO[0],
                approved_at=end - timedelta(minutes=30),
                expires_at=end,
            )
            organization = Organization(
                name=name,
                settings=Settings(type=OrganizationType.CUSTOMER, labels={"tier": name}),
                administrators={person.key: person for person in (*people, eve)},
                grants={"inc-1": grant},
            )
            with store.lock([name], here("apply", "1", at), timeout=timedelta(0), record=record) as lock:
                store.commit(lock, name, after=organization, expected_serial=0, records=[record], follow_ups=())


def left(place: Place) -> list[str]:
    """Return the organizations in which an end is due."""
    with closing(open_reader(f"sqlite:///{place.state}")) as reader:
        return [head.name for head in reader.heads() if head.next_end == ENDED]


def test_ends_are_recorded_while_manifests_are_broken(place: Place) -> None:
    put(place, "acme", "globex")
    place.write(f"{MANIFESTS}/acme.yaml", "{broken")
    place.write("reconciler.yaml", f"paths: [{MANIFESTS}]\npolicy: {{requiredActor: true}}\n")
    document = place.json("sweep").document
    assert (document["kind"], document["exit_code"], document["operation"]) == ("sweep", 0, "sweep")
    assert document["summary"]["expire"] == 4
    assert {(one["address"], one["status"]) for one in document["outcomes"]} == {
        (f"{name}/{rest}", "done") for name in ("acme", "globex") for rest in ("administrator/eve@x.example", "elevation-grant/inc-1")
    }
    assert min(one["lateness_seconds"] for one in document["outcomes"]) > 86400
    entries = place.json("history").document["entries"]
    assert {entry["run"] for entry in entries if entry["operation"] == "sweep"} == {document["run"]}
    assert place.run("verify").code == 0


def test_nothing_due_writes_nothing_and_takes_no_lock(applied: Place) -> None:
    before = applied.everything()
    with held(applied, "acme"):
        assert applied.ok("sweep").splitlines()[0] == "Nothing is due."
    assert before.keys() == applied.everything().keys()
    before = applied.everything()
    assert applied.json("sweep").document["run"] is None
    assert applied.everything() == before


def test_without_a_state_nothing_is_due_unless_there_must_be_one(place: Place) -> None:
    assert "Nothing is due." in place.ok("sweep")
    assert place.everything().keys() == {"."}
    place.write("reconciler.yaml", "state: {mustExist: true}\n")
    assert place.run("sweep").code == 1


def test_the_longest_overdue_comes_first_and_scope_limits(place: Place) -> None:
    put(place, "acme", end=ENDED + timedelta(days=1))
    put(place, "globex", "initech")
    assert place.run("sweep", "--org", "acmee").code == 1
    only = place.json("sweep", "-l", "tier=initech").document
    assert {one["address"].partition("/")[0] for one in only["outcomes"]} == {"initech"}
    rest = place.json("sweep").document
    assert list(dict.fromkeys(one["address"].partition("/")[0] for one in rest["outcomes"])) == ["globex", "acme"]


@pytest.mark.parametrize("arguments", [["--output", "/dev/full"], ["--output", "no/such/folder"], ["--metrics", "no/such/folder"]])
def test_a_report_that_cannot_be_written_keeps_no_end_from_being_recorded(place: Place, arguments: list[str]) -> None:
    put(place, "acme")
    done = place.run("sweep", *arguments)
    assert done.code == 1
    assert "cannot be written" in done.err
    assert left(place) == []


# Lets no statement read any more once the last lock was let go.
UNREADABLE_AFTERWARDS = """
import sqlite3
from sqlalchemy import event
from sqlalchemy.engine import Engine
released = 0
def fails(connection, cursor, statement, *_):
    global released
    released += statement.startswith("DELETE FROM locks")
    if released == 2 and statement.startswith("SELECT"):
        raise sqlite3.OperationalError("disk I/O error")
event.listen(Engine, "before_cursor_execute", fails)
"""


def test_a_state_that_cannot_be_read_any_more_hides_nothing_that_was_done(place: Place, tmp_path: Path) -> None:
    put(place, "acme", "globex")
    done = place.json("sweep", hooks=hook(tmp_path / "hooks", UNREADABLE_AFTERWARDS))
    assert (done.code, done.document["kind"]) == (0, "sweep")
    assert {one["status"] for one in done.document["outcomes"]} == {"done"}
    assert done.document["summary"]["expire"] == 4


def test_neither_does_a_closed_standard_output(place: Place) -> None:
    put(place, "acme")
    script = 'exec "$@" >&-'
    done = subprocess.run(["/bin/sh", "-c", script, "sh", *command("sweep")], cwd=place.folder, env=environment(), check=False, timeout=60)
    assert (done.returncode, left(place)) == (0, [])


def test_locked_organizations_are_told_and_stop_no_other(place: Place) -> None:
    put(place, "acme", "globex")
    with held(place, "acme", "globex"):
        assert place.json("sweep", "--lock-timeout", "0s").document["exit_code"] == 5
    with held(place, "acme"):
        some = place.json("sweep", "--lock-timeout", "0s", "--metrics", "sweep.prom").document
    assert (some["exit_code"], some["summary"]["expire"], some["summary"]["failed"]) == (6, 2, 2)
    assert [finding["rule_id"] for finding in some["diagnostics"]] == ["state-locked"]
    metrics = (place.folder / "sweep.prom").read_text(encoding="utf-8").splitlines()
    assert {"reconciler_sweep_ended 2", "reconciler_sweep_failed 2", "reconciler_overdue_organizations 1"} <= set(metrics)
    assert left(place) == ["acme"]


def test_a_damaged_organization_stops_no_other(place: Place) -> None:
    put(place, "acme", "globex")
    change = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    for damage in ("body = '{}'", "next_end = 'never'"):
        where = f"UPDATE organizations SET {damage} WHERE name = 'acme'"  # noqa: S608 -- a test's own text
        subprocess.run([sys.executable, "-c", change, place.state, where], check=True)
        document = place.json("sweep").document
        assert [finding["rule_id"] for finding in document["diagnostics"]] == ["state-corrupt"]
        assert document["exit_code"] == (6 if document["summary"]["expire"] else 1)
    assert place.json("show", "globex", "--now", "2026-11-20T00:00:00Z").code == 1  # the damaged head is told


@pytest.mark.skipif(os.name != "posix" or not Path("/proc").exists(), reason="needs another account, as on Linux")
def test_a_state_that_cannot_be_written_is_told_and_stays_due(place: Place) -> None:
    put(place, "acme")
    place.state.chmod(0o444)
    place.state.parent.chmod(0o555)
    hooks = hook(place.folder.parent / "hooks", "import os\nif os.getuid() == 0:\n    os.setgid(65534)\n    os.setuid(65534)\n")
    for folder in (place.folder, *place.folder.parents[:3], hooks):
        folder.chmod(folder.stat().st_mode | 0o055)
    done = place.run("sweep", "--format", "json", hooks=hooks, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert done.code == 1, done.err
    assert left(place) == ["acme"]


@pytest.mark.parametrize("policy", ["{severities: {no-such-rule: error}}", "{waivers: [{rule: few-full-administrators}]}", "nothing"])
def test_a_policy_that_cannot_be_read_holds_back_no_end(place: Place, policy: str) -> None:
    put(place, "acme")
    place.write("reconciler.yaml", f"policy: {policy}\n")
    assert place.run("plan", MANIFESTS).code == 64
    done = place.run("sweep")
    assert (done.code, left(place)) == (0, [])
    assert "warning: the policy in reconciler.yaml cannot be read; this command goes on without it" in done.err
    place.write("reconciler.yaml", "state: [\n")
    assert place.run("sweep").code == 64


def test_killed_again_and_again_it_ends_everything_exactly_once(place: Place, tmp_path: Path) -> None:
    names = ("acme", "globex")
    put(place, *names)
    for number in (6, 9, 12, 15, 20):
        hooks = hook(tmp_path / f"hooks{number}", KILL_AT_STATEMENT.format(number=number))
        assert place.run("sweep", hooks=hooks).code in {-signal.SIGKILL, 0}
    assert place.run("sweep").code == 0
    assert left(place) == []
    entries = place.json("history").document["entries"]
    ends = [entry["address"] for entry in entries if entry["operation"] == "sweep" and "actions" in entry]
    assert len(ends) == len(set(ends)) == 4
    assert place.run("verify").code == 0


def test_two_at_once_end_everything_once(place: Place) -> None:
    put(place, *(f"org-{number}" for number in range(8)))
    running = [
        subprocess.Popen(command("sweep"), cwd=place.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0, 0]
    entries = place.json("history").document["entries"]
    ends = [entry["address"] for entry in entries if entry["operation"] == "sweep" and "actions" in entry]
    assert len(ends) == len(set(ends)) == 16


def test_every_reading_command_says_that_ends_are_overdue_and_exits_as_before(place: Place) -> None:
    put(place, "acme", "globex")
    place.declare("globex", *TWO, labels="{tier: globex}")
    for arguments in (["plan", MANIFESTS], ["drift", MANIFESTS], ["show"], ["show", "acme"]):
        done = place.run(*arguments)
        assert done.code == 0
        assert "info: ends are overdue in 2 organizations, the longest by " in done.out
    place.ok("sweep")
    assert "overdue" not in place.ok("plan", MANIFESTS)
