"""One organization at one instant, prepared for asking about many of its people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from reconciler.access.profile import Circumstances, PartnerRoles, Profile, profile_of
from reconciler.access.values import Elevation
from reconciler.catalog import Catalog, Holder
from reconciler.catalog.words import CUSTOMER_MANAGEMENT
from reconciler.model.identifiers import identity
from reconciler.model.lifetimes import grant_end, grant_status
from reconciler.model.resources import Administrator, Grant, GrantStatus, Organization, OrganizationType, Settings

_NO_SETTINGS: Final = Settings(type=OrganizationType.CUSTOMER)
"""What is taken where only grants are known of an organization: they are given in customer organizations."""

_NO_ROLES: Final[frozenset[str]] = frozenset()
_NOBODY: Final[Mapping[str, Administrator]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The roles of one kind each: over customers, bound to a list of them, to locations, switches on sites, elevations."""

    partner: frozenset[str]
    bound: frozenset[str]
    local: frozenset[str]
    switches: frozenset[str]
    elevations: frozenset[str]


@lru_cache(maxsize=4)
def kinds_of(catalog: Catalog) -> Kinds:
    """Sort the roles of the catalog by kind, once."""
    roles = catalog.roles.values()
    return Kinds(
        partner=frozenset(role.id for role in roles if role.scope == CUSTOMER_MANAGEMENT),
        bound=frozenset(role.id for role in roles if "customers" in role.takes),
        local=frozenset(role.id for role in roles if "locations" in role.takes),
        switches=frozenset(role.id for role in roles if role.form == "site-switch"),
        elevations=frozenset(role.id for role in roles if role.acts_as is not None),
    )


class Person(NamedTuple):
    """What counts of one person at the instant; a tuple, because fleets have hundreds of thousands of them.

    Attributes:
        member: the person's standing access in the organization, None without any.
        partner: the same in the managing partner's organization, None without a role over customers.
        grants: the running elevations.
    """

    key: str
    member: Administrator | None
    partner: Administrator | None
    grants: tuple[Grant, ...]

    @property
    def email(self) -> str:
        """The e-mail as it is known, else the key."""
        known = self.member or self.partner
        if known is not None:
            return known.email
        return self.grants[0].agent_email if self.grants else self.key


class View:
    """One organization at one instant; see `effective` for the arguments.

    Attributes:
        unrecorded: see `Access`.
        exempt: the restricted settings left open; None when restricted mode is off or does not exist.
    """

    __slots__ = (
        "_elevated",
        "_known",
        "_partners",
        "_staff",
        "catalog",
        "exempt",
        "kinds",
        "now",
        "organization",
        "settings",
        "unrecorded",
    )

    def __init__(self, organization: Organization, *, partner: Organization | None, now: datetime, catalog: Catalog) -> None:
        self.organization = organization
        self.settings = settings = organization.settings or _NO_SETTINGS
        if partner is not None and partner.name != settings.managed_by:
            raise ValueError(f"{partner.name} is not the managing partner of {organization.name}")
        self.now = now
        self.catalog = catalog
        self.kinds = kinds_of(catalog)
        mode = settings.restricted_mode
        self.exempt = mode.exempt if mode is not None and mode.enabled else None
        self.unrecorded = not_recorded(organization.name, settings.managed_by, partner, recorded=organization.administrators is not None)
        self._staff = organization.administrators or _NOBODY
        self._partners = (partner.administrators if partner is not None else None) or _NOBODY
        self._elevated = _elevated(organization, now, catalog) if organization.grants else {}
        # Most people share what they hold with others: one look at the roles tells their profile.
        self._known: dict[object, Profile] = {}

    def people(self) -> Iterator[Person]:
        """Yield everybody who may have any access, by key."""
        for key in sorted(self._staff.keys() | self._partners.keys() | self._elevated.keys()):
            person = self.person(key)
            if self.counts(person):
                yield person

    def counts(self, person: Person) -> bool:
        """Tell whether somebody may have any access."""
        return person.member is not None or bool(person.grants) or (person.partner is not None and bool(self.counting(person.partner)))

    def person(self, key: str) -> Person:
        """Return what counts of somebody; nothing of it need exist."""
        member = self._staff.get(key)
        if member is not None and not member.live_at(self.now):
            member = None
        partner = self._partners.get(key)
        if partner is not None and (self.kinds.partner.isdisjoint(partner.roles) or not partner.live_at(self.now)):
            partner = None
        return Person(key, member, partner, self._elevated.get(key, ()))

    def profile(self, person: Person) -> Profile:
        """Return what the person has apart from sites and locations; worked out once for all people in the same circumstances."""
        member, partner = person.member, person.partner
        signature = (
            None if member is None else member.roles,
            None if member is None else member.home,
            None if partner is None else partner.roles,
            None if partner is None else self.in_scope(partner),
            tuple(grant.name for grant in person.grants) if person.grants else None,
        )
        found = self._known.get(signature)
        if found is None:
            found = self._known[signature] = profile_of(self._circumstances(person), self.catalog)
        return found

    def holder(self, member: Administrator) -> Holder:
        """Return where an administrator of the organization belongs."""
        if member.home is None:
            return Holder.INTERNAL
        of_partner = member.home.organization is not None and member.home.organization == self.settings.managed_by
        return Holder.MANAGING_PARTNER if of_partner else Holder.OTHER_ORGANIZATION

    def in_scope(self, partner: Administrator) -> bool | None:
        """Tell whether the customers of a partner administrator include the organization; None when they are not managed."""
        return None if partner.customers is None else self.organization.name in partner.customers

    def counting(self, partner: Administrator) -> frozenset[str]:
        """Return the roles over customers that count here: those bound to other customers do not."""
        held = partner.roles & self.kinds.partner
        return held - self.kinds.bound if self.in_scope(partner) is False else held

    def _circumstances(self, person: Person) -> Circumstances:
        member, partner = person.member, person.partner
        over = None
        if partner is not None:
            roles = partner.roles & self.kinds.partner
            over = PartnerRoles(partner=self.settings.managed_by, roles=roles, in_scope=self.in_scope(partner))
        return Circumstances(
            type=self.settings.type,
            holder=Holder.INTERNAL if member is None else self.holder(member),
            recorded=self.organization.administrators is not None,
            listed=member is not None,
            roles=_NO_ROLES if member is None else member.roles,
            services=self.settings.services,
            exempt=self.exempt,
            partner=over,
            elevations=tuple(Elevation(grant=grant.name, until=grant_end(grant)) for grant in person.grants),
        )


def _elevated(organization: Organization, now: datetime, catalog: Catalog) -> dict[str, tuple[Grant, ...]]:
    found: dict[str, tuple[Grant, ...]] = {}
    for name in sorted(organization.grants):
        grant = organization.grants[name]
        # History is kept for ever; only what was approved can be running.
        if grant.approved_at is None or grant_status(grant, now, request_lifetime=catalog.request_lifetime) is not GrantStatus.ACTIVE:
            continue
        key = identity(grant.agent_email)
        found[key] = (*found.get(key, ()), grant)
    return found


def not_recorded(name: str, managed_by: str | None, partner: Organization | None, *, recorded: bool) -> tuple[str, ...]:
    """Return the organizations whose administrators are not known, though they would count at *name*: itself, its managing partner."""
    found = () if recorded else (name,)
    if managed_by is None or (partner is not None and partner.administrators is not None):
        return found
    return (*found, managed_by)
