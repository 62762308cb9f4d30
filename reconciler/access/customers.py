"""What partner roles give in customers, without any customer at hand: the same calculation, for a customer that stands in for many."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.access.compare import AccessChange, diff_access
from reconciler.access.effective import effective_if_any, staff_over_customers
from reconciler.access.values import Access
from reconciler.catalog import Catalog
from reconciler.model.resources import Administrator, Organization, OrganizationType, Settings

EVERY_CUSTOMER: Final = "*"
"""The customer that stands in for all that no list names; no organization has such a name."""


def diff_over_customers(
    before: Organization | None, after: Organization | None, *, now: datetime, catalog: Catalog
) -> Iterator[AccessChange]:
    """Yield what changes for the people of a partner organization in its customers, by identity key, customer and permission.

    The scope is `customer/NAME` for the customers in somebody's list, and `customer/*` for all others together: roles without a list
    reach each of them, and one whose list is not managed may.

    Args:
        before: None where there is no such organization; one that is no partner has no customers.
        after: likewise.
        now: the instant for both sides.
        catalog: the facts.
    """
    sides = tuple(_staff(side, catalog) for side in (before, after))
    left, right = map(_people, sides)
    for key in sorted(left.keys() | right.keys()):
        held = [people[key] for people in (left, right) if key in people]
        if left.get(key) == right.get(key):
            continue
        for customer in (EVERY_CUSTOMER, *sorted({name for person in held for name in person.customers or ()})):
            one, other = (_in_customer(customer, held[0].email, side, now, catalog) for side in sides)
            for change in diff_access(one, other):
                yield replace(change, organization=next(side.name for side in sides if side is not None), scope=f"customer/{customer}")


def _staff(side: Organization | None, catalog: Catalog) -> Organization | None:
    if side is None or side.settings is None or side.settings.type is not OrganizationType.PARTNER:
        return None
    return staff_over_customers(side, catalog)


def _people(side: Organization | None) -> Mapping[str, Administrator]:
    return (None if side is None else side.administrators) or {}


def _in_customer(customer: str, email: str, partner: Organization | None, now: datetime, catalog: Catalog) -> Access | None:
    """What somebody of *partner* may do in a customer of that name which has nobody of its own, and no elevation; None without any."""
    if partner is None:
        return None
    settings = Settings(type=OrganizationType.CUSTOMER, managed_by=partner.name)
    stand_in = Organization(name=customer, settings=settings, administrators={})
    return effective_if_any(email, stand_in, partner=partner, now=now, catalog=catalog)
