"""Risk: how much a mistake in a change would cost, from what it gives and takes."""

from collections.abc import Iterator

from reconciler.catalog import Catalog
from reconciler.model.changes import Action, Change, Reason, Risk
from reconciler.model.documents import Document
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT

_WEIGHT = {Risk.LOW: 0, Risk.MEDIUM: 1, Risk.HIGH: 2}
_OF_EVERYTHING = ("email", "home", "expires_at")
"""Who somebody is, where they belong and how long they stay is a matter of all their roles."""


def risk_of(change: Change, catalog: Catalog) -> Risk:
    """Return the risk of *change*: of the roles it gives or takes for a person, of the settings it touches for an organization."""
    if change.reason is Reason.EXPIRED:
        return Risk.LOW
    if change.type == ELEVATION_GRANT:
        # A decided grant can only be ended, now or earlier than it was going to.
        return Risk.HIGH if _is_approved(change.after) and not _is_approved(change.before) else Risk.LOW
    if change.type == ADMINISTRATOR:
        risks = [catalog.risk_of(role) for role in _touched(change, catalog)]
    else:
        risks = [Risk.MEDIUM] if change.action is not Action.UPDATE else [*_of_settings(change.before or {}, change.after or {})]
    return max(risks, key=_WEIGHT.__getitem__, default=Risk.LOW)


def _is_approved(grant: Document | None) -> bool:
    return grant is not None and "approved_at" in grant and "ended" not in grant


def _touched(change: Change, catalog: Catalog) -> frozenset[str]:
    """Return the roles that are given or taken, or held elsewhere, or for another time, than before."""
    if change.before is None or change.after is None:
        return frozenset(role for role, _ in _held_anywhere(change.after or change.before or {}))
    before, after = change.before, change.after
    moved = _held(before, catalog) ^ _held(after, catalog)
    if change.action is Action.UPDATE and any(before.get(key) != after.get(key) for key in _OF_EVERYTHING):
        moved |= _held(after, catalog)
    return frozenset(role for role, _ in moved)


def _held(person: Document, catalog: Catalog) -> frozenset[tuple[str, str]]:
    """Return the roles of a person, each with the place or the list it is bound to."""
    return frozenset(_holdings(person, catalog))


def _holdings(person: Document, catalog: Catalog) -> Iterator[tuple[str, str]]:
    for role, site in _held_anywhere(person):
        if site:
            yield role, site
        else:
            fields = sorted(catalog.roles[role].takes) if role in catalog.roles else ()
            yield role, repr([person.get(field) for field in fields])


def _held_anywhere(person: Document) -> Iterator[tuple[str, str]]:
    """Yield every role of a person with the site it is held on; empty for the organization."""
    for role in person.get("roles", ()):
        yield role, ""
    for site, held in person.get("sites", {}).items():
        if "role" in held:
            yield held["role"], site
        if held.get("meeting_content_manager"):
            yield "meeting-content-manager", site


def _of_settings(before: Document, after: Document) -> Iterator[Risk]:
    """Yield the risks of settings that decide about access; what only takes it weighs less than what gives it."""
    if any(before.get(key) != after.get(key) for key in ("type", "managed_by")):
        yield Risk.HIGH
    if before.get("support") != after.get("support"):
        yield Risk.HIGH if after["support"]["cisco_read_only_access"] else Risk.LOW
    old, new = before.get("restricted_mode"), after.get("restricted_mode")
    if _opens(old, new):
        yield Risk.HIGH
    elif _opens(new, old):
        yield Risk.MEDIUM


def _opens(before: Document | None, after: Document | None) -> bool:
    """Tell whether restricted mode leaves a setting open that it took before."""
    if before is None or not before["enabled"]:
        return False
    return after is None or not after["enabled"] or not set(after["exempt"]) <= set(before["exempt"])
