"""Effects: who gains or loses which permission by a plan. What is reviewed is not that a role changed, but what it means."""

from collections.abc import Callable, Iterator
from datetime import datetime

from reconciler.access import AccessChange, change_document, diff_access, diff_over_customers, everybody
from reconciler.access.values import Access
from reconciler.catalog import Catalog
from reconciler.model.documents import Document
from reconciler.model.resources import Organization, under_new_addresses

PartnerOf = Callable[[str], Organization | None]
"""Gives the managing partner by name, as declared or stored; None where nothing is known of it."""


def access_changes(
    before: Organization | None,
    after: Organization | None,
    *,
    partner_of: PartnerOf,
    now: datetime,
    catalog: Catalog,
    created: bool = False,
) -> Iterator[Document]:
    """Yield every permission of every person that differs at *now*, by person, scope and permission.

    Those are the permissions in the organization itself and, where it is a partner, those that its people have in its customers.
    Nothing is yielded for an organization that is forgotten, where nobody's access changes. Somebody who is renamed is one person.

    Args:
        before: as stored; None where it is not.
        after: as planned; None to forget it.
        partner_of: finds the managing partner.
        now: the instant of planning.
        catalog: the facts.
        created: whether an organization that is created counts, where everything is new; before, nobody had anything.
    """
    if after is None or after.settings is None or not (created or (before is not None and before.settings is not None)):
        return
    before = under_new_addresses(before, after)
    old, new = (_by_person(side, partner_of, now, catalog) for side in (before, after))
    beyond: dict[str, list[AccessChange]] = {}
    for change in diff_over_customers(before, after, now=now, catalog=catalog):
        beyond.setdefault(change.person, []).append(change)
    for person in sorted(old.keys() | new.keys() | beyond.keys()):
        for change in sorted((*diff_access(old.get(person), new.get(person)), *beyond.get(person, ())), key=_place):
            yield change_document(change)


def _place(change: AccessChange) -> tuple[str, str]:
    return change.scope or "", change.permission


def _by_person(organization: Organization | None, partner_of: PartnerOf, now: datetime, catalog: Catalog) -> dict[str, Access]:
    if organization is None:
        return {}
    managed_by = organization.settings.managed_by if organization.settings else None
    partner = partner_of(managed_by) if managed_by is not None else None
    return {access.person: access for access in everybody(organization, partner=partner, now=now, catalog=catalog)}
