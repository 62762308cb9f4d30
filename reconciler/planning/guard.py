"""Guard: the safety rails. They judge changes, not manifests, and every refusal carries its numbers and its way out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.catalog import FULL_ADMINISTRATOR
from reconciler.model.changes import Action, Change, Reason, Removals
from reconciler.model.findings import Finding, Range, Severity
from reconciler.model.identifiers import ADMINISTRATOR, ORGANIZATION, identity, organization_address
from reconciler.model.instants import format_instant, parse_instant
from reconciler.model.policy import ORGANIZATION_LIMIT, OVERALL_LIMIT, Acknowledgements, Freeze, RemovalLimit
from reconciler.model.resources import Organization
from reconciler.planning.order import holds_full
from reconciler.planning.widening import ends_access, widens

NO_FULL_ADMINISTRATOR_LEFT = "no-full-administrator-left"
TOO_MANY_REMOVALS = "too-many-removals"
CLOCK_SET_BACK = "clock-set-back"
PROTECTED_ADMINISTRATOR = "protected-administrator"
FREEZE_WINDOW = "freeze-window"

_NAMED = 5
"""So many of the people or resources that a refusal is about are named."""


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
        if change.former is not None:
            holders.discard(identity(change.former))
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


def too_many(
    organization: str, counted: Removals, acknowledged: Acknowledgements, limit: RemovalLimit = ORGANIZATION_LIMIT
) -> Iterator[Finding]:
    """Yield a refusal when one organization loses too many people at once and that number was not acknowledged."""
    count = len(counted.people)
    if _exceeds(count, counted.stored, limit) and acknowledged.removals.get(organization) != count:
        who = f"; they are {', '.join(counted.people)}"
        said = _said(organization, count, acknowledged) + who
        yield _refusal(organization, count, counted.stored, limit, said)


def too_many_overall(count: int, stored: int, acknowledged: Acknowledgements, limit: RemovalLimit = OVERALL_LIMIT) -> Iterator[Finding]:
    """Yield a refusal when all organizations together lose too many people at once and that number was not acknowledged."""
    if _exceeds(count, stored, limit) and acknowledged.removals.get("all") != count:
        yield _refusal(None, count, stored, limit, _said("all", count, acknowledged))


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
        detail=f"more than {limit.people} people and more than {limit.percent} % at once are refused{_set_in(organization, limit)}{more}",
        hint=f"if exactly these removals are meant: --allow-removals {organization or 'all'}={count}",
        address=None if organization is None else organization_address(organization),
    )


def _set_in(organization: str | None, limit: RemovalLimit) -> str:
    key = f"policy.limits.{'overall' if organization is None else 'organization'}"
    return f" (the default of {key})" if limit.range is None else f" ({key}, {_place(limit.range)})"


def _place(where: Range) -> str:
    return f"{where.filename}:{where.start.line}"


def protected(before: Organization | None, changes: Iterable[Change], *, now: datetime) -> Iterator[Finding]:
    """Yield a refusal for everybody whose stored mark `protect` stands against *changes*.

    That is who would leave, lose every role or full administrator, or be given an end or an earlier one, and who is in an organization
    that would be forgotten.

    The stored mark counts, so that no plan takes it off and removes the person at once. An end that has come by itself is no removal.
    """
    people = (before.administrators if before else None) or {}
    for change in changes:
        if change.type == ORGANIZATION and change.action is Action.DELETE:
            marked = [people[key].email for key in sorted(people) if people[key].protect and people[key].live_at(now)]
            if marked:
                yield Finding(
                    rule=PROTECTED_ADMINISTRATOR,
                    severity=Severity.ERROR,
                    message=f"{change.organization} has protected administrators and would be forgotten",
                    detail=f"protected: {_first(marked)}",
                    hint="take protect off in the manifest, apply that, and forget the organization after it",
                    address=change.address,
                )
        elif change.type == ADMINISTRATOR and change.before is not None and change.before.get("protect") and not change.expires:
            what = _taken_from(change)
            if what:
                yield Finding(
                    rule=PROTECTED_ADMINISTRATOR,
                    severity=Severity.ERROR,
                    message=f"{change.name} is protected and would {what}",
                    detail="the stored mark counts: it is taken off by a change of its own, and what it stands against comes after that",
                    hint=f"declare {change.name} as stored but without protect, apply that, and make this change in the next run",
                    address=change.address,
                )


def _taken_from(change: Change) -> str:
    """Say what a mark would stand against; empty for anything else."""
    if not _removes(change):
        return "be given an earlier end" if _ends_sooner(change) else ""
    if change.after is None:
        return "be removed"
    return f"lose {FULL_ADMINISTRATOR}" if change.after["roles"] or change.after.get("sites") else "lose every role"


def _ends_sooner(change: Change) -> bool:
    was, will = ((side or {}).get("expires_at") for side in (change.before, change.after))
    return will is not None and (was is None or parse_instant(will) < parse_instant(was))


def _first(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def held_back(changes: Iterable[Change], window: Freeze | None) -> tuple[str, ...]:
    """Return the addresses of those of *changes* that *window* holds back: all but ends of access.

    A new name alone gives and takes nothing, and where there are ends, they stand under it: they take it along.
    """
    if window is None:
        return ()
    every = tuple(changes)
    held = [change for change in every if not ends_access(change)]
    if len(held) < len(every) and all(_only_renames(change) for change in held):
        return ()
    return tuple(change.address for change in held)


def _only_renames(change: Change) -> bool:
    return change.type == ORGANIZATION and change.former is not None and [field.path for field in change.fields] == ["name"]


def frozen(held: Mapping[Freeze, Sequence[str]]) -> Iterator[Finding]:
    """Yield a refusal for each window that holds something back; *held* has the addresses."""
    for window, addresses in held.items():
        if addresses:
            count = "1 change is" if len(addresses) == 1 else f"{len(addresses)} changes are"
            where = "" if window.range is None else f" ({_place(window.range)})"
            until = format_instant(window.until)
            yield Finding(
                rule=FREEZE_WINDOW,
                severity=Severity.ERROR,
                message=f"{count} held back by a freeze until {until}: {window.reason}",
                detail=f"since {format_instant(window.begin)}{where}; held back: {_first(addresses)}. Ends of access are never held back: "
                "apply makes the changes that do nothing but take access away",
                hint=f"apply from {until} on, or take the window out of policy.freeze in reconciler.yaml by a change of its own",
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
