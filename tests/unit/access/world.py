"""The organizations of the worked example: a customer in restricted mode, its managing partner, and their people."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler import access, catalog
from reconciler.access import Access, Right
from reconciler.model.resources import Administrator, Grant, Home, Organization, OrganizationType, RestrictedMode, SiteAssignment
from tests.fakes.builders import a_grant, people, settings

CATALOG = catalog.load()
SITE = "acme.webex.com"


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


def somebody(email: str, *roles: str, **fields: Any) -> Administrator:
    """Return somebody with exactly *roles*."""
    return Administrator(email=email, roles=frozenset(roles), **fields)


def on_site(email: str, role: str | None, *, switch: bool = False, site: str = SITE, **fields: Any) -> Administrator:
    return somebody(email, sites={site: SiteAssignment(role=role, meeting_content_manager=switch)}, **fields)


EVA = somebody("eva@acme.example", "support-administrator", "user-and-device-administrator")
INES = somebody("ines@contoso.example", "full-administrator", home=Home(organization="contoso"))
NOC = somebody("noc@northwind.example", "full-administrator", home=Home(organization="northwind"))
TOM = somebody("tom@northwind.example", "help-desk-administrator-advanced")
ELEVATION = a_grant(
    "inc-4711",
    agent_email=TOM.email,
    agent_type="managing-partner",
    requested_at=at(9, 20),
    approved_at=at(10),
    expires_at=at(11),
)
RESTRICTED = RestrictedMode()
OPEN = RestrictedMode(enabled=False)


def a_customer(
    *administrators: Administrator, grants: Iterable[Grant] = (), mode: RestrictedMode | None = RESTRICTED, **fields: Any
) -> Organization:
    """Return `acme`, a customer of `northwind`."""
    return Organization(
        name="acme",
        settings=settings(managed_by="northwind", restricted_mode=mode, **fields),
        administrators=people(*administrators),
        grants={grant.name: grant for grant in grants},
    )


def a_partner(*administrators: Administrator, **fields: Any) -> Organization:
    """Return `northwind`."""
    facts = settings(type=OrganizationType.PARTNER, **fields)
    return Organization(name="northwind", settings=facts, administrators=people(*administrators))


ACME = a_customer(EVA, INES, grants=[ELEVATION])
NORTHWIND = a_partner(TOM)


def of(
    person: Administrator | str, organization: Organization = ACME, *, partner: Organization | None = None, now: datetime | None = None
) -> Access:
    """Return somebody's access, at 10:30 where no instant is given."""
    email = person if isinstance(person, str) else person.email
    return access.effective(email, organization, partner=partner, now=now or at(10, 30), catalog=CATALOG)


def alone(person: Administrator, *, mode: RestrictedMode | None = OPEN, now: datetime | None = None, **fields: Any) -> Access:
    """Return the access of somebody who is the only administrator of the customer."""
    return of(person, a_customer(person, mode=mode, **fields), now=now)


def over_customer(
    person: Administrator, *, grants: Iterable[Grant] = (), mode: RestrictedMode = OPEN, now: datetime | None = None
) -> Access:
    """Return what somebody of the partner may do at the customer."""
    return of(person, a_customer(grants=grants, mode=mode), partner=a_partner(person), now=now)


def words(of: Access) -> dict[str, str]:
    """Return the organization-wide access in words."""
    return {permission: right.access.value for permission, right in of.permissions.items()}


def scoped(of: Access, scope: str) -> dict[str, str]:
    return {one.permission: one.right.access.value for one in of.scoped if one.scope == scope}


def right_in(of: Access, scope: str, permission: str) -> Right:
    return next(one.right for one in of.scoped if (one.scope, one.permission) == (scope, permission))


def unmanaged(organization: Organization) -> Organization:
    """Return *organization* without a record of its administrators."""
    return replace(organization, administrators=None)
