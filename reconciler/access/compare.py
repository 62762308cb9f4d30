"""The difference of two accesses: who gains or loses which permission, and through what."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.access.values import NOTHING, STRENGTH, Access, Reason, Right
from reconciler.catalog import Level


class Direction(StrEnum):
    """Which way an access moves. What becomes known or unknown is neither gained nor lost."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"
    BECAME_KNOWN = "became-known"
    BECAME_UNKNOWN = "became-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChange:
    """One permission of one person, before and after.

    Attributes:
        scope: `site/NAME`, `location/NAME` or `service/NAME`; None for the whole organization. Of a partner organization also
            `customer/NAME`, and `customer/*` for all customers that the person's own list does not name.
        because: the reasons that are new, or all that hold after it when none is new.
        no_longer: the reasons that are gone.
    """

    organization: str
    person: str
    scope: str | None
    permission: str
    before: Right
    after: Right
    because: tuple[Reason, ...]
    no_longer: tuple[Reason, ...]

    @property
    def direction(self) -> Direction:
        """Which way it goes, from the most that each side allows."""
        if self.before.access is Level.UNKNOWN:
            return Direction.BECAME_KNOWN
        if self.after.access is Level.UNKNOWN:
            return Direction.BECAME_UNKNOWN
        before, after = _most(self.before), _most(self.after)
        if before == after:
            # The same word, and the settings that restricted mode takes away differ.
            return _by_settings(self.before.lowered, self.after.lowered)
        return Direction.GAINED if after > before else Direction.LOST


_Key = tuple[str | None, str]
_NO_RIGHTS: Final[dict[_Key, Right]] = {}


def diff_access(before: Access | None, after: Access | None) -> tuple[AccessChange, ...]:
    """Return what changes for one person in one organization, organization-wide permissions first, then by scope.

    A permission that one side does not list is none there. Equal access shows nothing: the same word, the same limits and the same
    settings taken away by restricted mode, whatever the reasons. Unknown to unknown is no change.

    Args:
        before: None when the person had no access, or the organization did not exist.
        after: None likewise.

    Raises:
        ValueError: the two are of different people or organizations.
    """
    some = after or before
    if some is None or before is after:
        return ()
    if before is not None and after is not None and (before.organization, before.person) != (after.organization, after.person):
        raise ValueError("accesses of different people or organizations have no difference")
    if before is not None and after is not None and before.permissions is after.permissions and before.scoped == after.scoped:
        # People in the same circumstances share one mapping.
        return ()
    left, right = _rights(before), _rights(after)
    keys = sorted(left.keys() | right.keys(), key=lambda key: (key[0] or "", key[1]))
    pairs = [(key, left.get(key, NOTHING), right.get(key, NOTHING)) for key in keys]
    return tuple(_change(some, key, one, other) for key, one, other in pairs if _differ(one, other))


def _rights(access: Access | None) -> dict[_Key, Right]:
    if access is None:
        return _NO_RIGHTS
    found: dict[_Key, Right] = {(None, permission): right for permission, right in access.permissions.items()}
    found.update({(one.scope, one.permission): one.right for one in access.scoped})
    return found


def _differ(before: Right, after: Right) -> bool:
    if before is after or before.access is after.access is Level.UNKNOWN:
        return False
    return (before.access, before.at_most, before.lowered) != (after.access, after.at_most, after.lowered)


def _change(access: Access, key: _Key, before: Right, after: Right) -> AccessChange:
    scope, permission = key
    return AccessChange(
        organization=access.organization,
        person=access.person,
        scope=scope,
        permission=permission,
        before=before,
        after=after,
        because=tuple(reason for reason in after.because if reason not in before.because) or after.because,
        no_longer=tuple(reason for reason in before.because if reason not in after.because),
    )


def _most(right: Right) -> int:
    return STRENGTH[right.access if right.at_most is None else right.at_most]


def _by_settings(before: frozenset[str], after: frozenset[str]) -> Direction:
    if before == after or (before - after and after - before):
        return Direction.CHANGED
    return Direction.LOST if after > before else Direction.GAINED
