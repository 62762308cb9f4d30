"""Sweeping: what is over is ended, once, however often it takes; nothing else changes, and no organization waits for another."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.applying import Run, end_due
from reconciler.model.changes import Status
from reconciler.model.errors import CorruptStateError, LockedError, StorageFaultError
from reconciler.model.journal import EntryKind
from reconciler.model.lifetimes import next_end
from reconciler.model.protocols import Lock, Stored
from reconciler.model.resources import EndReason, Organization
from reconciler.model.results import Application, Counts
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    ALICE,
    BOB,
    DAY,
    HOLDER,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_grant,
    a_record,
    a_request,
    a_run,
    a_store,
    an_administrator,
    an_organization,
    in_turn,
    people,
    put,
)
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget

EVE = an_administrator("eve@acme.example", "device-administrator", expires_at=NOW - 37 * SECOND)
A_EVE, A_GRANT = "acme/administrator/eve@acme.example", "acme/elevation-grant/inc-1"
OVER = a_grant(expires_at=NOW - MINUTE)


def sweeper(**fields: Any) -> Run:
    return replace(a_run(**({"target": NoTarget()} | fields)), operation="sweep")


def told(application: Application) -> list[tuple[str, Status, int | None]]:
    return [(outcome.address, outcome.status, outcome.lateness_seconds) for outcome in application.outcomes()]


def due_in(*names: str) -> MemoryStore:
    return a_store(*(an_organization(ALICE, EVE, name=name) for name in names))


def test_grants_and_people_that_are_over_are_ended_and_nothing_else() -> None:
    before = an_organization(ALICE, BOB, EVE, grants=[OVER, a_grant("inc-2"), a_request("inc-3", requested_at=NOW - 2 * HOUR)])
    store = a_store(before)
    answer = end_due(["acme"], store, sweeper())
    assert told(answer) == [(A_EVE, Status.DONE, 37), (A_GRANT, Status.DONE, 60), ("acme/elevation-grant/inc-3", Status.DONE, 3600)]
    assert (answer.operation, answer.run, answer.counts, answer.largest_lateness) == ("sweep", "r1", Counts(expire=3), 3600)
    after = store.read("acme").organization
    assert after is not None
    assert after.administrators == people(ALICE, BOB)
    assert {name: grant.ended and grant.ended.reason for name, grant in after.grants.items()} == {
        "inc-1": EndReason.EXPIRED,
        "inc-2": None,
        "inc-3": EndReason.LAPSED,
    }
    details = {entry.record.address: entry.record.detail for entry in store.entries("acme") if entry.record.run == "r1"}
    assert (details[A_EVE], details[A_GRANT]) == ("ended 37 s late", "ended 60 s late")


def test_an_end_is_due_from_its_very_instant_on() -> None:
    store = a_store(an_organization(ALICE, replace(EVE, expires_at=NOW + SECOND)))
    early = end_due(["acme"], store, sweeper())
    assert (early.run, told(early)) == (None, [])
    assert told(end_due(["acme"], store, sweeper(clock=FixedClock(NOW + SECOND)))) == [(A_EVE, Status.DONE, 0)]


def test_the_last_administrator_and_any_number_of_people_are_ended_all_the_same() -> None:
    crowd = [an_administrator(f"p{number}@acme.example", expires_at=NOW - MINUTE) for number in range(80)]
    store = a_store(an_organization(*crowd))
    assert end_due(["acme"], store, sweeper()).counts == Counts(expire=80)


def test_a_grant_of_an_organization_that_was_forgotten_ends_too() -> None:
    store = a_store(Organization(name="acme", grants={"inc-1": OVER}))
    assert told(end_due(["acme"], store, sweeper())) == [(A_GRANT, Status.DONE, 60)]


def test_a_locked_organization_is_tried_again_at_the_end_and_stops_no_other() -> None:
    store = due_in("acme", "globex")
    with store.lock(["acme"], HOLDER, timeout=timedelta(0), record=a_record(kind=EntryKind.LOCK)):
        answer = end_due(["acme", "globex"], store, sweeper())
    assert [(address.partition("/")[0], status) for address, status, _ in told(answer)] == [
        ("globex", Status.DONE),
        ("acme", Status.FAILED),
    ]
    assert [failure.rule for failure in answer.failures] == ["state-locked"]
    assert told(end_due(["acme", "globex"], store, sweeper(run="r2"))) == [(A_EVE, Status.DONE, 37)]


class ReleasedStore(MemoryStore):
    """Its lock is held by another run of sweep at the first try, which has ended everything by the second."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[timedelta] = []

    def lock(self, *given: Any, **more: Any) -> Any:
        if given[1] is not HOLDER:
            return super().lock(*given, **more)
        self.waits.append(more["timeout"])
        put_by_another(self)
        raise LockedError("held")


def put_by_another(store: MemoryStore) -> None:
    another = replace(HOLDER, operation="sweep")
    with MemoryStore.lock(store, ["acme"], another, timeout=timedelta(0), record=a_record(kind=EntryKind.LOCK)) as lock:
        store.commit(lock, "acme", after=an_organization(ALICE), expected_serial=1, records=[a_record()], follow_ups=())


def test_what_another_run_ended_meanwhile_is_nothing_to_do() -> None:
    store = ReleasedStore()
    another = replace(HOLDER, operation="apply")
    with MemoryStore.lock(store, ["acme"], another, timeout=timedelta(0), record=a_record(kind=EntryKind.LOCK)) as lock:
        store.commit(lock, "acme", after=an_organization(ALICE, EVE), expected_serial=0, records=[a_record()], follow_ups=())
    answer = end_due(["acme"], store, replace(sweeper(), lock_timeout=MINUTE))
    assert (answer.run, told(answer), answer.failures) == (None, [], ())
    assert store.waits == [timedelta(0)]


class BrokenStore(MemoryStore):
    """Fails to read `acme`, and to write `globex`."""

    def read(self, name: str) -> Stored:
        if name == "acme":
            raise CorruptStateError("the stored state of acme is damaged")
        return super().read(name)

    def commit(self, lock: Lock, organization: str, **what: Any) -> int:
        if organization == "globex" and what["expected_serial"]:
            raise StorageFaultError("the disk is full")
        return super().commit(lock, organization, **what)


def test_damage_and_faults_in_some_organizations_stop_no_other() -> None:
    store = BrokenStore()
    for name in ("globex", "initech"):
        put(store, an_organization(ALICE, EVE, name=name))
    answer = end_due(["acme", "globex", "initech"], store, sweeper())
    assert [(address.partition("/")[0], status) for address, status, _ in told(answer)] == [
        ("globex", Status.FAILED),
        ("initech", Status.DONE),
    ]
    assert [(failure.address, failure.rule) for failure in answer.failures] == [
        ("acme/organization", "state-corrupt"),
        ("globex/organization", "state"),
    ]


def test_an_interruption_ends_it_after_the_organization_in_flight() -> None:
    store = due_in("acme", "globex", "initech")
    answer = end_due(["acme", "globex", "initech"], store, sweeper(stopping=in_turn(None, 15)))
    assert answer.interrupted == 15
    assert [(address.partition("/")[0], status) for address, status, _ in told(answer)] == [
        ("acme", Status.DONE),
        ("globex", Status.SKIPPED),
    ]


# At a live side


def ends(store: MemoryStore, address: str) -> int:
    return sum(entry.record.kind is EntryKind.CHANGE and entry.record.address == address for entry in store.entries("acme"))


def test_a_target_that_refuses_a_thousand_times_is_asked_again_and_the_end_recorded_once() -> None:
    store, target, clock = a_store(an_organization(ALICE, EVE)), RecordingTarget(), FixedClock(NOW)
    target.fails(A_EVE, times=1000)
    late = []
    for _ in range(1000):
        answer = end_due(["acme"], store, sweeper(target=target, clock=clock))
        ((_, status, lateness),) = told(answer)
        assert (status, answer.counts, store.read("acme").serial) == (Status.FAILED, Counts(failed=1), 1)
        late.append(lateness)
        clock.advance(MINUTE)
    assert late == [37 + 60 * number for number in range(1000)]
    stored = store.read("acme").organization
    assert stored is not None
    assert next_end(stored) == EVE.expires_at
    assert told(end_due(["acme"], store, sweeper(target=target, clock=clock))) == [(A_EVE, Status.DONE, 37 + 60_000)]
    assert told(end_due(["acme"], store, sweeper(target=target, clock=clock))) == []
    assert (ends(store, A_EVE), len(target.done)) == (1, 1)


def test_an_answer_that_is_lost_is_asked_for_again_and_the_effect_happens_once() -> None:
    store, target = a_store(an_organization(ALICE, EVE)), RecordingTarget()
    target.acts_and_fails(A_EVE)
    assert told(end_due(["acme"], store, sweeper(target=target))) == [(A_EVE, Status.FAILED, 37)]
    assert told(end_due(["acme"], store, sweeper(target=target))) == [(A_EVE, Status.DONE, 37)]
    assert (len(target.done), target.asked, ends(store, A_EVE)) == (1, [A_EVE, A_EVE], 1)


def test_an_end_that_fails_holds_up_no_other_end_of_the_organization() -> None:
    store, target = a_store(an_organization(ALICE, EVE, grants=[OVER])), RecordingTarget()
    target.fails(A_EVE)
    assert told(end_due(["acme"], store, sweeper(target=target))) == [(A_EVE, Status.FAILED, 37), (A_GRANT, Status.DONE, 60)]


@pytest.mark.parametrize("took", [SECOND, HOUR])
def test_the_confirmed_end_is_when_the_target_has_answered(took: timedelta) -> None:
    store, target, clock = a_store(an_organization(ALICE, EVE)), RecordingTarget(), FixedClock(NOW)
    target.before = lambda _: clock.advance(took)
    assert told(end_due(["acme"], store, sweeper(target=target, clock=clock))) == [(A_EVE, Status.DONE, 37 + took.total_seconds())]


def test_a_clock_set_back_a_day_ends_what_the_journal_says_is_over() -> None:
    store = due_in("acme")
    assert told(end_due(["acme"], store, sweeper(clock=FixedClock(NOW - DAY)))) == [(A_EVE, Status.DONE, 37)]
