"""Guard: the safety rails. They judge changes, not manifests, and every refusal carries its numbers and its way out."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from reconciler.catalog import FULL_ADMINISTRATOR
from reconciler.model.changes import Action, Change, Reason, Removals
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import ADMINISTRATOR, identity, organization_address
from reconciler.model.instants import format_instant
from reconciler.model.policy import ORGANIZATION_LIMIT, OVERALL_LIMIT, Acknowledgements, RemovalLimit
from reconciler.model.resources import Organization
from reconciler.planning.order import holds_full
from reconciler.planning.widening import widens

NO_FULL_ADMINISTRATOR_LEFT = "no-full-administrator-left"
TOO_MANY_REMOVALS = "too-many-removals"
CLOCK_SET_BACK = "clock-set-back"


def removals(before: Organization | None, changes: Iterable[Change], *, stored_live: int) -> Removals:
    """Return who loses access by *changes*: who leaves, loses every role, or stops being full administrator; expiries do not count.

    Args:
        before: as stored.
        changes: of that organization.
        stored_live: how many people the state holds for it whose access has not ended.
    """
    if before is None:
        return Removals(people=(), stored=0)
    gone = sorted(identity(change.name) for change in changes if change.type == ADMINISTRATOR and _removes(change))
    return Removals(people=tuple(gone), stored=stored_live)


def _removes(change: Change) -> bool:
    if change.action is Action.DELETE:
        return change.reason is not Reason.EXPIRED
    if change.before is None or change.after is None:
        return False
    demoted = FULL_ADMINISTRATOR in change.before["roles"] and FULL_ADMINISTRATOR not in change.after["roles"]
    return demoted or not (change.after["roles"] or change.after.get("sites"))


def lockout(before: Organization | None, changes: Iterable[Change], after: Organization | None) -> Iterator[Finding]:
    """Yield a refusal when, after any step, nobody is left who administers the organization without an end.

    Where the administrators are not known, nothing is claimed. Recording ends that have come by themselves is never refused.
    """
    changes = tuple(changes)
    if after is None or after.administrators is None or all(change.expires for change in changes):
        return
    people = (before.administrators if before else None) or {}
    holders = {key for key, person in people.items() if FULL_ADMINISTRATOR in person.roles and person.expires_at is None}
    had = bool(holders)
    for change in changes:
        if change.type != ADMINISTRATOR:
            continue
        key = identity(change.name)
        if holds_full(change.after):
            holders.add(key)
        else:
            holders.discard(key)
        if had and not holders:
            yield _lockout(after.name, f"after the step that takes {change.name} away")
            return
        had = had or bool(holders)
    if not holders:
        yield _lockout(after.name, "when the changes are made")


def _lockout(name: str, when: str) -> Finding:
    return Finding(
        rule=NO_FULL_ADMINISTRATOR_LEFT,
        severity=Severity.ERROR,
        message=f"{name} would have no full administrator without an end {when}",
        detail="at least 1 is needed at every moment; access with an end does not count",
        hint="give somebody full-administrator without expiresAt first",
        address=organization_address(name),
    )


def too_many(organization: str, counted: Removals, acknowledged: Acknowledgements) -> Iterator[Finding]:
    """Yield a refusal when one organization loses too many people at once and that number was not acknowledged."""
    count = len(counted.people)
    if _exceeds(count, counted.stored, ORGANIZATION_LIMIT) and acknowledged.removals.get(organization) != count:
        who = f"; they are {', '.join(counted.people)}"
        said = _said(organization, count, acknowledged) + who
        yield _refusal(organization, count, counted.stored, ORGANIZATION_LIMIT, said)


def too_many_overall(count: int, stored: int, acknowledged: Acknowledgements) -> Iterator[Finding]:
    """Yield a refusal when all organizations together lose too many people at once and that number was not acknowledged."""
    if _exceeds(count, stored, OVERALL_LIMIT) and acknowledged.removals.get("all") != count:
        yield _refusal(None, count, stored, OVERALL_LIMIT, _said("all", count, acknowledged))


def _exceeds(count: int, stored: int, limit: RemovalLimit) -> bool:
    return count > limit.people and stored >= limit.minimum and count * 100 > limit.percent * stored


def _said(key: str, count: int, acknowledged: Acknowledgements) -> str:
    typed = acknowledged.removals.get(key)
    return "" if typed is None else f"; --allow-removals {key}={typed} was given, but the number is {count}"


def _refusal(organization: str | None, count: int, stored: int, limit: RemovalLimit, more: str) -> Finding:
    return Finding(
        rule=TOO_MANY_REMOVALS,
        severity=Severity.ERROR,
        message=f"{count} of {stored} people would lose access in {organization or 'all organizations in scope'}",
        detail=f"more than {limit.people} people and more than {limit.percent} % at once are refused{more}",
        hint=f"if exactly these removals are meant: --allow-removals {organization or 'all'}={count}",
        address=None if organization is None else organization_address(organization),
    )


def clock_set_back(changes: Iterable[Change], *, shown: datetime, now: datetime, tolerance: timedelta) -> Iterator[Finding]:
    """Yield a refusal when *changes* widen access by a clock that is behind what is recorded; what only takes access away goes on.

    Args:
        changes: of all organizations.
        shown: what the machine's clock shows.
        now: the instant decided by: *shown*, or the highest instant on record if that is later.
        tolerance: by how much clocks may differ.
    """
    if now - shown <= tolerance or not any(map(widens, changes)):
        return
    yield Finding(
        rule=CLOCK_SET_BACK,
        severity=Severity.ERROR,
        message=f"the machine's clock shows {format_instant(shown)}, but the journal has an entry of {format_instant(now)}",
        detail="by a clock that was set back, access would last longer than it may; ends, removals and revocations are not held back",
        hint="set the clock right and run again; reconciler history shows the entry, and changes that only take access away need no clock",
    )
