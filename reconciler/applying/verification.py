"""Before anything is performed: does the plan still fit the state, itself, the present, and the rules?"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from reconciler.applying.run import Run
from reconciler.model.changes import Change, Plan
from reconciler.model.documents import UNREADABLE, Document, read_administrator, read_grant
from reconciler.model.errors import ExpiredPlanError, RefusedError, TamperedPlanError
from reconciler.model.findings import Finding
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT
from reconciler.model.instants import format_instant
from reconciler.model.journal import Entry, EntryKind
from reconciler.model.lifetimes import grant_end, keeps_its_hours, moments
from reconciler.model.policy import Freeze
from reconciler.model.protocols import StateReader, Stored
from reconciler.model.resources import Administrator, Grant, Organization
from reconciler.model.results import FleetPlan
from reconciler.planning.codec import PLAN_AGAIN, stale
from reconciler.planning.guard import clock_set_back, frozen, held_back, too_many_overall
from reconciler.planning.perform import perform_all
from reconciler.planning.plan import live_people, plan_organization
from reconciler.planning.renames import gives_up, sides, stored_under
from reconciler.planning.scope import forbidden


def earlier_run(plan_hash: str, plans: Iterator[Plan] | None, reader: StateReader) -> str | None:
    """Return the run that performed the plan of that hash in full, when nothing has moved since; None when none ever began.

    Args:
        plan_hash: of the plan.
        plans: its organizations, to count against; None when only the hash is known.
        reader: the stored state.

    Raises:
        StalePlanError: it was performed in part, or its organizations have changed since.
    """
    expected = None if plans is None else {plan.organization: len(plan.changes) for plan in plans}
    run = None
    performed: dict[str, int] = {}
    for organization, group in groupby(reader.entries_of_plan(plan_hash), key=lambda entry: entry.organization):
        # A former name is given up with the first change under the new one, and is free for another organization then.
        entries: list[Entry] = [entry for entry in group if entry.record.kind is EntryKind.CHANGE and not gives_up(entry)]
        if not entries:
            continue
        run = entries[-1].record.run
        performed[organization] = len(entries)
        if reader.read(organization).serial != entries[-1].serial:
            raise stale(f"this plan was applied by run {run}, and {organization} has changed since", f"plan hash {plan_hash}")
    if run is not None and expected is not None and performed != expected:
        raise stale(f"this plan was applied only in part, by run {run}", f"plan hash {plan_hash}")
    return run


def verify(fleet: FleetPlan, store: StateReader, run: Run) -> None:
    """Check that *fleet* fits the state and the present, and that a fresh plan would do and refuse the same.

    Raises:
        StalePlanError, TamperedPlanError, ExpiredPlanError, RefusedError: it does not.
    """
    now = run.clock.now()
    if fleet.lineage is not None and fleet.lineage != store.lineage:
        lineages = f"the plan was made for lineage {fleet.lineage}, the state has {store.lineage}"
        raise stale("Saved plan does not match the given state", lineages)
    if fleet.valid_until is not None and now >= fleet.valid_until:
        raise _expired(f"the plan was valid until {format_instant(fleet.valid_until)}")
    refusals: list[Finding] = []
    held: dict[Freeze, list[str]] = {}
    removed = 0
    for plan in fleet.plans():
        if plan.serial and fleet.lineage is None:
            raise stale("Saved plan does not match the given state", f"the plan names no lineage, but a serial of {plan.organization}")
        stored = stored_under(store, plan.organization, fleet.former)
        again, after = _verify_organization(plan, fleet, stored, run, now)
        refusals.extend(again.refusals)
        removed += len(again.removals.people)
        window = run.policy.freeze_of(sides(stored.organization, after), now)
        if window is not None:
            held.setdefault(window, []).extend(held_back(plan.changes, window))
    refusals.extend(frozen(held))
    if removed > run.policy.overall_limit.people:
        # Counted anew: the number in the plan is not sealed by its hash.
        people = sum(live_people(store.read(name).organization, now) for name in fleet.serials)
        refusals.extend(too_many_overall(removed, people, run.acknowledged, run.policy.overall_limit))
    if refusals:
        raise RefusedError("the plan is refused", findings=refusals)


def refuse_to_widen(fleet: FleetPlan, run: Run, shown: datetime) -> None:
    """Check that the machine's clock, which shows *shown*, is not behind what is recorded, if anything in *fleet* widens access.

    Raises:
        RefusedError: it is.
    """
    changes = (change for plan in fleet.plans() for change in plan.changes)
    refusals = [*clock_set_back(changes, shown=shown, now=run.clock.now(), tolerance=run.catalog.clock_tolerance)]
    if refusals:
        raise RefusedError("the plan is refused", findings=refusals)


def _verify_organization(plan: Plan, fleet: FleetPlan, stored: Stored, run: Run, now: datetime) -> tuple[Plan, Organization | None]:
    """Return the plan made anew, and what the organization becomes."""
    name, lifetime = plan.organization, run.catalog.request_lifetime
    if stored.serial != plan.serial:
        raise stale("Saved plan is stale", f"{name} had serial {plan.serial} when the plan was made and has {stored.serial} now")
    if stored.former_serial != plan.former_serial:
        serials = f"had serial {plan.former_serial} when the plan was made and has {stored.former_serial} now"
        raise stale("Saved plan is stale", f"{plan.former}, which it renames to {name}, {serials}")
    for change in plan.changes:
        _may_become(change, stored.organization, run, now)
        _still_gives(change, run, now)
    try:
        after = perform_all(stored.organization, plan.changes, now, request_lifetime=lifetime)
        again = plan_organization(
            name,
            stored,
            after,
            lineage=fleet.lineage,
            now=now,
            catalog=run.catalog,
            acknowledged=run.acknowledged,
            limit=run.policy.organization_limit,
        )
    except UNREADABLE as error:
        raise _tampered(f"the changes of {name} cannot be performed", str(error)) from error
    for organization in filter(None, (stored.organization, after)):
        passed = [moment for moment in moments(organization, request_lifetime=lifetime) if plan.as_of < moment.at <= now]
        if passed:
            raise _expired(f"{passed[0].address} {passed[0].event} at {format_instant(passed[0].at)}, after the plan was made")
    if again.digest != plan.digest:
        raise _tampered(f"the changes of {name} are not what a fresh plan would make of them", "they are computed anew")
    errors = new_errors(plan.changes, stored.organization, after, run.recheck)
    if errors:
        raise TamperedPlanError("the plan contains what the rules refuse", findings=errors)
    if after is None:
        return again, None
    return replace(again, refusals=(*again.refusals, *run.judge(stored.organization, after))), after


def new_errors(
    changes: Iterable[Change],
    before: Organization | None,
    after: Organization | None,
    recheck: Callable[[Organization], Sequence[Finding]],
) -> list[Finding]:
    """Return what the rules refuse about what is changed, and what they did not refuse before the change."""
    if after is None:
        return []
    addresses = {change.address for change in changes}
    known = {(finding.rule, finding.address, finding.message) for finding in (recheck(before) if before else ())}
    return [
        finding
        for finding in recheck(after)
        if finding.address in addresses or (finding.rule, finding.address, finding.message) not in known
    ]


def _may_become(change: Change, before: Organization | None, run: Run, now: datetime) -> None:
    """Refuse a grant that no manifest could declare: without an end in time, or a step back from the stored one."""
    if change.type != ELEVATION_GRANT or change.after is None:
        return
    grant, lifetime = _read_grant(change, change.after), run.catalog.request_lifetime
    if not keeps_its_hours(grant, request_lifetime=lifetime, access_lifetime=run.catalog.elevation_lifetime):
        raise _tampered(f"{change.address} cannot have these instants", "a decision comes within the request's hour, an end within another")
    old = before.grants.get(grant.name) if before else None
    findings = [] if old is None else list(forbidden(old, grant, now, lifetime))
    if findings:
        raise TamperedPlanError("the plan contains what the rules refuse", findings=findings)


def _still_gives(change: Change, run: Run, now: datetime) -> None:
    """Refuse to give what has ended already."""
    if is_over(change, run, now):
        raise _expired(f"what {change.address} would give has ended")


def _end_of(change: Change, run: Run) -> datetime | None:
    """The instant from which what *change* gives is over; None when it gives nothing or has no end."""
    if change.after is None:
        return None
    if change.type == ADMINISTRATOR:
        if "expires_at" not in change.after:
            return None  # nearly always; that it can be read at all shows when it is performed
        end = _read_administrator(change, change.after).expires_at
        had = None if change.before is None else _read_administrator(change, change.before)
        # An earlier end is nothing given: it is recorded even when it has come meanwhile, or what was there before would stay for ever.
        return None if had is not None and end is not None and (had.expires_at is None or end < had.expires_at) else end
    if change.type != ELEVATION_GRANT or "approved_at" in (change.before or {}):
        return None  # a decided grant can only be ended earlier
    grant = _read_grant(change, change.after)
    return None if grant.denied_at is not None else grant_end(grant, request_lifetime=run.catalog.request_lifetime)


def _read_administrator(change: Change, document: Document) -> Administrator:
    try:
        return read_administrator(document)
    except UNREADABLE as error:
        raise _tampered(f"{change.address} cannot be read", str(error)) from error


def _read_grant(change: Change, document: Document) -> Grant:
    try:
        return read_grant(document)
    except UNREADABLE as error:
        raise _tampered(f"{change.address} cannot be read", str(error)) from error


def _tampered(message: str, detail: str) -> TamperedPlanError:
    return TamperedPlanError(message, detail=detail, hint=PLAN_AGAIN)


def _expired(detail: str) -> ExpiredPlanError:
    return ExpiredPlanError("the plan is no longer valid", detail=detail, hint=PLAN_AGAIN)


def is_over(change: Change, run: Run, at: datetime) -> bool:
    """Tell whether what *change* would give has ended at *at*."""
    end = _end_of(change, run)
    return end is not None and end <= at
