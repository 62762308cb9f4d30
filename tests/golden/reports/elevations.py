"""Steps in the life of grants, and lists of them, as results."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.model.lifetimes import grant_end, grant_status
from reconciler.model.resources import EndReason, Grant, GrantEnd
from reconciler.model.results import Grants, GrantStep, ListedEnd, ListedGrant, Result

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BY = "alice@acme.example"
FILE = "grants/inc-4711.yaml"


def a_request(name: str = "inc-4711", age: timedelta = 20 * MINUTE, **fields: Any) -> Grant:
    facts: dict[str, Any] = {
        "name": name,
        "organization": "acme-health",
        "agent_email": "tac@cisco.example",
        "agent_type": "cisco-tac",
        "reason": "SSO login broken",
        "requested_at": NOW - age,
    }
    return Grant(**(facts | fields))


def approved(name: str, age: timedelta, **fields: Any) -> Grant:
    at = NOW - age
    facts: dict[str, Any] = {"approved_by": BY, "approved_at": at, "expires_at": at + HOUR}
    return a_request(name, age + 5 * MINUTE, **(facts | fields))


def recorded(grant: Grant, reason: EndReason) -> Grant:
    end = grant_end(grant)
    return replace(grant, ended=GrantEnd(reason=reason, at=end, recorded_at=end + MINUTE))


def steps(hostile: Sequence[str]) -> dict[str, Result]:
    """Return every step once, and one of hostile text."""

    def step(operation: str, grant: Grant, **fields: Any) -> Result:
        facts: dict[str, Any] = {"operation": operation, "file": FILE, "grant": grant, "at": NOW}
        return GrantStep(**(facts | fields))

    running = approved("inc-4711", timedelta(0), expires_at=NOW + 30 * MINUTE)
    return {
        "request": step("request", a_request(age=timedelta(0), ticket="SR-4711")),
        "approve": step("approve", approved("inc-4711", timedelta(0))),
        "approve-shorter": step("approve", running, platform_end=NOW + HOUR),
        "deny": step("deny", a_request(denied_by=BY, denied_at=NOW)),
        "revoke": step("revoke", approved("inc-4711", 20 * MINUTE, revoked_at=NOW)),
        "hostile": step("approve", _hostile(hostile), file=hostile[0]),
    }


def lists(hostile: Sequence[str]) -> dict[str, Result]:
    """Return a list with every status, one that is limited, one of hostile text, and one without a state."""
    grants = (
        approved("inc-7", 34 * MINUTE),
        approved("inc-8", 2 * MINUTE, agent_email="tom@northwind.example", agent_type="managing-partner"),
        a_request("inc-9", 59 * MINUTE + timedelta(seconds=20), organization="globex"),
        approved("inc-6", 63 * MINUTE),
        a_request("inc-5", 2 * HOUR),
        recorded(a_request("inc-4", 3 * HOUR, denied_by=BY, denied_at=NOW - 2 * HOUR), EndReason.DENIED),
        recorded(approved("inc-3", 5 * HOUR, revoked_at=NOW - 4 * HOUR - 30 * MINUTE), EndReason.REVOKED),
        recorded(approved("inc-2", 9 * DAY), EndReason.EXPIRED),
        recorded(a_request("inc-1", 30 * DAY), EndReason.LAPSED),
    )
    people = (
        ListedEnd(organization="globex", person="ulf@contractor.example", end=NOW - 3 * MINUTE),
        ListedEnd(organization="acme-health", person="eve@contractor.example", end=NOW + 12 * DAY + 5 * HOUR),
    )
    bad = _hostile(hostile)
    nobody = ListedEnd(organization=hostile[0], person=hostile[1], end=NOW + DAY)
    return {
        "all": _a_list(grants, people),
        "ending": _a_list(grants[:3], (), ending=30 * DAY),
        "empty": _a_list((), ()),
        "hostile": _a_list((bad, replace(bad, name=hostile[3])), (nobody,)),
        "stateless": _a_list((), (), lineage=None),
    }


def _a_list(grants: Sequence[Grant], people: tuple[ListedEnd, ...], **fields: Any) -> Result:
    listed = tuple(
        ListedGrant(grant=grant, status=grant_status(grant, NOW), end=grant_end(grant), recorded=grant.ended is not None)
        for grant in grants
    )
    facts: dict[str, Any] = {
        "at": NOW,
        "location": "sqlite:///.reconciler/state.db",
        "lineage": "5f0f3f9e-6c1d-4a1c-9d0e-1f2a3b4c5d6e",
        "ending": None,
        "grants": listed,
        "administrators": people,
    }
    return Grants(**(facts | fields))


def _hostile(texts: Sequence[str]) -> Grant:
    name, agent, by, reason, organization = texts[:5]
    fields = {"agent_email": agent, "approved_by": by, "reason": reason, "organization": organization, "ticket": texts[5]}
    return approved(name, 20 * MINUTE, **fields)
