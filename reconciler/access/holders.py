"""Who can do something: the inverse of effective access, for one organization at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from reconciler.access.details import scoped_rights
from reconciler.access.values import Right
from reconciler.access.view import Person, View
from reconciler.catalog import Catalog, Level
from reconciler.catalog.words import SERVICE, SITE
from reconciler.model.resources import Organization


class PermissionHolder(NamedTuple):
    """Somebody who has a permission, or of whom it is not known; `scope` is None for the whole organization.

    A tuple, because fleets have hundreds of thousands of them.
    """

    organization: str
    person: str
    scope: str | None
    right: Right


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoCan:
    """Who has one permission in one organization, by identity key of the person and then by scope.

    Attributes:
        holders: everybody whose access is known and not none.
        unknown: everybody of whom it is not known.
        see_also: permissions about the same thing under another name.
        unrecorded: organizations whose administrators are not known, though they would count.
    """

    permission: str
    holders: tuple[PermissionHolder, ...]
    unknown: tuple[PermissionHolder, ...]
    see_also: tuple[str, ...]
    unrecorded: tuple[str, ...]


def who_can(permission: str, organization: Organization, *, partner: Organization | None, now: datetime, catalog: Catalog) -> WhoCan:
    """Return who has *permission* in *organization* at *now*, in whatever matrix it stands.

    Args:
        permission: an id of `catalog.matrices.labels`.
        organization: as in `effective`, like *partner* and *now*.
        partner: None when it is not known.
        now: the instant, aware.
        catalog: the facts.

    Raises:
        ValueError: no matrix has such a permission.
    """
    if permission not in catalog.matrices.labels:
        raise ValueError(f"{permission!r} is no permission")
    view = View(organization, partner=partner, now=now, catalog=catalog)
    holders: list[PermissionHolder] = []
    unknown: list[PermissionHolder] = []
    for person in view.people():
        for scope, right in _found(permission, person, view):
            if right.access is not Level.NONE:
                one = PermissionHolder(organization=organization.name, person=person.email, scope=scope, right=right)
                (unknown if right.access is Level.UNKNOWN else holders).append(one)
    return WhoCan(
        permission=permission,
        holders=tuple(holders),
        unknown=tuple(unknown),
        see_also=catalog.matrices.twins(permission),
        unrecorded=view.unrecorded,
    )


@lru_cache(maxsize=4)
def scoped_permissions(catalog: Catalog) -> frozenset[str]:
    """Return what may hold within a site, a location or a service; most permissions never do, and most people need no look at theirs."""
    found = {permission for matrix in catalog.matrices.by_id.values() if _is_scoped(matrix.scope) for permission in matrix.labels}
    return frozenset(found | {role.uncharted.permission for role in catalog.roles.values() if role.uncharted is not None})


def _is_scoped(scope: str) -> bool:
    return scope == SITE or scope.startswith(f"{SERVICE}/")


def _found(permission: str, person: Person, view: View) -> Iterator[tuple[str | None, Right]]:
    profile = view.profile(person)
    if permission in profile.permissions:
        yield None, profile.permissions[permission]
    if permission not in scoped_permissions(view.catalog):
        return
    for one in scoped_rights(person, view, profile):
        if one.permission == permission:
            yield one.scope, one.right
