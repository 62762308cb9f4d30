"""Ends of temporary access, case by case: late, in the middle of a run, beside other access, and never twice."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler import access
from reconciler.applying import apply_plan
from reconciler.model.changes import Action, Change, Reason, Status
from reconciler.model.documents import grant_document
from reconciler.model.errors import ExpiredPlanError, TamperedPlanError
from reconciler.model.identifiers import ELEVATION_GRANT, grant_address
from reconciler.model.journal import Entry, EntryKind
from reconciler.model.protocols import Target
from reconciler.model.resources import Administrator, EndReason, Grant, GrantEnd, Organization
from reconciler.planning.diff import diff
from reconciler.planning.plan import plan_organization
from reconciler.planning.scope import resolve
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    DAY,
    HOUR,
    LINEAGE,
    MINUTE,
    NOBODY_MINDS,
    NOW,
    SECOND,
    a_fleet,
    a_fleet_for,
    a_grant,
    a_plan,
    a_request,
    a_run,
    a_store,
    an_administrator,
    an_organization,
    grants_alone,
    people,
)
from tests.fakes.clock import FixedClock, TickingClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget

TAC = "tac@cisco.example"
END = NOW + 30 * MINUTE
EVE = an_administrator("eve@acme.example", "device-administrator", expires_at=END)
A_EVE, A_GRANT = "acme/administrator/eve@acme.example", "acme/elevation-grant/inc-1"
NOTHING = Organization(name="acme")
TARGETS = pytest.mark.parametrize("target", [NoTarget, RecordingTarget])


def applied(store: MemoryStore, declared: Organization, now: datetime, target: Target | None = None) -> list[tuple[str, Action, Reason]]:
    fleet = a_fleet_for(store, declared, now=now)
    application = apply_plan(fleet, store, a_run(target=target or NoTarget(), clock=FixedClock(now)))
    assert {outcome.status for outcome in application.outcomes()} <= {Status.DONE}
    return [(change.address, change.action, change.reason) for plan in fleet.plans() for change in plan.changes]


def planned(declared: Organization, stored: Organization, now: datetime) -> list[tuple[Action, Reason]]:
    return [(change.action, change.reason) for change in a_plan(declared, stored, now=now).changes]


def held(stored: Organization | None, who: str, now: datetime) -> list[tuple[str, str | None]]:
    assert stored is not None
    found = access.effective(who, stored, partner=None, now=now, catalog=CATALOG)
    return sorted((holding.role, holding.grant) for holding in found.held if holding.grant is None) + sorted(
        ("elevated", holding.grant) for holding in found.held if holding.grant is not None
    )


def the_grant(store: MemoryStore) -> Grant:
    stored = store.read("acme").organization
    assert stored is not None
    return stored.grants["inc-1"]


def of(store: MemoryStore, address: str) -> list[Entry]:
    return [entry for entry in store.entries("acme") if entry.record.kind is EntryKind.CHANGE and entry.record.address == address]


# An end that comes while a plan waits, or while it is performed (23)


@TARGETS
@pytest.mark.parametrize("declared", [an_organization(grants=[a_grant()]), an_organization(ALICE, EVE), grants_alone(a_grant())])
def test_a_plan_is_good_until_the_second_before_what_it_gives_ends(declared: Organization, target: type[Target]) -> None:
    store = a_store(an_organization())
    fleet = a_fleet_for(store, declared)
    assert fleet.valid_until == END
    for late in (timedelta(0), SECOND, 3 * DAY):
        with pytest.raises(ExpiredPlanError):
            apply_plan(fleet, store, a_run(target=target(), clock=FixedClock(END + late)))
        assert store.read("acme").organization == an_organization()
    apply_plan(fleet, store, a_run(target=target(), clock=FixedClock(END - SECOND)))
    assert store.read("acme").organization == an_organization(
        *(declared.administrators or people(ALICE)).values(), grants=declared.grants.values()
    )


def test_a_plan_is_no_good_any_more_once_something_else_of_the_organization_has_ended() -> None:
    store = a_store(an_organization(ALICE, EVE))
    fleet = a_fleet_for(store, an_organization(ALICE, BOB, EVE))
    with pytest.raises(ExpiredPlanError):
        apply_plan(fleet, store, a_run(target=NoTarget(), clock=FixedClock(END)))


@pytest.mark.parametrize(("declared", "address"), [(an_organization(grants=[a_grant()]), A_GRANT), (an_organization(ALICE, EVE), A_EVE)])
def test_what_ends_between_the_look_at_the_plan_and_the_record_is_not_given(declared: Organization, address: str) -> None:
    store = a_store(an_organization())
    fleet = a_fleet_for(store, declared)
    clock = TickingClock(END - 3 * SECOND, SECOND)  # looks: the lock, the plan, the record, each under the floor
    application = apply_plan(fleet, store, a_run(target=NoTarget(), clock=clock))
    assert [(outcome.address, outcome.status) for outcome in application.outcomes()] == [(address, Status.SKIPPED)]
    assert (store.read("acme").organization, of(store, address)) == (an_organization(), [])
    assert applied(store, declared, END) == []


def test_an_end_for_access_that_had_none_is_recorded_even_when_it_comes_before_the_record() -> None:
    forever = replace(EVE, expires_at=None)
    store = a_store(an_organization(ALICE, forever))
    fleet = a_fleet_for(store, an_organization(ALICE, EVE))
    clock = TickingClock(END - 3 * SECOND, SECOND)
    application = apply_plan(fleet, store, a_run(target=NoTarget(), clock=clock))
    assert [(outcome.address, outcome.status) for outcome in application.outcomes()] == [(A_EVE, Status.DONE)]
    assert store.read("acme").organization == an_organization(ALICE, EVE)


def test_what_ends_while_a_live_side_is_changed_is_not_given() -> None:
    store, target, clock = a_store(an_organization()), RecordingTarget(), FixedClock(NOW)
    fleet = a_fleet_for(store, an_organization(ALICE, BOB, grants=[a_grant()]))
    target.before = lambda change: clock.set(END)
    application = apply_plan(fleet, store, a_run(target=target, clock=clock))
    assert [(outcome.address, outcome.status) for outcome in application.outcomes()] == [
        ("acme/administrator/bob@acme.example", Status.DONE),
        (A_GRANT, Status.SKIPPED),
    ]
    assert target.asked == ["acme/administrator/bob@acme.example"]
    assert store.read("acme").organization == an_organization(ALICE, BOB)


@TARGETS
def test_an_end_that_is_overdue_is_recorded_by_a_plan_however_old(target: type[Target]) -> None:
    store = a_store(an_organization(ALICE, EVE, grants=[a_grant()]))
    fleet = a_fleet_for(store, NOTHING, now=END)
    assert fleet.valid_until is None
    apply_plan(fleet, store, a_run(target=target(), clock=FixedClock(END + 3 * DAY)))
    assert the_grant(store).ended == GrantEnd(reason=EndReason.EXPIRED, at=END, recorded_at=END + 3 * DAY)


# Nothing ran for three days (25); manifests cannot be read (31)


@TARGETS
@pytest.mark.parametrize("declared", [NOTHING, an_organization(), an_organization(ALICE, EVE, grants=[a_grant()]), grants_alone(a_grant())])
def test_after_three_days_everything_reads_as_over_and_the_end_is_recorded_once_as_it_was(
    declared: Organization, target: type[Target]
) -> None:
    late = END + 3 * DAY
    store = a_store(an_organization(ALICE, EVE, grants=[a_grant()]))
    assert held(store.read("acme").organization, TAC, late) == held(store.read("acme").organization, EVE.email, late) == []
    ends = [(A_EVE, Action.DELETE, Reason.EXPIRED), (A_GRANT, Action.DELETE, Reason.EXPIRED)]
    assert applied(store, declared, late, target()) == ends
    assert the_grant(store).ended == GrantEnd(reason=EndReason.EXPIRED, at=END, recorded_at=late)
    for again in (NOTHING, declared):
        assert applied(store, again, late + DAY, target()) == []
    assert [entry.record.at for address in (A_EVE, A_GRANT) for entry in of(store, address)] == [late, late]


# Beside other access (26, 27)


def a_run_of(name: str, start: int, end: int) -> Grant:
    """Return a grant from *start* to *end* minutes after `NOW`."""
    return a_grant(name, requested_at=NOW + start * MINUTE, approved_at=NOW + start * MINUTE, expires_at=NOW + end * MINUTE)


@pytest.mark.parametrize(
    ("first", "second"),
    [((0, 30), (10, 50)), ((0, 30), (0, 30)), ((0, 30), (10, 30)), ((0, 50), (10, 30)), ((0, 30), (30, 60)), ((0, 20), (40, 60))],
    ids=["overlapping", "the same", "equal ends", "inside", "end is next start", "apart"],
)
@pytest.mark.parametrize("recorded", [False, True])
def test_the_end_of_a_grant_leaves_another_one(first: tuple[int, int], second: tuple[int, int], recorded: bool) -> None:  # noqa: FBT001
    stored = an_organization(ALICE, grants=[a_run_of("a", *first), a_run_of("b", *second)])
    for minute in sorted({edge for run in (first, second) for edge in run}):
        for off in (-SECOND, timedelta(0), SECOND):
            now = NOW + minute * MINUTE + off
            if recorded:
                stored, _ = resolve(NOTHING, stored, now, request_lifetime=HOUR)
            live = [name for name, (start, end) in (("a", first), ("b", second)) if NOW + start * MINUTE <= now < NOW + end * MINUTE]
            assert held(stored, TAC, now) == [("elevated", name) for name in live]


SUPPORT = an_administrator(TAC, "support-administrator")


@pytest.mark.parametrize(
    ("before", "meanwhile"),
    [
        (None, None),
        (SUPPORT, SUPPORT),
        (None, SUPPORT),
        (SUPPORT, None),
        (SUPPORT, replace(SUPPORT, roles=frozenset({"device-administrator"}))),
        (replace(SUPPORT, roles=frozenset({"full-administrator"})), SUPPORT),
        (SUPPORT, replace(SUPPORT, roles=frozenset({"full-administrator"}))),
        (SUPPORT, replace(SUPPORT, expires_at=END)),
    ],
)
@pytest.mark.parametrize("how", ["expires", "revoked", "omitted"])
def test_after_a_grant_somebody_has_what_they_would_have_without_it(
    before: Administrator | None, meanwhile: Administrator | None, how: str
) -> None:
    def declared(person: Administrator | None, *grants: Grant) -> Organization:
        return an_organization(ALICE, *([person] if person else []), grants=grants)

    with_it, without = a_store(declared(before)), a_store(declared(before))
    applied(with_it, declared(before, a_grant()), NOW)
    applied(with_it, declared(meanwhile, a_grant()), NOW + MINUTE)
    applied(without, declared(meanwhile), NOW + MINUTE)
    if how != "expires":
        ended = [a_grant(revoked_at=NOW + 2 * MINUTE)] if how == "revoked" else []
        applied(with_it, declared(meanwhile, *ended), NOW + 2 * MINUTE)
    for now in (END - SECOND, END, END + SECOND):
        plain = held(without.read("acme").organization, TAC, now)
        elevated = [("elevated", "inc-1")] if how == "expires" and now < END else []
        assert held(with_it.read("acme").organization, TAC, now) == plain + elevated
    applied(with_it, NOTHING, END)
    applied(without, NOTHING, END)
    assert held(with_it.read("acme").organization, TAC, END) == held(without.read("acme").organization, TAC, END)


# A request that nobody decided (30)


@pytest.mark.parametrize("swept", [False, True])
def test_a_request_that_lapsed_cannot_be_approved_any_more(swept: bool) -> None:  # noqa: FBT001
    lapse = NOW + 40 * MINUTE
    store = a_store(an_organization(grants=[a_request()]))
    if swept:
        assert applied(store, NOTHING, lapse) == [(A_GRANT, Action.DELETE, Reason.EXPIRED)]
    approved = a_grant(approved_at=lapse, expires_at=lapse + HOUR)
    for declared in (an_organization(grants=[approved]), grants_alone(approved)):
        _, findings = resolve(declared, store.read("acme").organization, lapse + MINUTE, request_lifetime=HOUR)
        assert [finding.rule for finding in findings] == ["grant-name-used" if swept else "grant-approval-window"]


# A grant that was taken out, and git that brings it back (32)


@TARGETS
def test_taking_a_running_grant_out_is_a_change_and_putting_it_back_an_error_for_ever(target: type[Target]) -> None:
    with_it, without = an_organization(grants=[a_grant()]), an_organization()
    store = a_store(with_it)
    assert applied(store, without, NOW, target()) == [(A_GRANT, Action.DELETE, Reason.OMITTED)]
    kept = the_grant(store)
    assert kept.ended == GrantEnd(reason=EndReason.OMITTED, at=NOW, recorded_at=NOW)
    for now in (NOW, NOW + MINUTE, END, END + DAY):
        for declared in (with_it, grants_alone(a_grant())):
            after, findings = resolve(declared, store.read("acme").organization, now, request_lifetime=HOUR)
            assert [finding.rule for finding in findings] == ["grant-name-used"]
            assert after.grants["inc-1"] == kept
            assert held(after, TAC, now) == []


@pytest.mark.parametrize("reason", [EndReason.OMITTED, EndReason.REVOKED, EndReason.EXPIRED, EndReason.DENIED, EndReason.LAPSED])
@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_a_forged_plan_cannot_bring_it_back_either(reason: EndReason, action: Action) -> None:
    over = replace(a_grant(), ended=GrantEnd(reason=reason, at=NOW - MINUTE, recorded_at=NOW - MINUTE))
    store = a_store(an_organization(grants=[over]))
    wanted = a_grant(expires_at=NOW + 40 * MINUTE)
    change = Change(
        address=grant_address("acme", "inc-1"),
        organization="acme",
        type=ELEVATION_GRANT,
        name="inc-1",
        action=action,
        reason=Reason.DECLARED,
        before=None if action is Action.CREATE else grant_document(a_grant()),
        after=grant_document(wanted),
    )
    place = store.read("acme")
    forged = replace(
        plan_organization("acme", place, an_organization(ALICE, BOB), lineage=LINEAGE, now=NOW, catalog=CATALOG, acknowledged=NOBODY_MINDS),
        changes=(change,),
    )
    with pytest.raises(TamperedPlanError):
        apply_plan(a_fleet([forged]), store, a_run(target=NoTarget()))
    assert the_grant(store) == over


# People whose access has an end

LATER = replace(EVE, expires_at=END + DAY)
FOR_GOOD = replace(EVE, expires_at=None)
UPDATED, ENDED_AND_NEW = [(Action.UPDATE, Reason.DECLARED)], [(Action.DELETE, Reason.EXPIRED), (Action.CREATE, Reason.DECLARED)]


@pytest.mark.parametrize("again", [LATER, FOR_GOOD, replace(LATER, roles=frozenset({"full-administrator"}))])
@pytest.mark.parametrize(
    ("now", "expected"),
    [(END - SECOND, UPDATED), (END, ENDED_AND_NEW), (END + SECOND, ENDED_AND_NEW), (END + DAY - SECOND, ENDED_AND_NEW)],
)
def test_a_later_end_goes_on_before_the_end_and_is_new_access_after_it(
    again: Administrator, now: datetime, expected: list[tuple[Action, Reason]]
) -> None:
    store = a_store(an_organization(ALICE, EVE))
    assert planned(an_organization(ALICE, again), an_organization(ALICE, EVE), now) == expected
    applied(store, an_organization(ALICE, again), now)
    assert store.read("acme").organization == an_organization(ALICE, again)
    assert applied(store, an_organization(ALICE, again), now) == []


@pytest.mark.parametrize("again", [LATER, FOR_GOOD])
def test_access_given_anew_after_its_end_was_recorded_is_a_creation_alone(again: Administrator) -> None:
    store = a_store(an_organization(ALICE, EVE))
    assert applied(store, NOTHING, END) == [(A_EVE, Action.DELETE, Reason.EXPIRED)]
    assert held(store.read("acme").organization, EVE.email, END) == []
    assert applied(store, an_organization(ALICE, again), END + MINUTE) == [(A_EVE, Action.CREATE, Reason.DECLARED)]


@pytest.mark.parametrize("left", [an_organization(ALICE, EVE), an_organization(ALICE), an_organization(administrators=None), NOTHING])
def test_an_entry_left_after_its_end_is_one_record_and_then_nothing(left: Organization) -> None:
    store = a_store(an_organization(ALICE, EVE))
    assert applied(store, left, END - SECOND) == ([(A_EVE, Action.DELETE, Reason.OMITTED)] if left == an_organization(ALICE) else [])
    store = a_store(an_organization(ALICE, EVE))
    assert applied(store, left, END) == [(A_EVE, Action.DELETE, Reason.EXPIRED)]
    for again in (left, an_organization(ALICE, EVE), an_organization(ALICE)):
        assert applied(store, again, END + DAY) == []
    assert len(of(store, A_EVE)) == 1


def crowd(count: int, **fields: datetime | None) -> list[Administrator]:
    return [an_administrator(f"p{number}@acme.example", "device-administrator", **fields) for number in range(count)]


@pytest.mark.parametrize(("now", "removed", "refused"), [(END - SECOND, 9, True), (END, 0, False), (END + DAY, 0, False)])
def test_people_whose_access_has_ended_never_count_as_removed(now: datetime, removed: int, refused: bool) -> None:  # noqa: FBT001
    stored = an_organization(ALICE, BOB, *crowd(9, expires_at=END))
    made = a_plan(an_organization(ALICE, BOB), stored, now=now)
    assert len(made.changes) == 9
    assert (len(made.removals.people), bool(made.refusals)) == (removed, refused)
    assert made.removals.stored == (11 if now < END else 2)


def test_giving_access_anew_with_less_is_no_demotion_after_the_end() -> None:
    full = replace(EVE, roles=frozenset({"full-administrator"}))
    for now, removed in ((END - SECOND, (EVE.key,)), (END, ())):
        assert a_plan(an_organization(ALICE, LATER), an_organization(ALICE, full), now=now).removals.people == removed


@pytest.mark.parametrize("settled", [False, True])
def test_an_end_takes_nothing_from_anybody_else(settled: bool) -> None:  # noqa: FBT001
    stored = an_organization(ALICE, BOB, EVE, LATER_TOO, grants=[a_grant(), a_grant("inc-2", expires_at=END + MINUTE)])
    if settled:
        stored, _ = resolve(NOTHING, stored, END, request_lifetime=HOUR)
    after, _ = resolve(NOTHING, stored, END, request_lifetime=HOUR)
    assert after.administrators == people(ALICE, BOB, LATER_TOO)
    assert held(after, TAC, END) == [("elevated", "inc-2")]
    assert {change.address for change in diff(stored, after, END)} == (set() if settled else {A_EVE, A_GRANT})


LATER_TOO = an_administrator("later@acme.example", "device-administrator", expires_at=END + SECOND)
