"""Before anything is performed the whole plan is verified: against the state, itself, the present, the rules and the rails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from reconciler.applying import apply_plan, earlier_run, verify
from reconciler.model.changes import Action, Reason
from reconciler.model.documents import administrator_document, grant_document
from reconciler.model.errors import ExpiredPlanError, PlanError, RefusedError, StalePlanError, TamperedPlanError
from reconciler.model.findings import Finding, Severity
from reconciler.model.policy import Acknowledgements, Freeze, Policy, RemovalLimit
from reconciler.model.resources import Administrator, EndReason, Grant, Organization
from reconciler.model.results import Counts, FleetPlan
from reconciler.planning.diff import explain
from reconciler.planning.plan import plan_organization
from reconciler.planning.seal import digest
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    DAY,
    HOUR,
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
    ended,
    put,
)
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget

EVE = an_administrator("eve@acme.example", "device-administrator", expires_at=NOW + HOUR)


def crowd(number: int) -> list[Administrator]:
    return [an_administrator(f"p{position:04}@acme.example", "device-administrator") for position in range(number)]


def refused(
    kind: type[PlanError],
    fleet: FleetPlan,
    store: MemoryStore,
    *,
    now: datetime = NOW,
    acknowledged: Acknowledgements = NOBODY_MINDS,
    policy: Policy | None = None,
) -> PlanError:
    """Return the error of applying *fleet*, having seen that nothing was written or asked for, and that the locks are free."""
    before, target = (list(store.heads()), list(store.entries())), RecordingTarget()
    with pytest.raises(kind) as caught:
        apply_plan(fleet, store, a_run(target=target, clock=FixedClock(now), acknowledged=acknowledged, policy=policy))
    assert (list(store.heads()), list(store.entries())) == before
    assert (target.asked, store.locks()) == ([], [])
    return caught.value


# The state


def test_a_plan_for_another_serial_is_stale() -> None:
    store = a_store(an_organization(ALICE, BOB))
    fleet = a_fleet_for(store, an_organization(ALICE))
    put(store, an_organization(ALICE, BOB, EVE))
    error = refused(StalePlanError, fleet, store)
    assert (error.message, error.detail) == ("Saved plan is stale", "acme had serial 1 when the plan was made and has 2 now")


def test_another_organizations_change_does_not_make_a_plan_stale() -> None:
    store = a_store(an_organization(ALICE, BOB), an_organization(name="globex"))
    fleet = a_fleet_for(store, an_organization(ALICE))
    put(store, an_organization(ALICE, EVE, name="globex"))
    assert apply_plan(fleet, store, a_run(target=NoTarget())).counts == Counts(delete=1)


def test_a_plan_of_another_state_is_stale_even_where_the_serials_fit() -> None:
    fleet = a_fleet_for(a_store(an_organization(ALICE, BOB)), an_organization(ALICE))
    other = MemoryStore(lineage="00000000-0000-4000-8000-00000000000f")
    put(other, an_organization(ALICE, BOB))
    error = refused(StalePlanError, fleet, other)
    assert error.message == "Saved plan does not match the given state"


def test_a_plan_that_was_made_without_a_state_fits_any_state_that_does_not_know_its_organizations() -> None:
    unmade = MemoryStore()
    unmade.lineage = None
    fleet = a_fleet_for(unmade, an_organization(ALICE, name="globex"))
    assert fleet.lineage is None
    store = a_store(an_organization())
    assert apply_plan(fleet, store, a_run(target=NoTarget())).counts == Counts(create=2)
    assert store.read("globex").serial == 1


def test_a_plan_without_a_lineage_does_not_fit_an_organization_that_is_stored() -> None:
    store = a_store(an_organization(ALICE, BOB))
    place = store.read("acme")
    plan = plan_organization("acme", place, an_organization(ALICE), lineage=None, now=NOW, catalog=CATALOG, acknowledged=NOBODY_MINDS)
    refused(StalePlanError, a_fleet([plan], lineage=None, people=2), store)


def test_one_stale_organization_keeps_all_the_others_from_being_touched() -> None:
    store = a_store(*(an_organization(ALICE, BOB, name=name) for name in ("acme", "globex", "initech")))
    fleet = a_fleet_for(store, *(an_organization(ALICE, name=name) for name in ("acme", "globex", "initech")))
    put(store, an_organization(ALICE, EVE, name="initech"))
    refused(StalePlanError, fleet, store)


# The present


def test_a_plan_is_over_at_the_first_instant_at_which_something_of_it_starts_or_ends() -> None:
    store = a_store(an_organization(ALICE, BOB, EVE))
    fleet = a_fleet_for(store, an_organization(ALICE, EVE))
    assert fleet.valid_until == NOW + HOUR
    error = refused(ExpiredPlanError, fleet, store, now=NOW + HOUR)
    assert error.detail == "the plan was valid until 2026-11-20T10:30:00Z"
    verify(fleet, store, a_run(target=NoTarget(), clock=FixedClock(NOW + HOUR - SECOND)))


def test_removing_the_bound_from_a_plan_does_not_lengthen_it() -> None:
    store = a_store(an_organization(ALICE, BOB, EVE))
    fleet = a_fleet_for(store, an_organization(ALICE, EVE))
    error = refused(ExpiredPlanError, replace(fleet, valid_until=None), store, now=NOW + HOUR)
    assert error.detail == "acme/administrator/eve@acme.example ends at 2026-11-20T10:30:00Z, after the plan was made"


@pytest.mark.parametrize("gives", [an_organization(ALICE, EVE), an_organization(ALICE, grants=[a_grant(), a_request("inc-2")])])
def test_what_has_ended_is_not_given_however_the_plan_is_dated(gives: Organization) -> None:
    store = a_store(an_organization(ALICE))
    fleet = a_fleet_for(store, gives)
    dated = replace(fleet, valid_until=None, as_of=NOW + DAY, plans=lambda: (replace(plan, as_of=NOW + DAY) for plan in fleet.plans()))
    error = refused(ExpiredPlanError, dated, store, now=NOW + DAY)
    assert "what acme/" in error.detail


def test_an_end_that_was_overdue_when_the_plan_was_made_does_not_hold_it_up() -> None:
    store = a_store(an_organization(ALICE, replace(EVE, expires_at=NOW)))
    fleet = a_fleet_for(store, an_organization(ALICE))
    assert apply_plan(fleet, store, a_run(target=NoTarget(), clock=FixedClock(NOW + DAY))).counts == Counts(expire=1)


@pytest.mark.parametrize("end", [NOW - MINUTE, NOW, NOW + MINUTE])
@pytest.mark.parametrize("target", [NoTarget(), RecordingTarget()])
def test_an_end_moved_into_the_past_or_nearer_is_taken_at_once(end: datetime, target: NoTarget | RecordingTarget) -> None:
    store = a_store(an_organization(grants=[a_grant()]))
    declared = an_organization(grants=[a_grant(expires_at=end)])
    assert apply_plan(a_fleet_for(store, declared), store, a_run(target=target)).counts == Counts(update=1)
    assert list(a_fleet_for(store, declared).plans()) == []
    stored = store.read("acme").organization
    assert stored is not None
    over = ended(a_grant(expires_at=end), EndReason.EXPIRED, end, recorded_at=NOW)
    assert stored.grants["inc-1"] == (over if end <= NOW else a_grant(expires_at=end))


# A deliberate rewrite


def forged(fleet: FleetPlan, **edits: Any) -> FleetPlan:
    """Return *fleet* with its only change edited, and everything sealed anew, as somebody would do it whom the codec did not stop."""
    (plan,) = fleet.plans()
    change = replace(plan.changes[0], **edits)
    if change.before is not None and change.after is not None:
        change = replace(change, fields=explain(change.before, change.after))
    plan = replace(plan, changes=(change,), digest=digest(fleet.lineage, plan.serial, (change,)))
    return a_fleet([plan], people=fleet.people)


def test_a_plan_that_is_sealed_anew_as_it_was_is_fine() -> None:
    store = a_store(an_organization(ALICE, BOB))
    fleet = a_fleet_for(store, an_organization(ALICE))
    verify(forged(fleet), store, a_run(target=NoTarget()))


@pytest.mark.parametrize(
    "edits",
    [
        {"reason": Reason.EXPIRED},
        {"reason": Reason.DECLARED},
        {"action": Action.UPDATE},
        {"before": administrator_document(ALICE)},
        {"before": {}},
        {"name": "alice@acme.example"},
        {"name": "nobody@acme.example"},
        {"address": "acme/administrator/alice@acme.example"},
        {"address": "globex/administrator/bob@acme.example"},
        {"after": administrator_document(BOB)},
        {"after": {}},
        {"type": "elevation-grant"},
        {"type": "organization"},
        {"type": "site"},
    ],
)
def test_a_removal_that_was_rewritten_is_refused(edits: dict[str, Any]) -> None:
    store = a_store(an_organization(ALICE, BOB))
    fleet = forged(a_fleet_for(store, an_organization(ALICE)), **edits)
    refused(TamperedPlanError, fleet, store)


@pytest.mark.parametrize(
    "after",
    [
        {**administrator_document(BOB), "email": "mallory@acme.example"},
        {"email": "bob@acme.example"},
        {"email": 3, "roles": []},
        {**administrator_document(BOB), "expires_at": "never"},
        {**administrator_document(BOB), "surprise": True},
        {**administrator_document(BOB), "roles": ["support-administrator", "support-administrator"]},
    ],
)
def test_a_creation_whose_document_is_not_the_canonical_one_is_refused(after: dict[str, Any]) -> None:
    store = a_store(an_organization(ALICE))
    refused(TamperedPlanError, forged(a_fleet_for(store, an_organization(ALICE, BOB)), after=after), store)


@pytest.mark.parametrize("after", [{"name": "inc-1"}, {**grant_document(a_grant()), "requested_at": "soon"}])
def test_a_grant_that_cannot_be_read_is_refused(after: dict[str, Any]) -> None:
    store = a_store(an_organization(ALICE))
    error = refused(TamperedPlanError, forged(a_fleet_for(store, an_organization(ALICE, grants=[a_grant()])), after=after), store)
    assert error.message == "acme/elevation-grant/inc-1 cannot be read"


@pytest.mark.parametrize(
    "after",
    [
        a_grant(expires_at=NOW + DAY),
        a_grant(expires_at=None),
        a_grant(approved_at=NOW + 40 * MINUTE, expires_at=NOW + HOUR),
        a_grant(approved_at=NOW - HOUR),
        a_grant(approved_at=None, approved_by=None),
        a_grant(denied_at=NOW),
        a_grant(revoked_at=NOW - 11 * MINUTE),
        a_request(expires_at=NOW + DAY),
        a_request(denied_at=NOW + DAY),
    ],
)
def test_a_grant_with_instants_that_no_manifest_may_have_is_refused(after: Grant) -> None:
    store = a_store(an_organization(ALICE))
    fleet = a_fleet_for(store, an_organization(ALICE, grants=[a_grant()]))
    error = refused(TamperedPlanError, forged(fleet, after=grant_document(after)), store)
    assert error.message == "acme/elevation-grant/inc-1 cannot have these instants"


@pytest.mark.parametrize("after", [a_grant(expires_at=NOW + 40 * MINUTE), a_grant(agent_email="mallory@cisco.example"), a_request()])
def test_a_stored_grant_that_the_plan_takes_another_way_is_refused(after: Grant) -> None:
    store = a_store(an_organization(ALICE, grants=[a_grant()]))
    fleet = a_fleet_for(store, an_organization(ALICE, grants=[a_grant(expires_at=NOW + MINUTE)]))
    error = refused(TamperedPlanError, forged(fleet, after=grant_document(after)), store)
    assert [finding.rule for finding in error.findings] == ["grant-immutable"]


def test_a_grant_that_has_ended_is_not_revived_by_a_plan() -> None:
    over = ended(a_grant(), EndReason.OMITTED, NOW - MINUTE)
    store = a_store(an_organization(ALICE, grants=[over]))
    change = replace(
        a_plan(an_organization(ALICE, grants=[a_grant()]), an_organization(ALICE)).changes[0],
        action=Action.UPDATE,
        before=grant_document(a_grant()),
        after=grant_document(a_grant(reason="again")),
    )
    place = store.read("acme")
    plan = replace(a_plan(an_organization(BOB, ALICE), place.organization), changes=(change,))
    fleet = forged(a_fleet([plan], people=1))
    error = refused(TamperedPlanError, fleet, store)
    assert [finding.rule for finding in error.findings] == ["grant-name-used"]


# The rules and the rails


def finding(address: str, message: str = "not so") -> Finding:
    return Finding(rule="some-rule", severity=Severity.ERROR, message=message, address=address)


def rechecked(found: dict[int, Sequence[Finding]], stored: Organization, declared: Organization) -> None:
    """Apply with a recheck that answers by how many people an organization has."""
    store = a_store(stored)

    def recheck(organization: Organization) -> Sequence[Finding]:
        return found[len(organization.administrators or {})]

    apply_plan(a_fleet_for(store, declared), store, a_run(target=NoTarget(), recheck=recheck))


def test_what_the_rules_refuse_about_a_change_is_refused() -> None:
    wrong = finding("acme/administrator/bob@acme.example")
    with pytest.raises(TamperedPlanError) as caught:
        rechecked({1: [], 2: [wrong]}, an_organization(ALICE), an_organization(ALICE, BOB))
    assert (caught.value.message, caught.value.findings) == ("the plan contains what the rules refuse", (wrong,))


def test_what_was_wrong_before_does_not_hold_up_a_plan_that_leaves_it() -> None:
    wrong = finding("acme/administrator/alice@acme.example")
    rechecked({1: [wrong], 2: [replace(wrong, detail="more")]}, an_organization(ALICE), an_organization(ALICE, BOB))


def test_a_plan_that_makes_something_else_wrong_is_refused() -> None:
    wrong = finding("acme/administrator/alice@acme.example")
    with pytest.raises(TamperedPlanError):
        rechecked({1: [wrong], 2: []}, an_organization(ALICE, BOB), an_organization(ALICE))


def test_the_limits_hold_again_and_the_exact_number_lifts_them() -> None:
    store = a_store(an_organization(ALICE, *crowd(12)))
    fleet = a_fleet_for(store, an_organization(ALICE))
    error = refused(RefusedError, fleet, store)
    assert [refusal.rule for refusal in error.findings] == ["too-many-removals"]
    refused(RefusedError, fleet, store, acknowledged=Acknowledgements(removals={"acme": 11}))
    run = a_run(target=NoTarget(), acknowledged=Acknowledgements(removals={"acme": 12}))
    assert apply_plan(fleet, store, run).counts == Counts(delete=12)


def test_the_limits_are_those_of_the_run_that_applies() -> None:
    store = a_store(an_organization(ALICE, BOB))
    fleet = a_fleet_for(store, an_organization(ALICE))
    for policy in (
        Policy(organization_limit=RemovalLimit(people=0, percent=0, minimum=0)),
        Policy(overall_limit=RemovalLimit(people=0, percent=0, minimum=0)),
    ):
        error = refused(RefusedError, fleet, store, policy=policy)
        assert [refusal.rule for refusal in error.findings] == ["too-many-removals"]


FREEZE = Freeze(begin=NOW + MINUTE, until=NOW + HOUR, reason="quiet")


def test_a_freeze_that_began_since_the_plan_was_made_is_seen_under_the_lock() -> None:
    store = a_store(an_organization(ALICE))
    fleet = a_fleet_for(store, an_organization(ALICE, BOB))
    frozen = Policy(freezes=[FREEZE])
    error = refused(RefusedError, fleet, store, now=NOW + MINUTE, policy=frozen)
    assert [refusal.rule for refusal in error.findings] == ["freeze-window"]
    put(store, an_organization(ALICE, EVE), name="acme")
    refused(StalePlanError, fleet, store, now=NOW + MINUTE, policy=frozen)


@pytest.mark.parametrize("now", [NOW, NOW + HOUR])
def test_a_freeze_refuses_nothing_before_and_after_it(now: datetime) -> None:
    store = a_store(an_organization(ALICE))
    run = a_run(target=NoTarget(), clock=FixedClock(now), policy=Policy(freezes=[FREEZE]))
    assert apply_plan(a_fleet_for(store, an_organization(ALICE, BOB)), store, run).counts == Counts(create=1)


def test_a_clock_that_was_set_back_does_not_lead_out_of_a_freeze() -> None:
    store = a_store(an_organization(ALICE))
    put(store, an_organization(BOB, name="globex"))
    shown = NOW - DAY
    policy = Policy(freezes=[replace(FREEZE, begin=NOW - MINUTE)])
    error = refused(RefusedError, a_fleet_for(store, an_organization(ALICE, BOB)), store, now=shown, policy=policy)
    assert [refusal.rule for refusal in error.findings] == ["freeze-window"]


def test_ends_go_on_during_a_freeze() -> None:
    store = a_store(an_organization(ALICE, BOB))
    run = a_run(target=NoTarget(), clock=FixedClock(NOW + MINUTE), policy=Policy(freezes=[FREEZE]))
    assert apply_plan(a_fleet_for(store, an_organization(ALICE)), store, run).counts == Counts(delete=1)


def test_a_mark_that_was_stored_since_the_plan_was_made_counts() -> None:
    store = a_store(an_organization(ALICE, replace(BOB, protect=True)))
    error = refused(RefusedError, a_fleet_for(store, an_organization(ALICE)), store)
    assert [refusal.rule for refusal in error.findings] == ["protected-administrator"]


def test_no_acknowledgement_overrides_staleness() -> None:
    store = a_store(an_organization(ALICE, *crowd(12)))
    fleet = a_fleet_for(store, an_organization(ALICE))
    put(store, an_organization(ALICE, *crowd(13)))
    refused(StalePlanError, fleet, store, acknowledged=Acknowledgements(removals={"acme": 12, "all": 12}))


def many() -> tuple[MemoryStore, FleetPlan]:
    """Eleven organizations that lose five people each: no limit of one is touched, the one over all is."""
    names = [f"org-{number:02}" for number in range(11)]
    store = a_store(*(an_organization(ALICE, *crowd(5), name=name) for name in names))
    return store, a_fleet_for(store, *(an_organization(ALICE, name=name) for name in names))


def test_the_overall_limit_holds_again_and_the_exact_number_lifts_it() -> None:
    store, fleet = many()
    error = refused(RefusedError, fleet, store)
    assert [refusal.message for refusal in error.findings] == ["55 of 66 people would lose access in all organizations in scope"]
    run = a_run(target=NoTarget(), acknowledged=Acknowledgements(removals={"all": 55}))
    assert apply_plan(fleet, store, run).counts == Counts(delete=55)


def test_a_number_of_people_that_was_made_up_does_not_lift_the_overall_limit() -> None:
    store, fleet = many()
    refused(RefusedError, replace(fleet, people=1_000_000), store)
    refused(RefusedError, replace(fleet, people=1_000_000, serials={**fleet.serials, "nobody": 0}), store)


def test_organizations_without_a_change_count_for_the_overall_limit() -> None:
    store, fleet = many()
    put(store, an_organization(ALICE, *crowd(600), name="unchanged"))
    wider = replace(fleet, people=667, serials={**fleet.serials, "unchanged": 1})
    assert apply_plan(wider, store, a_run(target=NoTarget())).counts == Counts(delete=55)


def test_the_last_full_administrator_is_kept_here_too() -> None:
    store = a_store(an_organization(ALICE, BOB))
    error = refused(RefusedError, a_fleet_for(store, an_organization(BOB)), store)
    assert [refusal.rule for refusal in error.findings] == ["no-full-administrator-left"]


# Once and only once


def applied() -> tuple[MemoryStore, FleetPlan]:
    store = a_store(an_organization(ALICE, BOB), an_organization(ALICE, BOB, name="globex"))
    fleet = a_fleet_for(store, an_organization(ALICE, EVE), an_organization(ALICE, name="globex"))
    apply_plan(fleet, store, a_run(target=NoTarget()))
    return store, fleet


def test_a_plan_that_nobody_began_has_no_earlier_run() -> None:
    store = a_store(an_organization(ALICE, BOB))
    fleet = a_fleet_for(store, an_organization(ALICE))
    assert earlier_run(fleet.plan_hash, fleet.plans(), store) is None


def test_a_plan_that_was_performed_names_its_run() -> None:
    store, fleet = applied()
    assert earlier_run(fleet.plan_hash, fleet.plans(), store) == "r1"
    assert earlier_run(fleet.plan_hash, None, store) == "r1"


def test_a_plan_that_was_performed_and_then_overtaken_is_stale() -> None:
    store, fleet = applied()
    put(store, an_organization(ALICE, BOB, name="globex"))
    with pytest.raises(StalePlanError, match="this plan was applied by run r1, and globex has changed since"):
        earlier_run(fleet.plan_hash, fleet.plans(), store)


def test_a_performed_plan_does_not_mind_what_happens_to_others() -> None:
    store, fleet = applied()
    put(store, an_organization(ALICE, name="initech"))
    assert earlier_run(fleet.plan_hash, fleet.plans(), store) == "r1"


def test_a_plan_that_was_performed_in_part_is_stale() -> None:
    store, target = a_store(an_organization(ALICE)), RecordingTarget()
    fleet = a_fleet_for(store, an_organization(ALICE, BOB, EVE))
    target.fails("acme/administrator/eve@acme.example")
    apply_plan(fleet, store, a_run(target=target))
    with pytest.raises(StalePlanError, match="this plan was applied only in part, by run r1"):
        earlier_run(fleet.plan_hash, fleet.plans(), store)


def test_a_plan_of_which_nothing_succeeded_may_be_tried_again() -> None:
    store, target = a_store(an_organization(ALICE)), RecordingTarget()
    fleet = a_fleet_for(store, an_organization(ALICE, BOB))
    target.fails("acme/administrator/bob@acme.example")
    apply_plan(fleet, store, a_run(target=target))
    assert earlier_run(fleet.plan_hash, fleet.plans(), store) is None
    assert apply_plan(fleet, store, a_run(target=target, run="r2")).counts == Counts(create=1)
