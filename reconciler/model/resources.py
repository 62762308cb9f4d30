"""Organizations, administrators and elevation grants: one type for the declared, the stored and the live side.

Marks (file, line, column) stay outside, so that equality and digests never see them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from reconciler.model.identifiers import identity


class OrganizationType(StrEnum):
    """What an organization is in the partner relationship."""

    CUSTOMER = "customer"
    PARTNER = "partner"


class EndReason(StrEnum):
    """Why a grant or a request is over."""

    EXPIRED = "expired"
    LAPSED = "lapsed"
    DENIED = "denied"
    REVOKED = "revoked"
    OMITTED = "omitted"


class GrantStatus(StrEnum):
    """Where a grant stands in its life at one instant."""

    PENDING = "pending"
    LAPSED = "lapsed"
    DENIED = "denied"
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where an external person belongs: another organization by name, or a kind of account; exactly one of the two."""

    organization: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAssignment:
    """What one person holds on one site: at most one site role, and the meeting-content switch on top of it."""

    role: str | None = None
    meeting_content_manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """One person's standing access in one organization.

    Attributes:
        email: as written, lower-cased.
        customers: the scope of a partner administrator; None means not managed, scope unknown.
        home: None for a person of the organization itself.
        expires_at: UTC; the access is gone from this instant on. None means no end.
        protect: as stored, no plan removes the person before another one took the mark off.
    """

    email: str
    name: str | None = None
    roles: frozenset[str] = frozenset()
    sites: Mapping[str, SiteAssignment] = field(default_factory=dict)
    locations: frozenset[str] = frozenset()
    customers: frozenset[str] | None = None
    home: Home | None = None
    expires_at: datetime | None = None
    protect: bool = False

    @property
    def key(self) -> str:
        """The identity key of the person."""
        return identity(self.email)

    def live_at(self, now: datetime) -> bool:
        """Tell whether the access exists at *now*; it ends at `expires_at`, not after it."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEnd:
    """The recorded end of a grant or request. Only the stored side carries one.

    Attributes:
        at: the instant from which nothing is given any more, UTC.
        recorded_at: when that was written down, UTC; later than `at` when the end was noticed late.
    """

    reason: EndReason
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An elevation grant in any state of its life, from request to end. All instants are UTC.

    A decided grant has `approved_by`, `approved_at` and `expires_at`, or `denied_by` and `denied_at`; a pending request has none.
    Source: nbhqds0 (a request lives one hour undecided, access one hour from approval).
    """

    name: str
    organization: str
    agent_email: str
    agent_type: str
    reason: str
    requested_at: datetime
    ticket: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    expires_at: datetime | None = None
    denied_by: str | None = None
    denied_at: datetime | None = None
    revoked_at: datetime | None = None
    ended: GrantEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedMode:
    """Restricted administrator mode of one customer organization, with the settings its partner declares open."""

    enabled: bool = True
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an organization is, apart from its people.

    Attributes:
        sites: site name to how it is managed (`control-hub` or `site-administration`).
        restricted_mode: None where the mode does not exist (no managing partner).
    """

    type: OrganizationType
    display_name: str | None = None
    webex_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    managed_by: str | None = None
    restricted_mode: RestrictedMode | None = None
    cisco_read_only_access: bool = False
    services: frozenset[str] = frozenset()
    sites: Mapping[str, str] = field(default_factory=dict)
    locations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """One organization as declared, stored or seen live.

    Attributes:
        settings: None on the declared side when only grants were given for it.
        administrators: by identity key; None means not managed (declared) or never recorded (stored).
        grants: by name; the stored side keeps what has ended, as history.
        former_name: the name under which it is stored so far.
        renamed: the key of an administrator to the key under which that person is stored so far.

    The last two lead from the stored to the next state: what is declared, resolved or planned has them, nothing that is stored or compared.
    """

    name: str
    settings: Settings | None = None
    administrators: Mapping[str, Administrator] | None = None
    grants: Mapping[str, Grant] = field(default_factory=dict)
    former_name: str | None = field(default=None, compare=False)
    renamed: Mapping[str, str] = field(default_factory=dict, compare=False)


def under_new_addresses(before: Organization | None, after: Organization) -> Organization | None:
    """Return *before* with the people whom *after* renames under their new addresses: what is left to differ is what they hold."""
    if before is None or before.administrators is None or after.administrators is None or not after.renamed:
        return before
    people = dict(before.administrators)
    for key, former in after.renamed.items():
        if former in people and key in after.administrators:
            people[key] = replace(people.pop(former), email=after.administrators[key].email)
    return replace(before, administrators=people)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFacts:
    """The little that other organizations need to know of one, so that a fleet's references are checked without holding the fleet.

    Attributes:
        labels: for `-l key=value`.
        sites: a site belongs to one organization.
        services: sorted; what somebody from outside has at home.
        former_name: as declared.
    """

    name: str
    type: OrganizationType
    managed_by: str | None
    labels: Mapping[str, str]
    sites: tuple[str, ...]
    services: tuple[str, ...]
    former_name: str | None = None

    @classmethod
    def of(cls, name: str, settings: Settings, former_name: str | None = None) -> "OrganizationFacts":
        """Return the facts of the organization *name* with these *settings*."""
        return cls(
            name=name,
            type=settings.type,
            managed_by=settings.managed_by,
            labels=settings.labels,
            sites=tuple(sorted(settings.sites)),
            services=tuple(sorted(settings.services)),
            former_name=former_name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a live source showed of one organization.

    Attributes:
        unobserved: addresses the source cannot show; never to be read as absent.
        observed_at: UTC.
    """

    organization: Organization
    unobserved: frozenset[str]
    source: str
    observed_at: datetime
