"""Resuming: wherever a run ends early, its report is what the journal and the state say, and the next one does the rest, once."""

from collections import Counter
from collections.abc import Sequence

import pytest

from reconciler.applying import apply_plan, end_due
from reconciler.cli.writing import exit_code_of
from reconciler.model.changes import FollowUp, Status
from reconciler.model.journal import EntryKind, Record
from reconciler.model.protocols import Lock
from reconciler.model.resources import Organization
from reconciler.model.results import Application
from tests.fakes.builders import ALICE, BOB, HOUR, MINUTE, NOW, a_fleet_for, a_grant, a_run, an_administrator, an_organization
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget

EVE = an_administrator("eve@acme.example", "device-administrator")
DECLARED = (an_organization(ALICE, BOB, EVE, grants=[a_grant()]), an_organization(ALICE, name="globex"))
ADDRESSES = (
    "acme/organization",
    *(f"acme/administrator/{who}@acme.example" for who in ("alice", "bob", "eve")),
    "acme/elevation-grant/inc-1",
    "globex/organization",
    "globex/administrator/alice@acme.example",
)


class KilledError(BaseException):
    """The process is gone."""


class DyingStore(MemoryStore):
    """Dies at one commit, before it is made."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._left = at

    def commit(
        self,
        lock: Lock,
        organization: str,
        *,
        after: Organization | None,
        expected_serial: int,
        records: Sequence[Record],
        follow_ups: Sequence[FollowUp],
    ) -> int:
        self._left -= 1
        if self._left == 0:
            raise KilledError
        return super().commit(lock, organization, after=after, expected_serial=expected_serial, records=records, follow_ups=follow_ups)


def apply(store: MemoryStore, target: RecordingTarget, run: str = "r1", clock: FixedClock | None = None) -> Application:
    return apply_plan(a_fleet_for(store, *DECLARED), store, a_run(target=target, run=run, clock=clock or FixedClock(NOW)))


def recorded(store: MemoryStore, run: str | None = None) -> list[str]:
    """Return the addresses of the changes that the journal tells of."""
    changes = (entry.record for entry in store.entries() if entry.record.kind is EntryKind.CHANGE)
    return sorted(str(record.address) for record in changes if run in {None, record.run})


def held(store: MemoryStore) -> list[str]:
    """Return the addresses of what is stored."""
    return sorted(
        address
        for name in ("acme", "globex")
        if (stored := store.read(name).organization) is not None
        for address in (
            *([f"{name}/organization"] if stored.settings is not None else []),
            *(f"{name}/administrator/{key}" for key in stored.administrators or ()),
            *(f"{name}/elevation-grant/{grant}" for grant in stored.grants),
        )
    )


def done(application: Application) -> list[str]:
    return sorted(outcome.address for outcome in application.outcomes() if outcome.status is Status.DONE)


def check_exact(application: Application, store: MemoryStore, run: str) -> None:
    """Report, journal and state tell the same, and so does the exit code."""
    assert done(application) == recorded(store, run)
    assert recorded(store) == held(store)
    assert [outcome.address for outcome in application.outcomes()] == [address for address in ADDRESSES if address in tried(application)]
    every = all(outcome.status is Status.DONE for outcome in application.outcomes())
    assert exit_code_of(application) == (0 if every else 6 if done(application) else 1)


def tried(application: Application) -> set[str]:
    return {outcome.address for outcome in application.outcomes()}


def check_finished(store: MemoryStore, target: RecordingTarget) -> None:
    """Everything is there, and was done and recorded once."""
    assert [store.read(one.name).organization for one in DECLARED] == list(DECLARED)
    assert Counter(recorded(store)) == Counter(ADDRESSES) == Counter(change.address for change in target.done)
    assert not apply(store, target, "later").counts.create


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_step_that_fails_leaves_the_steps_before_it_and_the_next_run_does_the_rest(address: str) -> None:
    store, target = MemoryStore(), RecordingTarget()
    target.fails(address)
    application = apply(store, target)
    assert exit_code_of(application) == 6
    check_exact(application, store, "r1")
    assert address not in held(store)
    again = apply(store, target, "r2")
    assert tried(again) == set(ADDRESSES) - set(done(application))
    check_exact(again, store, "r2")
    check_finished(store, target)


@pytest.mark.parametrize("address", ADDRESSES)
def test_after_an_answer_that_is_lost_nothing_is_asked_again_in_that_run_and_the_next_one_recognizes_what_is_there(address: str) -> None:
    store, target = MemoryStore(), RecordingTarget()
    target.acts_and_fails(address)
    application = apply(store, target)
    assert Counter(target.asked)[address] == 1
    # What is not known to have happened is not recorded, and not reported, as done.
    check_exact(application, store, "r1")
    assert address not in held(store)
    again = apply(store, target, "r2")
    check_exact(again, store, "r2")
    assert Counter(target.asked)[address] == 2
    check_finished(store, target)


@pytest.mark.parametrize("number", range(1, len(ADDRESSES) + 1))
def test_what_was_performed_and_not_recorded_any_more_is_found_by_its_intent_and_adopted(number: int) -> None:
    store, target = DyingStore(at=number), RecordingTarget()
    with pytest.raises(KilledError):
        apply(store, target)
    address = ADDRESSES[number - 1]
    assert target.done[-1].address == address
    assert recorded(store) == held(store) == sorted(ADDRESSES[: number - 1])
    intents = [entry.record.detail for entry in store.entries() if entry.record.kind is EntryKind.INTENT]
    assert address in intents[-1]
    again = apply(store, target, "r2")
    check_exact(again, store, "r2")
    check_finished(store, target)


def test_access_that_was_performed_and_not_recorded_still_ends_on_time() -> None:
    clock = FixedClock(NOW)
    store, target = DyingStore(at=5), RecordingTarget()
    with pytest.raises(KilledError):
        apply(store, target, clock=clock)
    assert target.done[-1].address == "acme/elevation-grant/inc-1"
    # Adopted while it lasts, its end is the one that was declared, not one that counts from the adoption.
    clock.advance(10 * MINUTE)
    assert exit_code_of(apply(store, target, "r2", clock)) == 0
    stored = store.read("acme").organization
    assert stored is not None
    assert stored.grants["inc-1"].expires_at == a_grant().expires_at
    clock.advance(HOUR)
    ended = end_due(["acme"], store, a_run(target=target, run="r3", clock=clock))
    assert [(outcome.address, outcome.status) for outcome in ended.outcomes()] == [("acme/elevation-grant/inc-1", Status.DONE)]
    assert ended.largest_lateness == 40 * 60


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_somebody_changed_at_the_target_since_is_a_conflict_there_and_not_written_over(address: str) -> None:
    store, target = MemoryStore(), RecordingTarget()
    target.was_changed_by_hand(address)
    for run in ("r1", "r2"):
        application = apply(store, target, run)
        (failed,) = (outcome for outcome in application.outcomes() if outcome.status is Status.FAILED)
        assert (failed.address, failed.detail) == (address, f"{address} was changed at the target since it was recorded")
        check_exact(application, store, run)
    assert address not in {change.address for change in target.done}
    target.is_settled(address)
    check_exact(apply(store, target, "r3"), store, "r3")
    check_finished(store, target)
