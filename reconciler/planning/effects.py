"""Effects: who gains or loses which permission by a plan. What is reviewed is not that a role changed, but what it means."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from reconciler.access import change_document, diff_access, everybody
from reconciler.access.values import Access
from reconciler.catalog import Catalog
from reconciler.model.changes import Change
from reconciler.model.documents import Document
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import ADMINISTRATOR
from reconciler.model.resources import Organization

CUSTOMERS_AFFECTED = "customers-affected"
PartnerOf = Callable[[str], Organization | None]
"""Gives the managing partner by name, as declared or stored; None where nothing is known of it."""


def access_changes(
    before: Organization | None, after: Organization | None, *, partner_of: PartnerOf, now: datetime, catalog: Catalog
) -> Iterator[Document]:
    """Yield every permission of every person that differs at *now*, by person and permission.

    Nothing is yielded for an organization that is created, where everything is new, or forgotten, where nobody's access changes.
    """
    if before is None or after is None or before.settings is None or after.settings is None:
        return
    old, new = (_by_person(side, partner_of, now, catalog) for side in (before, after))
    for person in sorted(old.keys() | new.keys()):
        for change in diff_access(old.get(person), new.get(person)):
            yield change_document(change)


def beyond(changes: Iterable[Change], catalog: Catalog) -> Iterator[Finding]:
    """Yield a note for each person whose rights in *customer* organizations change, which `access_changes` does not list."""
    for change in changes:
        if change.type != ADMINISTRATOR or change.expires:
            continue
        before, after = (_reach(side, catalog) for side in (change.before, change.after))
        if before != after:
            roles = sorted(role for role, _ in before ^ after)
            yield Finding(
                rule=CUSTOMERS_AFFECTED,
                severity=Severity.INFO,
                message=f"{change.name}: what {', '.join(dict.fromkeys(roles))} gives in the customers of {change.organization} changes",
                detail="the access changes of a plan are those in the organization itself",
                address=change.address,
            )


def _reach(document: Document | None, catalog: Catalog) -> frozenset[tuple[str, str]]:
    """The roles that act on customers, each with the customers it is bound to."""
    if document is None:
        return frozenset()
    held = [role for role in document["roles"] if role in catalog.roles and catalog.roles[role].scope == "customer-management"]
    bound = {role: document.get("customers") if "customers" in catalog.roles[role].takes else None for role in held}
    return frozenset((role, repr(customers)) for role, customers in bound.items())


def _by_person(organization: Organization, partner_of: PartnerOf, now: datetime, catalog: Catalog) -> dict[str, Access]:
    managed_by = organization.settings.managed_by if organization.settings else None
    partner = partner_of(managed_by) if managed_by is not None else None
    return {access.person: access for access in everybody(organization, partner=partner, now=now, catalog=catalog)}
