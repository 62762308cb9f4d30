"""The door: what is performed is recorded, what fails stays within its organization, and the next run does only the rest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.applying import apply_plan
from reconciler.model.changes import Action, Change, FollowUp, ManualStep, Status
from reconciler.model.errors import FencedError, LockedError, StorageFaultError, StoreError
from reconciler.model.journal import EntryKind
from reconciler.model.protocols import Commit, Lock
from reconciler.model.resources import Organization
from reconciler.model.results import Application, Counts, FleetPlan
from reconciler.planning.plan import plan_organization
from reconciler.planning.renames import stored_under
from reconciler.planning.scope import resolve
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    HOLDER,
    HOUR,
    MINUTE,
    NOBODY_MINDS,
    NOW,
    SECOND,
    a_fleet,
    a_fleet_for,
    a_follow_up,
    a_grant,
    a_record,
    a_run,
    a_step,
    a_store,
    an_administrator,
    an_organization,
    in_turn,
    put,
)
from tests.fakes.clock import FixedClock, TickingClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget

EVE = an_administrator("eve@acme.example", "device-administrator")
A_ALICE, A_BOB, A_EVE = (f"acme/administrator/{who}@acme.example" for who in ("alice", "bob", "eve"))


def told(application: Application) -> list[tuple[str, Status, str]]:
    return [(outcome.address, outcome.status, outcome.detail) for outcome in application.outcomes()]


def entries(store: MemoryStore, name: str = "acme") -> list[tuple[EntryKind, str | None]]:
    return [(entry.record.kind, entry.record.address) for entry in store.entries(name) if entry.record.run == "r1"]


class FaultyStore(MemoryStore):
    """Fails the commits for some organizations with the error of each."""

    def __init__(self, **errors: StoreError) -> None:
        super().__init__()
        self.errors = errors
        self.batches: list[list[str]] = []

    def commit_all(self, lock: Lock, commits: Sequence[Commit]) -> None:
        self.batches.append([one.organization for one in commits])
        super().commit_all(lock, commits)

    def commit(self, lock: Lock, organization: str, **what: Any) -> int:
        if organization in self.errors:
            raise self.errors[organization]
        return super().commit(lock, organization, **what)


def stored(store: MemoryStore) -> list[str]:
    return [head.name for head in store.heads()]


def three() -> list[Organization]:
    return [an_organization(ALICE, name=name) for name in ("acme", "globex", "initech")]


# Without a live side: recording is all


def test_the_changes_of_an_organization_become_true_in_one_transaction() -> None:
    store = a_store(an_organization(ALICE, BOB))
    declared = an_organization(ALICE, EVE, grants=[a_grant()])
    fleet = a_fleet_for(store, declared)
    application = apply_plan(fleet, store, a_run(target=NoTarget()))
    assert (store.read("acme").organization, store.read("acme").serial) == (declared, 2)
    assert told(application) == [
        (A_EVE, Status.DONE, ""),
        ("acme/elevation-grant/inc-1", Status.DONE, ""),
        (A_BOB, Status.DONE, ""),
    ]
    assert application.counts == Counts(create=2, delete=1)
    assert (application.run, application.plan_hash, application.repeated, application.target) == ("r1", fleet.plan_hash, False, "none")
    assert entries(store) == [(EntryKind.CHANGE, address) for address, _, _ in told(application)]


def test_a_record_says_what_why_and_by_whose_word() -> None:
    store = a_store(an_organization(ALICE, BOB))
    fleet = a_fleet_for(store, an_organization(ALICE))
    apply_plan(fleet, store, a_run(target=NoTarget(), clock=FixedClock(NOW + MINUTE)))
    (plan,) = fleet.plans()
    (change,) = plan.changes
    last = list(store.entries("acme"))[-1]
    assert last.serial == 2
    assert last.record == a_record(
        run="r1",
        at=NOW + MINUTE,
        operator=HOLDER.operator,
        version=last.record.version,
        actor="alice@acme.example",
        address=A_BOB,
        action=Action.DELETE,
        reason=change.reason,
        before=change.before,
        plan_hash=fleet.plan_hash,
    )


def test_nothing_to_do_is_no_run_and_takes_no_lock() -> None:
    store = a_store(an_organization())
    application = apply_plan(a_fleet_for(store, an_organization()), store, a_run(target=NoTarget()))
    assert (application.run, list(application.outcomes()), store.locks()) == (None, [], [])


def test_locks_are_free_again_and_progress_named_every_organization() -> None:
    store, seen = MemoryStore(), list[str]()
    apply_plan(a_fleet_for(store, *three()), store, a_run(target=NoTarget(), progress=seen.append))
    assert (store.locks(), seen) == ([], ["acme", "globex", "initech"])


def test_somebody_elses_lock_stops_everything_before_anything() -> None:
    store = MemoryStore()
    with store.lock(["globex"], HOLDER, timeout=0 * HOUR, record=a_record()), pytest.raises(LockedError):
        apply_plan(a_fleet_for(store, *three()), store, a_run(target=NoTarget()))
    assert list(store.heads()) == []


def with_steps(fleet: FleetPlan, *steps: ManualStep) -> FleetPlan:
    """Return *fleet* as the planner makes it when rules ask for *steps* in `acme`."""
    return replace(fleet, plans=lambda: (replace(it, steps=steps) if it.organization == "acme" else it for it in fleet.plans()))


def test_steps_that_follow_a_change_are_open_from_its_recording_on_and_told() -> None:
    store = a_store(an_organization(ALICE), an_organization(ALICE, name="globex"))
    declared = [an_organization(ALICE, BOB, EVE), an_organization(ALICE, BOB, name="globex")]
    said_once = a_step(A_EVE, "invite-first", follow_up=False)
    fleet = with_steps(a_fleet_for(store, *declared), a_step(A_EVE), said_once, a_step(A_BOB), a_step("acme/organization"))
    application = apply_plan(fleet, store, a_run(target=NoTarget(), clock=FixedClock(NOW + MINUTE)))
    expected = tuple(a_follow_up(address, since=NOW + MINUTE) for address in (A_BOB, A_EVE, "acme/organization"))
    assert store.read("acme").follow_ups == expected
    assert tuple(application.open_steps()) == tuple(application.open_steps()) == expected
    assert store.read("globex").follow_ups == ()


def test_what_was_open_stays_open_unless_it_is_replaced_or_its_resource_goes() -> None:
    store = MemoryStore()
    put(store, an_organization(ALICE, BOB, EVE), *(a_follow_up(address) for address in (A_ALICE, A_BOB, A_EVE)))
    fleet = with_steps(a_fleet_for(store, an_organization(ALICE, replace(EVE, name="Eve"))), a_step(A_EVE, summary="again"))
    application = apply_plan(fleet, store, a_run(target=NoTarget()))
    renewed = a_follow_up(A_EVE, summary="again", since=NOW)
    assert store.read("acme").follow_ups == (a_follow_up(A_ALICE), renewed)
    assert tuple(application.open_steps()) == (renewed,)


def test_an_organization_that_is_forgotten_takes_its_follow_ups_along() -> None:
    store = MemoryStore()
    put(store, an_organization(ALICE, grants=[a_grant()]), a_follow_up(A_ALICE), a_follow_up("acme/organization"))
    stored = store.read("acme")
    made = plan_organization("acme", stored, None, lineage=store.lineage, now=NOW, catalog=CATALOG, acknowledged=NOBODY_MINDS)
    fleet = with_steps(a_fleet([made], people=1), a_step("acme/organization"))
    application = apply_plan(fleet, store, a_run(target=NoTarget()))
    assert application.counts == Counts(delete=1)
    assert (store.read("acme").follow_ups, tuple(application.open_steps())) == ((), ())


def test_the_steps_of_a_change_that_was_skipped_or_not_stored_are_not_open() -> None:
    store = FaultyStore(globex=StoreError("a constraint failed"))
    ends = replace(EVE, expires_at=NOW + 8 * SECOND)
    fleet = a_fleet_for(store, an_organization(ALICE, ends), an_organization(ALICE, name="globex"))
    plans = [replace(it, steps=(a_step(f"{it.organization}/administrator/eve@acme.example"),)) for it in fleet.plans()]
    run = a_run(target=NoTarget(), clock=TickingClock(NOW, 2 * SECOND))
    application = apply_plan(replace(fleet, plans=lambda: iter(plans)), store, run)
    assert application.counts == Counts(create=2, skipped=1, failed=2)
    assert (store.read("acme").follow_ups, tuple(application.open_steps())) == ((), ())


def test_what_has_ended_by_the_time_of_its_turn_is_skipped_and_said() -> None:
    store = MemoryStore()
    declared = an_organization(ALICE, replace(EVE, expires_at=NOW + 8 * SECOND))
    # The clock is looked at for the lock record, three times for the verification, and then for this organization.
    clock = TickingClock(NOW, 2 * SECOND)
    application = apply_plan(a_fleet_for(store, declared), store, a_run(target=NoTarget(), clock=clock))
    assert (A_EVE, Status.SKIPPED, "it ended while the run was under way") in told(application)
    assert application.counts == Counts(create=2, skipped=1)
    assert store.read("acme").organization == an_organization(ALICE)
    assert (EntryKind.CHANGE, A_EVE) not in entries(store)


def test_a_writer_that_was_overtaken_in_one_organization_goes_on_with_the_others() -> None:
    store = FaultyStore(globex=FencedError("globex: overtaken", hint="plan again"))
    application = apply_plan(a_fleet_for(store, *three()), store, a_run(target=NoTarget()))
    assert stored(store) == ["acme", "initech"]
    assert store.batches == [["acme", "globex", "initech"], ["acme"], ["globex"], ["initech"]]
    assert application.counts == Counts(create=4, failed=2)
    assert {detail for address, status, detail in told(application) if status is Status.FAILED} == {"globex: overtaken"}
    (failure,) = application.failures
    assert (failure.rule, failure.address, failure.message, failure.hint) == (
        "state-moved",
        "globex/organization",
        "globex: globex: overtaken",
        "plan again",
    )


def test_one_organization_that_cannot_be_stored_does_not_stop_the_others() -> None:
    store = FaultyStore(globex=StoreError("a constraint failed"))
    application = apply_plan(a_fleet_for(store, *three()), store, a_run(target=NoTarget()))
    assert stored(store) == ["acme", "initech"]
    assert application.counts == Counts(create=4, failed=2)


CROWDED = an_organization(*(an_administrator(f"p{number}@globex.example") for number in range(1000)), name="globex")
"""More changes than are recorded together: nothing is recorded in one transaction with what comes after it."""


def test_a_storage_that_is_broken_is_not_tried_again_and_ends_the_run() -> None:
    store = FaultyStore(globex=StorageFaultError("no space left"))
    fleet = a_fleet_for(store, an_organization(ALICE), CROWDED, an_organization(ALICE, name="initech"))
    seen: list[str] = []
    application = apply_plan(fleet, store, a_run(target=NoTarget(), progress=seen.append))
    assert (stored(store), store.batches) == ([], [["acme", "globex"]])
    assert application.counts == Counts(failed=1003, skipped=2)
    assert [failure.address for failure in application.failures] == ["acme/organization", "globex/organization"]
    assert [detail for _, status, detail in told(application) if status is Status.SKIPPED] == ["the run ended early"] * 2
    assert (application.interrupted, seen) == (None, ["acme", "globex", "initech"])


def test_a_storage_that_breaks_while_organizations_are_recorded_one_by_one_ends_the_run_there() -> None:
    store = FaultyStore(acme=FencedError("overtaken"), globex=StorageFaultError("no space left"))
    application = apply_plan(a_fleet_for(store, *three()), store, a_run(target=NoTarget()))
    assert store.batches == [["acme", "globex", "initech"], ["acme"], ["globex"]]
    assert application.counts == Counts(failed=4, skipped=2)
    assert [detail for _, status, detail in told(application)] == ["overtaken"] * 2 + ["no space left"] * 2 + ["the run ended early"] * 2


def test_small_organizations_are_recorded_together_and_a_crowd_ends_the_transaction() -> None:
    store = FaultyStore()
    last = an_organization(ALICE, name="initech")
    application = apply_plan(a_fleet_for(store, an_organization(ALICE), CROWDED, last), store, a_run(target=NoTarget()))
    assert store.batches == [["acme", "globex"], ["initech"]]
    assert application.counts == Counts(create=1005)


def test_progress_is_told_when_it_is_durable() -> None:
    store, seen = FaultyStore(globex=FencedError("overtaken")), list[tuple[str, list[str]]]()
    run = a_run(target=NoTarget(), progress=lambda name: seen.append((name, stored(store))))
    apply_plan(a_fleet_for(store, *three()), store, run)
    assert seen == [("acme", ["acme"]), ("globex", ["acme"]), ("initech", ["acme", "initech"])]


def test_a_signal_ends_the_run_between_organizations() -> None:
    store = MemoryStore()
    application = apply_plan(a_fleet_for(store, *three()), store, a_run(target=NoTarget(), stopping=in_turn(None, 15)))
    assert [head.name for head in store.heads()] == ["acme"]
    assert (application.interrupted, application.counts) == (15, Counts(create=2, skipped=4))
    again = apply_plan(a_fleet_for(store, *three()), store, a_run(target=NoTarget(), run="r2"))
    assert again.counts == Counts(create=4)


# With a live side: one change after the other


def live(*organizations: Organization) -> tuple[MemoryStore, RecordingTarget]:
    return a_store(*organizations), RecordingTarget()


CROWD = an_organization(ALICE, BOB, EVE)


def test_the_intent_is_stored_before_anything_is_performed() -> None:
    store, target = live(an_organization(ALICE))
    seen: list[list[tuple[EntryKind, str | None]]] = []
    target.before = lambda _: seen.append(entries(store))
    apply_plan(a_fleet_for(store, CROWD), store, a_run(target=target))
    intent = (EntryKind.INTENT, None)
    assert seen == [[intent], [intent, (EntryKind.CHANGE, A_BOB)]]
    first = next(entry for entry in store.entries("acme") if entry.record.kind is EntryKind.INTENT)
    assert (first.record.detail, first.record.address, first.serial) == (f"create {A_BOB}; create {A_EVE}", None, 1)


def test_each_change_is_a_commit_of_its_own() -> None:
    store, target = live(an_organization(ALICE))
    application = apply_plan(a_fleet_for(store, CROWD), store, a_run(target=target))
    assert (store.read("acme").serial, store.read("acme").organization) == (3, CROWD)
    assert ([change.address for change in target.done], application.counts) == ([A_BOB, A_EVE], Counts(create=2))
    serials = [entry.serial for entry in store.entries("acme") if entry.record.kind is EntryKind.CHANGE and entry.record.run == "r1"]
    assert serials == [2, 3]


def test_only_what_was_performed_leaves_follow_ups_each_with_its_commit() -> None:
    store, target = live(an_organization(ALICE))
    clock, seen = FixedClock(NOW), list[tuple[FollowUp, ...]]()

    def looks(_: Change) -> None:
        seen.append(store.read("acme").follow_ups)
        clock.advance(MINUTE)

    target.before = looks
    target.fails(A_EVE)
    declared = an_organization(ALICE, BOB, EVE, an_administrator("zoe@acme.example", "device-administrator"))
    steps = [a_step(A_BOB), a_step(A_EVE), a_step("acme/administrator/zoe@acme.example"), a_step("acme/organization")]
    application = apply_plan(with_steps(a_fleet_for(store, declared), *steps), store, a_run(target=target, clock=clock))
    assert application.counts == Counts(create=1, failed=1, skipped=1)
    opened = (a_follow_up(A_BOB, since=NOW + MINUTE), a_follow_up("acme/organization", since=NOW + MINUTE))
    assert seen == [(), opened]
    assert store.read("acme").follow_ups == tuple(application.open_steps()) == opened


def test_a_change_left_to_people_opens_nothing_because_it_is_not_recorded() -> None:
    store, target = live(an_organization(ALICE))
    target.leaves_to_people("administrator")
    application = apply_plan(with_steps(a_fleet_for(store, CROWD), a_step(A_BOB)), store, a_run(target=target))
    assert application.counts == Counts(manual=2)
    assert (store.read("acme").follow_ups, tuple(application.open_steps())) == ((), ())


@pytest.mark.parametrize("failing", [A_ALICE, A_BOB, A_EVE, "acme/organization"])
@pytest.mark.parametrize("retryable", [True, False])
def test_a_failure_stops_its_organization_and_the_next_run_does_only_the_rest(failing: str, *, retryable: bool) -> None:
    store, target = live()
    target.fails(failing, retryable=retryable)
    everything = [replace(CROWD), an_organization(ALICE, name="globex")]
    application = apply_plan(a_fleet_for(store, *everything), store, a_run(target=target))
    steps = ["acme/organization", A_ALICE, A_BOB, A_EVE]
    done = steps[: steps.index(failing)]
    expected = [(address, Status.DONE, "") for address in done]
    expected += [(failing, Status.FAILED, f"no answer for {failing}")]
    expected += [(address, Status.SKIPPED, "an earlier change of acme failed") for address in steps[len(done) + 1 :]]
    assert [outcome for outcome in told(application) if outcome[0].startswith("acme/")] == expected
    assert application.counts == Counts(create=len(done) + 2, failed=1, skipped=3 - len(done))
    assert entries(store)[1:] == [*((EntryKind.CHANGE, address) for address in done), (EntryKind.FAILURE, failing)]
    assert store.read("acme").serial == len(done)
    assert store.read("globex").organization == everything[1]

    target.asked.clear()
    again = apply_plan(a_fleet_for(store, *everything), store, a_run(target=target, run="r2"))
    assert target.asked == steps[len(done) :]
    assert (again.counts, store.read("acme").organization) == (Counts(create=4 - len(done)), CROWD)


def test_a_target_that_goes_on_failing_goes_on_being_asked() -> None:
    store, target = live(CROWD)
    target.fails(A_EVE, times=20)
    for _ in range(20):
        application = apply_plan(a_fleet_for(store, an_organization(ALICE, BOB)), store, a_run(target=target))
        assert application.counts == Counts(failed=1)
    assert apply_plan(a_fleet_for(store, an_organization(ALICE, BOB)), store, a_run(target=target)).counts == Counts(delete=1)
    deletions = [entry for entry in store.entries("acme") if entry.record.address == A_EVE and entry.record.kind is EntryKind.CHANGE]
    assert len(deletions) == 1


def test_a_step_by_hand_is_not_recorded_as_done_and_the_others_go_on() -> None:
    store, target = live(an_organization(ALICE))
    target.leaves_to_people("elevation-grant")
    declared = an_organization(ALICE, BOB, grants=[a_grant()])
    application = apply_plan(a_fleet_for(store, declared), store, a_run(target=target))
    grant = "acme/elevation-grant/inc-1"
    assert told(application) == [(A_BOB, Status.DONE, ""), (grant, Status.MANUAL, f"do it by hand: create {grant}")]
    assert application.counts == Counts(create=1, manual=1)
    assert store.read("acme").organization == an_organization(ALICE, BOB)


def test_an_end_that_comes_between_two_calls_is_seen_at_the_call() -> None:
    store, target = live()
    clock = FixedClock(NOW)
    ends = replace(EVE, expires_at=NOW + MINUTE)

    def slow(change: Change) -> None:
        if change.address == A_BOB:
            clock.set(NOW + MINUTE)

    target.before = slow
    application = apply_plan(a_fleet_for(store, an_organization(ALICE, BOB, ends)), store, a_run(target=target, clock=clock))
    assert told(application)[-1] == (A_EVE, Status.SKIPPED, "it ended while the run was under way")
    assert A_EVE not in target.asked
    assert store.read("acme").organization == an_organization(ALICE, BOB)


@pytest.mark.parametrize("organizations", [1, 2])
def test_a_signal_ends_the_run_between_two_changes_and_is_told(organizations: int) -> None:
    store, target = live()
    everything = [CROWD, an_organization(ALICE, name="globex")][:organizations]
    run = a_run(target=target, stopping=in_turn(None, None, None, 2))
    application = apply_plan(a_fleet_for(store, *everything), store, run)
    assert [status for _, status, _ in told(application)][:4] == [Status.DONE, Status.DONE, Status.SKIPPED, Status.SKIPPED]
    assert {detail for _, status, detail in told(application) if status is Status.SKIPPED} == {"the run was interrupted"}
    assert application.interrupted == 2


def test_a_store_that_breaks_after_the_target_acted_is_told_change_by_change() -> None:
    store, target = FaultyStore(acme=StoreError("no space left")), RecordingTarget()
    application = apply_plan(a_fleet_for(store, CROWD), store, a_run(target=target))
    assert told(application) == [(address, Status.FAILED, "no space left") for address in ("acme/organization", A_ALICE, A_BOB, A_EVE)]
    assert target.asked == ["acme/organization"]


def test_the_end_and_the_new_access_of_one_person_are_told_apart_when_the_store_breaks_between_them() -> None:
    over = replace(EVE, expires_at=NOW)
    store, target = FaultyStore(), RecordingTarget()
    with store.lock(["acme"], HOLDER, timeout=0 * HOUR, record=a_record()) as lock:
        store.commit(lock, "acme", after=an_organization(ALICE, over), expected_serial=0, records=[a_record()], follow_ups=())
    fleet = a_fleet_for(store, an_organization(ALICE, EVE))

    def breaks(change: Change) -> None:
        if change.action is Action.CREATE:
            store.errors["acme"] = StoreError("no space left")

    target.before = breaks
    application = apply_plan(fleet, store, a_run(target=target))
    assert told(application) == [(A_EVE, Status.DONE, ""), (A_EVE, Status.FAILED, "no space left")]


def test_one_transaction_for_a_crowd_does_not_take_the_square_of_its_size() -> None:
    crowd = [an_administrator(f"p{number}@acme.example", "device-administrator") for number in range(3000)]
    store = MemoryStore()
    fleet = a_fleet_for(store, an_organization(ALICE, *crowd))
    compared = 0

    class Counting(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    (plan,) = fleet.plans()
    counted = replace(plan, changes=tuple(replace(change, address=Counting(change.address)) for change in plan.changes))
    apply_plan(a_fleet([counted], people=0), store, a_run(target=NoTarget()))
    assert compared < 100_000


# Renames

OLD, NEW = "acme", "omega"
OVER = an_administrator("over@acme.example", "device-administrator", expires_at=NOW)


def renaming(store: MemoryStore) -> FleetPlan:
    """Return the plan that calls `acme` by another name, ends what is over and takes Bob away."""
    former = {NEW: OLD}
    place = stored_under(store, NEW, former)
    after, _ = resolve(an_organization(ALICE, name=NEW), place.organization, NOW, request_lifetime=HOUR)
    after = replace(after, former_name=OLD)
    made = plan_organization(NEW, place, after, lineage=store.lineage, now=NOW, catalog=CATALOG, acknowledged=NOBODY_MINDS)
    return a_fleet([made], lineage=store.lineage, former=former, serials={NEW: made.serial, OLD: place.serial})


def test_a_new_name_comes_first_and_both_chains_say_so_in_one_transaction() -> None:
    store = FaultyStore()
    put(store, an_organization(ALICE, BOB, OVER), a_follow_up())
    put(store, an_organization(ALICE, BOB, OVER), a_follow_up("acme/organization"))
    before = store.chain_heads()[0]
    store.batches.clear()
    apply_plan(renaming(store), store, a_run(target=NoTarget()))
    assert store.batches == [[NEW, OLD]]
    assert [step.address for step in store.read(NEW).follow_ups] == ["omega/organization"]
    (*_, gave_up) = store.entries(OLD)
    went_on, ended, _ = store.entries(NEW)
    assert (gave_up.record.detail, gave_up.digest) == ("goes on as omega", None)
    assert went_on.record.detail == f"goes on from acme, entry {before.seq}, hash {before.hash}"
    assert (ended.record.address, ended.record.detail) == ("omega/administrator/over@acme.example", "ended 0 s late")


def test_at_a_live_side_the_former_name_is_given_up_with_the_first_change() -> None:
    store, target = a_store(an_organization(ALICE, BOB, OVER)), RecordingTarget()
    seen: list[tuple[bool, bool]] = []
    target.before = lambda _: seen.append((store.read(OLD).organization is None, store.read(NEW).organization is None))
    apply_plan(renaming(store), store, a_run(target=target))
    assert seen == [(False, True), (True, False), (True, False)]
    assert target.asked == ["omega/organization", "omega/administrator/over@acme.example", "omega/administrator/bob@acme.example"]
    assert entries(store, OLD) == [(EntryKind.CHANGE, "acme/organization")]


def test_when_the_new_name_fails_all_stays_under_the_former_one() -> None:
    store, target = a_store(an_organization(ALICE, BOB, OVER)), RecordingTarget()
    target.fails("omega/organization")
    application = apply_plan(renaming(store), store, a_run(target=target))
    assert [status for _, status, _ in told(application)] == [Status.FAILED, Status.SKIPPED, Status.SKIPPED]
    assert store.read(OLD).organization == an_organization(ALICE, BOB, OVER)
    assert store.read(NEW).organization is None


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_new_name_needs_the_locks_of_both(name: str) -> None:
    store = a_store(an_organization(ALICE))
    with (
        store.lock([name], HOLDER, timeout=0 * SECOND, record=a_record(kind=EntryKind.LOCK)),
        pytest.raises(LockedError),
    ):
        apply_plan(renaming(store), store, a_run(target=NoTarget()))
