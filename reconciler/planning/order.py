"""Order: the sequence in which an organization's changes are shown and performed.

    a new name  >  ends of access  >  the organization itself  >  who becomes full administrator  >  other people  >  grants
                    >  who stops being full administrator  >  who leaves  >  forgetting the organization

All of an organization stands under its new name before anything else. Access that is over goes first then; people who can
administer come before the ones who no longer can, so that every prefix of the list leaves somebody in charge (property-tested).
"""

from collections.abc import Iterable
from typing import Any

from reconciler.catalog import FULL_ADMINISTRATOR
from reconciler.model.changes import Action, Change
from reconciler.model.identifiers import ADMINISTRATOR, ORGANIZATION


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return *changes* of one organization in the order in which they are performed."""
    return tuple(sorted(changes, key=lambda change: (_stage(change), change.address)))


def holds_full(document: dict[str, Any] | None) -> bool:
    """Tell whether an administrator's document gives full administrator without an end."""
    return document is not None and FULL_ADMINISTRATOR in document["roles"] and "expires_at" not in document


def _stage(change: Change) -> int:
    if change.type == ORGANIZATION:
        return 7 if change.action is Action.DELETE else 1 if change.former is None else -1
    if change.type == ADMINISTRATOR:
        return _stage_of_person(change)
    # What was decided can only be ended, now or earlier than it was going to.
    decided = change.before is not None and "approved_at" in change.before
    return 0 if decided or change.action is Action.DELETE else 4


def _stage_of_person(change: Change) -> int:
    if change.expires:
        return 0
    if change.action is Action.DELETE:
        return 6
    if holds_full(change.after):
        return 2
    return 5 if holds_full(change.before) else 3
