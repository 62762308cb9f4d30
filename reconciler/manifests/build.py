"""Manifests to what they declare. What comes here has passed the schema and the checks, so nothing can go wrong any more.

Absent means the default; for `administrators` and `customers` it means "not managed".
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.model.documents import Document, settings_document
from reconciler.model.identifiers import identity
from reconciler.model.instants import format_instant, parse_instant
from reconciler.model.resources import Grant, OrganizationFacts, OrganizationType, RestrictedMode, Settings


def build_organization(manifest: Mapping[str, Any]) -> tuple[Document, OrganizationFacts]:
    """Return the canonical document of the organization that a valid Organization manifest declares, without grants, and its facts.

    People go from one document to the other without becoming objects in between: a fleet has hundreds of thousands of them.
    """
    spec, name = manifest["spec"], manifest["metadata"]["name"]
    people = spec.get("administrators")
    settings = _settings(manifest)
    document: Document = {
        "administrators": None if people is None else sorted(map(_person, people), key=_key),
        "grants": [],
        "name": name,
        "settings": settings_document(settings),
    }
    renamed = {_key(person): identity(person["formerEmail"]) for person in people or () if "formerEmail" in person}
    if renamed:
        document["renamed"] = renamed
    former_name = manifest["metadata"].get("formerName")
    if former_name is not None:
        document["former_name"] = former_name
    return document, OrganizationFacts.of(name, settings, former_name)


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


def _key(person: Document) -> str:
    return identity(person["email"])


def _person(person: Mapping[str, Any]) -> Document:
    # Most people have few of these: nothing is made of what is not there. In the order of `compact`, which then takes a third less time.
    document: Document = {}
    if "customers" in person:
        document["customers"] = sorted(person["customers"])
    document["email"] = person["email"].lower()
    if "expiresAt" in person:
        document["expires_at"] = format_instant(parse_instant(person["expiresAt"]))
    if "home" in person:
        document["home"] = person["home"]
    if person.get("locations"):
        document["locations"] = sorted(person["locations"])
    if "name" in person:
        document["name"] = person["name"]
    if person.get("protect"):
        document["protect"] = True
    document["roles"] = sorted(person.get("roles", ()))
    if person.get("sites"):
        document["sites"] = {site: _assignment(held) for site, held in person["sites"].items()}
    return document


def _assignment(held: Mapping[str, Any]) -> Document:
    document: Document = {"role": held["role"]} if "role" in held else {}
    if held.get("meetingContentManager"):
        document["meeting_content_manager"] = True
    return document


def _instant(holder: Mapping[str, Any], field: str) -> datetime | None:
    text = holder.get(field)
    return None if text is None else parse_instant(text)


def _lowered(holder: Mapping[str, Any], field: str) -> str | None:
    text = holder.get(field)
    return None if text is None else text.lower()
