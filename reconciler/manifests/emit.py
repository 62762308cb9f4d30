"""From the model back to manifest documents, as plain values with the field names of the schemas."""

from typing import Any

from reconciler.manifests.schemas import API_VERSION
from reconciler.model.instants import format_instant
from reconciler.model.resources import Administrator, Grant, Organization, Settings


def organization_manifest(organization: Organization) -> dict[str, Any]:
    """Return the Organization document that declares *organization*; its grants are documents of their own.

    Raises:
        ValueError: its settings are not known.
    """
    settings = organization.settings
    if settings is None:
        raise ValueError(f"the settings of {organization.name} are not known")
    spec = _settings(settings)
    if organization.administrators is not None:
        spec["administrators"] = [_administrator(person) for _, person in sorted(organization.administrators.items())]
    metadata: dict[str, Any] = {"name": organization.name}
    if settings.labels:
        metadata["labels"] = dict(settings.labels)
    return {"apiVersion": API_VERSION, "kind": "Organization", "metadata": metadata, "spec": spec}


def grant_manifest(grant: Grant) -> dict[str, Any]:
    """Return the ElevationGrant document that declares *grant*."""
    spec = {
        "organization": grant.organization,
        "agent": {"email": grant.agent_email, "type": grant.agent_type},
        "reason": grant.reason,
        "ticket": grant.ticket,
        "requestedAt": format_instant(grant.requested_at),
        "approvedBy": grant.approved_by,
        "approvedAt": grant.approved_at and format_instant(grant.approved_at),
        "expiresAt": grant.expires_at and format_instant(grant.expires_at),
        "deniedBy": grant.denied_by,
        "deniedAt": grant.denied_at and format_instant(grant.denied_at),
        "revokedAt": grant.revoked_at and format_instant(grant.revoked_at),
    }
    return {"apiVersion": API_VERSION, "kind": "ElevationGrant", "metadata": {"name": grant.name}, "spec": _present(spec)}


def _settings(settings: Settings) -> dict[str, Any]:
    mode = settings.restricted_mode
    return _present({
        "type": settings.type.value,
        "displayName": settings.display_name,
        "webexId": settings.webex_id,
        "managedBy": settings.managed_by,
        "restrictedMode": None if mode is None else {"enabled": mode.enabled, "exempt": sorted(mode.exempt)},
        "support": {"ciscoReadOnlyAccess": settings.cisco_read_only_access},
        "services": sorted(settings.services),
        "sites": {site: {"managedIn": where} for site, where in sorted(settings.sites.items())},
        "locations": sorted(settings.locations),
    })


def _administrator(person: Administrator) -> dict[str, Any]:
    home = person.home
    sites = {
        site: _present({"role": held.role, "meetingContentManager": held.meeting_content_manager})
        for site, held in sorted(person.sites.items())
    }
    return _present({
        "email": person.email,
        "name": person.name,
        "roles": sorted(person.roles),
        "sites": sites or None,
        "locations": sorted(person.locations) or None,
        "customers": None if person.customers is None else sorted(person.customers),
        "home": None if home is None else _present({"organization": home.organization, "type": home.type}),
        "expiresAt": person.expires_at and format_instant(person.expires_at),
        "protect": person.protect or None,
    })


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if value is not None}
