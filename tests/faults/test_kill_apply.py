"""kill -9 in the middle of an apply, then plan, verify, apply: nothing is lost or done twice, the dead run's lock is taken over."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.running import MANIFESTS, TWO, Done, Place, declare_fleet, hook

FLEET = ("acme", "globex", "initech")
EMAILS = ("a.one@x.example", "b.two@x.example")

# Dies when the N-th transaction of the run is about to be committed, or after its N-th statement.
KILL = """
import os, signal
from sqlalchemy import event
from sqlalchemy.engine import Engine
left = {number}
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, {event!r}, count)
"""

# Every organization is committed by itself, as those are that share no transaction with their neighbors.
ONE_BY_ONE = """
from reconciler.applying import door
door._BATCH = 1
"""

KILL_AT_STATEMENT = KILL.replace("{event!r}", "'after_cursor_execute'")

# Dies inside SQLite, when the N-th COMMIT is carried out.
KILL_IN_SQLITE = """
import os, signal, sqlite3
left = {number}
def trace(statement):
    global left
    left -= statement.startswith("COMMIT")
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
connect = sqlite3.connect
def traced(*arguments, **options):
    made = connect(*arguments, **options)
    made.set_trace_callback(trace)
    return made
sqlite3.connect = traced
"""


def performed(place: Place) -> Counter[str]:
    """Count the changes that the journal speaks of, by address."""
    entries = place.json("history").document["entries"]
    return Counter(entry["address"] for entry in entries if "actions" in entry)


def locked(verification: Done) -> set[str]:
    """Return the organizations that are locked."""
    return {name for lock in verification.document["locks"] for name in lock["organizations"]}


def go_on(place: Place, addresses: set[str], *, before: Counter[str] | None = None) -> None:
    """Check that what was recorded is whole, and that the next run does the rest, and only that, through the dead run's lock."""
    files = place.everything()
    plan = place.json("plan", MANIFESTS)
    pending = {change["address"] for change in plan.document["resource_changes"]}
    organizations = {address.partition("/")[0] for address in pending}
    verified = place.json("verify")
    assert (plan.code, verified.code, verified.document["intact"]) == (0, 0, True)
    assert place.everything() == files
    again = place.json("apply", MANIFESTS, "--auto-approve", "--lock-timeout", "0s")
    assert again.code == 0
    assert ("took over the lock of apply" in again.err) is bool(locked(verified) & organizations)
    assert {outcome["address"] for outcome in again.document["outcomes"]} == pending
    made = performed(place)
    made.subtract(before or Counter())
    assert {address: count for address, count in made.items() if count} == dict.fromkeys(addresses, 1)
    final = place.json("verify")
    # A dead lock is in nobody's way; where nothing was to be done it stands until the next change there.
    assert (final.code, locked(final)) == (0, locked(verified) - organizations)
    assert place.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
    if pending:
        assert [entry.name for entry in place.state.parent.iterdir()] == [place.state.name]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "here"
    folder.mkdir()
    place = Place(folder)
    declare_fleet(place, *FLEET)
    return place


def all_addresses() -> set[str]:
    people = {f"{name}/administrator/{email}" for name in FLEET for email in (*EMAILS, f"c.three@{name}.example")}
    return {f"{name}/organization" for name in FLEET} | people


def killed(place: Place, hooks: Path) -> None:
    assert place.run("apply", MANIFESTS, "--auto-approve", hooks=hooks).code == -signal.SIGKILL


# Commits of a first apply: the new state, the lock, three organizations together or one by one, the release.
@pytest.mark.parametrize(
    ("code", "number", "stored"), [("", 1, 0), ("", 2, 0), ("", 3, 0), ("", 4, 3), (ONE_BY_ONE, 4, 1), (ONE_BY_ONE, 6, 3)]
)
def test_a_first_apply_killed_before_a_commit_is_taken_up(place: Place, tmp_path: Path, code: str, number: int, stored: int) -> None:
    killed(place, hook(tmp_path / "hooks", code + KILL.format(number=number, event="commit")))
    assert len(performed(place)) == stored * len(all_addresses()) // len(FLEET)
    go_on(place, all_addresses())


# A crowd ends a transaction. The third COMMIT is that of the first two organizations, the fourth that of the last, the fifth the release.
@pytest.mark.parametrize(("number", "stored"), [(3, set()), (4, {"acme", "globex"}), (5, set(FLEET))])
def test_of_organizations_that_are_recorded_together_all_or_none_are_stored(
    place: Place, tmp_path: Path, number: int, stored: set[str]
) -> None:
    place.declare("globex", *(f"p{one}@globex.example" for one in range(1000)))
    killed(place, hook(tmp_path / "hooks", KILL_IN_SQLITE.format(number=number)))
    assert {address.partition("/")[0] for address in performed(place)} == stored
    place.apply("--lock-timeout", "0s")
    assert (place.json("verify").code, place.json("plan", MANIFESTS, "--detailed-exitcode").code) == (0, 0)
    assert set(performed(place).values()) == {1}


@pytest.mark.parametrize(("code", "number"), [(KILL_IN_SQLITE, 2), (KILL_IN_SQLITE, 3), (KILL_AT_STATEMENT, 14)])
def test_a_change_killed_in_the_middle_is_taken_up(place: Place, tmp_path: Path, code: str, number: int) -> None:
    place.apply()
    before = performed(place)
    for name in FLEET:
        place.declare(name, *TWO, f"d.four@{name}.example support-administrator")
    killed(place, hook(tmp_path / "hooks", code.format(number=number)))
    changed = {f"{name}/administrator/{email}@{name}.example" for name in FLEET for email in ("c.three", "d.four")}
    go_on(place, changed, before=before)


def test_a_saved_plan_killed_half_way_is_never_applied_twice(place: Place, tmp_path: Path) -> None:
    place.ok("plan", MANIFESTS, "--out", "plan.json")
    hooks = hook(tmp_path / "hooks", ONE_BY_ONE + KILL.format(number=4, event="commit"))
    assert place.run("apply", "plan.json", hooks=hooks).code == -signal.SIGKILL
    again = place.json("apply", "plan.json")
    assert (again.code, again.document["kind"]) == (4, "error")
    assert "only in part" in again.summary()
    go_on(place, all_addresses())
