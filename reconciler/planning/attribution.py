"""Attribution: which changes come from the step between two versions of the manifests, and which were due without it.

The unit is the resource. What is compared is what was declared with what is declared; the stored state has no part in it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import Enum

from reconciler.model.changes import Change
from reconciler.model.identifiers import ADMINISTRATOR, ORGANIZATION, identity
from reconciler.model.resources import Administrator, Grant, Organization, Settings


class _Left(Enum):
    """What manifests say of a resource that they leave as it is; None says that it is not to be there."""

    ALONE = "alone"


def divide(
    changes: Iterable[Change], base: Organization | None, declared: Organization, now: datetime
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the changes that the step from *base* to *declared* causes, and all others; both in the given order.

    An end that comes by itself is caused by nobody. Only where the same access is declared anew it goes with that: there is no
    creating what is still there.

    Args:
        changes: of one organization, from the stored state to what is declared.
        base: as it was declared; None where nothing was, or nothing is known of it.
        declared: as it is declared.
        now: what has ended by then is declared on neither side.
    """
    every = tuple(changes)
    before = base or Organization(name=declared.name)
    caused = {it.address for it in every if not it.expires and _declared(before, it, now) != _declared(declared, it, now)}
    return tuple(it for it in every if it.address in caused), tuple(it for it in every if it.address not in caused)


_Said = tuple[Settings | Administrator, str | None] | Grant | _Left | None


def _declared(side: Organization, change: Change, now: datetime) -> _Said:
    """Return what the manifests of one side say of the resource of *change*, with the name that it had before."""
    if change.type == ORGANIZATION:
        return _Left.ALONE if side.settings is None else (side.settings, side.former_name)
    if change.type == ADMINISTRATOR:
        if side.administrators is None:
            return _Left.ALONE
        person = side.administrators.get(identity(change.name))
        # A difference in letters alone is no change of the person.
        if person is None or not person.live_at(now):
            return None
        return replace(person, email=person.key), side.renamed.get(person.key)
    # Without the organization's manifest, leaving a grant out says nothing.
    return side.grants.get(change.name, _Left.ALONE if side.settings is None else None)
