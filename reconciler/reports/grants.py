"""Grants in JSON: one step in the life of a grant, and the list of what is stored."""

from datetime import datetime

from reconciler.model.documents import Document
from reconciler.model.findings import Finding
from reconciler.model.identifiers import grant_address
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import grant_status
from reconciler.model.resources import Grant, GrantStatus
from reconciler.model.results import Grants, GrantStep, ListedGrant
from reconciler.model.writing import Members, finding_document
from reconciler.reports.stateless import with_stateless

LIVING = frozenset({GrantStatus.ACTIVE, GrantStatus.PENDING})


def grants_members(result: GrantStep | Grants) -> tuple[str, Members]:
    """Return the kind and the members of a document about grants."""
    return ("grant", _step(result)) if isinstance(result, GrantStep) else ("grants", _list(result))


def _step(result: GrantStep) -> Members:
    grant = result.grant
    return {
        "operation": result.operation,
        "file": result.file,
        "at": format_instant(result.at),
        "address": grant_address(grant.organization, grant.name),
        "status": grant_status(grant, result.at).value,
        "platform_end": _instant(result.platform_end),
        **_facts(grant),
    }


def _list(result: Grants) -> Members:
    notes: tuple[Finding, ...] = with_stateless((), result.lineage, result.location)
    return {
        "at": format_instant(result.at),
        "lineage": result.lineage,
        "grants": (_listed(one, result.at) for one in result.grants),
        "administrators": (
            {
                "organization": one.organization,
                "person": one.person,
                "expires_at": format_instant(one.end),
                "remaining_seconds": seconds_left(one.end, result.at),
            }
            for one in result.administrators
        ),
        "diagnostics": map(finding_document, notes),
    }


def _listed(one: ListedGrant, at: datetime) -> Document:
    return {
        **_facts(one.grant),
        "status": one.status.value,
        "ends_at": format_instant(one.end),
        "recorded": one.recorded,
        "remaining_seconds": seconds_left(one.end, at) if one.status in LIVING else 0,
    }


def _facts(grant: Grant) -> Document:
    return {
        "name": grant.name,
        "organization": grant.organization,
        "agent": grant.agent_email,
        "agent_type": grant.agent_type,
        "reason": grant.reason,
        "ticket": grant.ticket,
        "requested_at": format_instant(grant.requested_at),
        "approved_by": grant.approved_by,
        "approved_at": _instant(grant.approved_at),
        "expires_at": _instant(grant.expires_at),
        "denied_by": grant.denied_by,
        "denied_at": _instant(grant.denied_at),
        "revoked_at": _instant(grant.revoked_at),
    }


def _instant(value: datetime | None) -> str | None:
    return None if value is None else format_instant(value)


def seconds_left(end: datetime, at: datetime) -> int:
    """Return the whole seconds from *at* to *end*, 0 when it has come."""
    return max(0, int((end - at).total_seconds()))
