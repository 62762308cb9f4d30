"""Freezes: what a plan is without the changes that one holds back. Ends of access never wait for a freeze, also beside others."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.model.changes import Change, Plan, Summary
from reconciler.model.documents import UNREADABLE
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import ORGANIZATION
from reconciler.model.instants import format_instant
from reconciler.model.policy import Freeze
from reconciler.model.protocols import StateReader
from reconciler.model.resources import OrganizationFacts
from reconciler.model.results import FleetPlan
from reconciler.pipeline.request import Request
from reconciler.planning.guard import held_back
from reconciler.planning.perform import perform_all
from reconciler.planning.plan import plan_organization, summarize
from reconciler.planning.renames import sides, stored_under
from reconciler.planning.seal import PlanHash, change_content
from reconciler.planning.widening import ends_access

UNKNOWN_FROZEN = "unknown-frozen-organization"


def without_held_back(made: FleetPlan, store: StateReader, request: Request, now: datetime) -> FleetPlan:
    """Return what of *made* no freeze holds back at *now*, or *made* as it is where that is all or nothing of it.

    Whatever does not fit the state stays in, for `verify` to say so.
    """
    if not any(window.counts_at(now) for window in request.policy.freezes):
        return made
    left: list[Plan] = []
    given_up: list[tuple[Change, str]] = []
    for section in made.plans():
        window, kept = _kept(section, made, store, request, now)
        if kept is not None:
            left.append(kept)
        if window is not None and kept is not section:
            reason = f"held back by a freeze until {format_instant(window.until)}"
            performed = kept.changes if kept is not None else ()
            given_up += [(change, reason) for change in section.changes if change not in performed]
    if not left or not given_up:
        return made
    total = PlanHash()
    for section in left:
        total.add(section.organization, section.digest)
    return replace(
        made,
        plan_hash=total.text(),
        summary=sum(map(summarize, left), Summary()),
        refusals=(),
        former={section.organization: section.former for section in left if section.former is not None},
        changed=tuple(section.organization for section in left),
        plans=lambda: iter(left),
        given_up=(*made.given_up, *given_up),
    )


def _kept(section: Plan, made: FleetPlan, store: StateReader, request: Request, now: datetime) -> tuple[Freeze | None, Plan | None]:
    """Return the window that is about the organization, and what it leaves of its plan; None where that is nothing."""
    stored, lifetime = stored_under(store, section.organization, made.former), request.catalog.request_lifetime
    if (stored.serial, stored.former_serial) != (section.serial, section.former_serial):
        return None, section
    due = [change for change in section.changes if ends_access(change)]
    try:
        whole = perform_all(stored.organization, section.changes, now, request_lifetime=lifetime)
        window = request.policy.freeze_of(sides(stored.organization, whole), now)
        if not held_back(section.changes, window):
            return None, section
        if not due:
            return window, None
        after = perform_all(stored.organization, due, now, request_lifetime=lifetime)
        kept = plan_organization(
            section.organization,
            stored,
            after if after is None else replace(after, former_name=section.former),
            lineage=made.lineage,
            now=made.as_of,
            catalog=request.catalog,
            acknowledged=request.acknowledged,
            limit=request.policy.organization_limit,
        )
    except UNREADABLE:
        return None, section
    if [change_content(change) for change in kept.changes if change.type != ORGANIZATION] != [*map(change_content, due)]:
        return None, section
    if kept.refusals:
        # Alone it is not safe: nobody takes the only full administrator away for a successor who does not come.
        return window, None
    steps = tuple(step for step in section.steps if step.address in {change.address for change in due})
    return window, replace(kept, steps=steps, since=section.since, ranges=section.ranges)


def unknown_to_freezes(request: Request, known: Mapping[str, OrganizationFacts], now: datetime) -> Iterator[Finding]:
    """Yield every organization that a window which is not over names, and nobody knows: what is meant is not frozen."""
    for window in request.policy.freezes:
        for name in sorted(window.organizations) if now < window.until else ():
            if name not in known:
                yield Finding(
                    rule=UNKNOWN_FROZEN,
                    severity=Severity.WARNING,
                    message=f"a freeze names {name}, and no such organization is declared or stored",
                    detail=f"until {format_instant(window.until)}: {window.reason}; the window does nothing for that name",
                    hint="correct the name in policy.freeze, or take it out",
                    range=window.range,
                )
