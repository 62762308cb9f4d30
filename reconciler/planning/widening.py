"""Widening: does a change give somebody more access, or keep it for longer? Whatever is not plainly the reverse counts as widening."""

from reconciler.model.changes import Action, Change, Reason
from reconciler.model.documents import Document
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT, ORGANIZATION
from reconciler.model.instants import parse_instant


def widens(change: Change) -> bool:
    """Tell whether *change* may widen access. Ends, removals, revocations, refusals and earlier ends never do."""
    if change.after is None or change.reason is Reason.REVOKED:
        return False
    if change.type == ELEVATION_GRANT and "denied_at" in change.after:
        return False
    if change.action is not Action.UPDATE or change.before is None:
        return True
    if change.type == ADMINISTRATOR:
        kept = set(change.after["roles"]) <= set(change.before["roles"])
        return not (kept and _only_sooner(change.before, change.after, beside={"roles", "expires_at"}))
    return change.type != ELEVATION_GRANT or not _only_sooner(change.before, change.after, beside={"expires_at"})


def ends_access(change: Change) -> bool:
    """Tell whether *change* does nothing but take access away, or end it sooner: what no freeze holds back."""
    return change.type != ORGANIZATION and not widens(change)


def _only_sooner(before: Document, after: Document, *, beside: set[str]) -> bool:
    """Tell whether nothing differs but what stands *beside*, and the end is not later."""
    if any(before.get(key) != after.get(key) for key in (before.keys() | after.keys()) - beside):
        return False
    if "expires_at" not in before:
        return True
    return "expires_at" in after and parse_instant(after["expires_at"]) <= parse_instant(before["expires_at"])
