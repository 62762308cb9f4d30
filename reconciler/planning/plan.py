"""Plan: one organization's changes, judged and sealed. The same function makes a fresh plan and re-makes a saved one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.catalog import Catalog
from reconciler.model.changes import Change, Plan, Reason, Risk, Summary
from reconciler.model.findings import Finding, Range
from reconciler.model.lifetimes import grant_end, moments
from reconciler.model.policy import ORGANIZATION_LIMIT, Acknowledgements, RemovalLimit
from reconciler.model.protocols import Stored
from reconciler.model.resources import Organization
from reconciler.planning.diff import diff
from reconciler.planning.guard import lockout, protected, removals, too_many
from reconciler.planning.order import in_order
from reconciler.planning.risk import risk_of
from reconciler.planning.seal import digest, upcoming


def plan_organization(
    name: str,
    stored: Stored,
    after: Organization | None,
    *,
    lineage: str | None,
    now: datetime,
    catalog: Catalog,
    acknowledged: Acknowledgements,
    limit: RemovalLimit = ORGANIZATION_LIMIT,
    declared: int = 0,
    findings: Sequence[Finding] = (),
) -> Plan:
    """Return the plan that turns *stored* into *after*.

    Args:
        name: of the organization.
        stored: the organization and the serial it has.
        after: as `scope.resolve` gives it; None to forget the organization.
        lineage: of the stored state, None when there is none yet.
        now: the instant of planning, UTC.
        catalog: the facts.
        acknowledged: which removals were typed as meant.
        limit: how many people may lose access at once.
        declared: how many resources the manifests declare; those without a change are counted as unchanged.
        findings: warnings and infos to carry along.
    """
    before = stored.organization
    changes = tuple(_with_risk(change, risk_of(change, catalog)) for change in in_order(diff(before, after, now)))
    counted = removals(before, changes if after is not None else (), stored_live=live_people(before, now))
    timeline = upcoming(moments(after, request_lifetime=catalog.request_lifetime), now) if after is not None else ()
    starting = upcoming(moments(before, request_lifetime=catalog.request_lifetime), now) if before is not None else ()
    ends = [moment.at for moment in (*timeline, *starting)]
    refusals = (
        (*lockout(before, changes, after), *protected(before, changes, now=now), *too_many(name, counted, acknowledged, limit))
        if changes
        else ()
    )
    return Plan(
        organization=name,
        serial=stored.serial,
        digest=digest(lineage, stored.serial, changes, former_serial=stored.former_serial) if changes else "",
        as_of=now,
        changes=changes,
        findings=tuple(findings),
        refusals=refusals,
        timeline=timeline if changes else (),
        valid_until=min(ends, default=None) if changes else None,
        unchanged=max(0, declared - sum(1 for change in changes if change.after is not None)),
        removals=counted,
        former=after.former_name if after is not None else None,
        former_serial=stored.former_serial,
    )


def _with_risk(change: Change, risk: Risk) -> Change:
    # Written out: `replace` takes three times as long, for every change of a fleet.
    return Change(
        address=change.address,
        organization=change.organization,
        type=change.type,
        name=change.name,
        action=change.action,
        reason=change.reason,
        before=change.before,
        after=change.after,
        fields=change.fields,
        risk=risk,
    )


def live_people(organization: Organization | None, now: datetime) -> int:
    """Return how many people of *organization* have access that has not ended at *now*."""
    people = organization.administrators if organization else None
    return sum(1 for person in (people or {}).values() if person.live_at(now))


def summarize(plan: Plan) -> Summary:
    """Return the counts of one plan; they are disjoint."""
    counts = {"create": 0, "update": 0, "delete": 0, "expire": 0}
    for change in plan.changes:
        counts[_kind(change)] += 1
    return Summary(no_op=plan.unchanged, **counts)


def _kind(change: Change) -> str:
    return "expire" if change.reason is Reason.EXPIRED else change.action.value


def count_declared(declared: Organization, now: datetime, *, request_lifetime: timedelta) -> int:
    """Return how many resources of *declared* are not over at *now*; what is over is inert and not counted."""
    grants = sum(1 for grant in declared.grants.values() if now < grant_end(grant, request_lifetime=request_lifetime))
    return (declared.settings is not None) + live_people(declared, now) + grants


def with_ranges(plan: Plan, ranges: Mapping[str, Range]) -> Plan:
    """Return *plan* with the places in the manifests that declare its changes."""
    return replace(plan, ranges=ranges)
