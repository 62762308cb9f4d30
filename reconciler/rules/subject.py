"""What a rule about a declared organization is given: the organization, with what many rules ask of it worked out once."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from reconciler.catalog import Catalog
from reconciler.model.lifetimes import grant_end
from reconciler.model.resources import Administrator, Grant, Organization

Fact = Literal["about", "limits", "needs", "service", "takes", "unless_home_has"]
"""What the catalog says of some roles and not of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Organization):
    """A declared organization as its rules see it at one instant.

    Attributes:
        people: the declared people whose access has not ended, by key: what is over is inert, in a manifest too.
        outsiders: those of them who have a home.
        held: the roles of each of them, organization-wide or on a site; in the order of `people`.
        roles: all of these together. Most rules are about a few roles, and most organizations have nobody who holds one of them.
        open_grants: the grants that give something or can still be approved, by name.
    """

    people: tuple[Administrator, ...]
    outsiders: tuple[Administrator, ...]
    held: tuple[AbstractSet[str], ...]
    roles: AbstractSet[str]
    open_grants: tuple[Grant, ...]

    @classmethod
    def of(cls, organization: Organization, now: datetime, catalog: Catalog) -> "Subject":
        """Return *organization* as it is judged at *now*."""
        declared = organization.administrators or {}
        everybody = [declared[key] for key in sorted(declared)]
        # Asked once of everybody in a fleet: most have no end, and need no call to tell.
        people = tuple([person for person in everybody if person.expires_at is None or person.live_at(now)])
        held = tuple([roles_of(person, catalog) if person.sites else person.roles for person in people])
        return cls(
            name=organization.name,
            settings=organization.settings,
            administrators=organization.administrators,
            grants=organization.grants,
            former_name=organization.former_name,
            renamed=organization.renamed,
            people=people,
            outsiders=tuple([person for person in people if person.home is not None]),
            held=held,
            roles=frozenset().union(*held),
            open_grants=tuple(_open(organization, now, catalog)) if organization.grants else (),
        )

    def holding(self, roles: AbstractSet[str]) -> Iterable[Administrator]:
        """Return the people who hold one of *roles*, organization-wide or on a site, by key."""
        if self.roles.isdisjoint(roles):
            return ()
        return [person for person, held in zip(self.people, self.held, strict=True) if not held.isdisjoint(roles)]


def _open(organization: Organization, now: datetime, catalog: Catalog) -> Iterable[Grant]:
    for _, grant in sorted(organization.grants.items()):
        if grant.denied_at is None and now < grant_end(grant, request_lifetime=catalog.request_lifetime):
            yield grant


def roles_of(person: Administrator, catalog: Catalog) -> AbstractSet[str]:
    """Return every role that *person* holds, organization-wide or on a site."""
    held = set(person.roles)
    for on_site in person.sites.values():
        if on_site.role is not None:
            held.add(on_site.role)
        if on_site.meeting_content_manager:
            held.update(site_switches(catalog))
    return held


@lru_cache(maxsize=4)
def site_switches(catalog: Catalog) -> tuple[str, ...]:
    """Return the roles that stand on top of a site role, as `meetingContentManager` does."""
    return tuple(role.id for role in catalog.roles.values() if role.form == "site-switch")


@lru_cache(maxsize=64)
def roles_with(fact: Fact, catalog: Catalog) -> frozenset[str]:
    """Return the roles of which the catalog says *fact*."""
    return frozenset(role.id for role in catalog.roles.values() if getattr(role, fact))
