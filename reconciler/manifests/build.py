"""Documents to the model. What comes here has passed the schema and the checks, so nothing can go wrong any more.

Absent means the default; for `administrators` and `customers` it means "not managed".
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.model.instants import parse_instant
from reconciler.model.resources import (
    Administrator,
    Grant,
    Home,
    Organization,
    OrganizationFacts,
    OrganizationType,
    RestrictedMode,
    Settings,
    SiteAssignment,
)

_NONE: Final[frozenset[str]] = frozenset()


def build_organization(document: Mapping[str, Any]) -> Organization:
    """Return the organization that a valid Organization document declares, without grants."""
    spec = document["spec"]
    people = spec.get("administrators")
    administrators = None if people is None else {person.key: person for person in map(_administrator, people)}
    return Organization(name=document["metadata"]["name"], settings=_settings(document), administrators=administrators)


def build_grant(document: Mapping[str, Any]) -> Grant:
    """Return the grant that a valid ElevationGrant document declares."""
    spec = document["spec"]
    return Grant(
        name=document["metadata"]["name"],
        organization=spec["organization"],
        agent_email=spec["agent"]["email"].lower(),
        agent_type=spec["agent"]["type"],
        reason=spec["reason"],
        ticket=spec.get("ticket"),
        requested_at=parse_instant(spec["requestedAt"]),
        approved_by=_lowered(spec, "approvedBy"),
        approved_at=_instant(spec, "approvedAt"),
        expires_at=_instant(spec, "expiresAt"),
        denied_by=_lowered(spec, "deniedBy"),
        denied_at=_instant(spec, "deniedAt"),
        revoked_at=_instant(spec, "revokedAt"),
    )


def facts_of(organization: Organization) -> OrganizationFacts | None:
    """Return what other organizations need to know of a declared one; None for one of which only grants are declared."""
    settings = organization.settings
    if settings is None:
        return None
    return OrganizationFacts.of(organization.name, settings)


def _settings(document: Mapping[str, Any]) -> Settings:
    spec = document["spec"]
    managed_by = spec.get("managedBy")
    mode = spec.get("restrictedMode", {})
    restricted = RestrictedMode(enabled=mode.get("enabled", True), exempt=frozenset(mode.get("exempt", ())))
    return Settings(
        type=OrganizationType(spec["type"]),
        display_name=spec.get("displayName"),
        webex_id=spec.get("webexId"),
        labels=document["metadata"].get("labels", {}),
        managed_by=managed_by,
        restricted_mode=None if managed_by is None else restricted,
        cisco_read_only_access=spec.get("support", {}).get("ciscoReadOnlyAccess", False),
        services=frozenset(spec.get("services", ())),
        sites={site: facts["managedIn"] for site, facts in spec.get("sites", {}).items()},
        locations=frozenset(spec.get("locations", ())),
    )


def _administrator(person: Mapping[str, Any]) -> Administrator:
    # A fleet has hundreds of thousands of people, and most have few of these: what is not there is not built.
    get = person.get
    roles, sites, locations, customers, home, end = (
        get("roles"),
        get("sites"),
        get("locations"),
        get("customers"),
        get("home"),
        get("expiresAt"),
    )
    return Administrator(
        email=person["email"].lower(),
        name=get("name"),
        roles=frozenset(roles) if roles else _NONE,
        sites={site: _assignment(held) for site, held in sites.items()} if sites else {},
        locations=frozenset(locations) if locations else _NONE,
        customers=None if customers is None else frozenset(customers),
        home=None if home is None else Home(organization=home.get("organization"), type=home.get("type")),
        expires_at=None if end is None else parse_instant(end),
    )


def _assignment(held: Mapping[str, Any]) -> SiteAssignment:
    return SiteAssignment(role=held.get("role"), meeting_content_manager=held.get("meetingContentManager", False))


def _instant(holder: Mapping[str, Any], field: str) -> datetime | None:
    text = holder.get(field)
    return None if text is None else parse_instant(text)


def _lowered(holder: Mapping[str, Any], field: str) -> str | None:
    text = holder.get(field)
    return None if text is None else text.lower()
