"""What one person may do in one organization, and who may do anything there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from reconciler.access.details import access_of
from reconciler.access.values import Access
from reconciler.access.view import View, kinds_of
from reconciler.catalog import Catalog
from reconciler.model.identifiers import identity
from reconciler.model.resources import Organization


def effective(person: str, organization: Organization, *, partner: Organization | None, now: datetime, catalog: Catalog) -> Access:
    """Return what *person* may do in *organization* at *now*: role rights, less restrictions, plus running elevations.

    Args:
        person: an e-mail; compared as identities are. Somebody who is nowhere listed has no access, which is no error.
        organization: its declared or stored value, with ended access or without: what has ended by *now* gives nothing.
        partner: the organization that `managed_by` names, for the roles its people hold over customers; None when it is not known.
        now: aware, any instant; nothing but what the organization says of its people and grants depends on it.
        catalog: the facts.

    Raises:
        ValueError: *partner* is not the organization's managing partner.

    Source: 2y8qmt (entitlements less restrictions; roles over customers), fs78p5 and nk1ktdo (roles in an organization), nbhqds0
    (elevations). Where they are silent, the functions say what was inferred.
    """
    view = View(organization, partner=partner, now=now, catalog=catalog)
    return access_of(view.person(identity(person)), view)


def effective_if_any(
    person: str, organization: Organization, *, partner: Organization | None, now: datetime, catalog: Catalog
) -> Access | None:
    """Return what `effective` does for somebody who is among `everybody`, None for anybody else."""
    view = View(organization, partner=partner, now=now, catalog=catalog)
    found = view.person(identity(person))
    return access_of(found, view) if view.counts(found) else None


def unrecorded(organization: Organization, *, partner: Organization | None, now: datetime, catalog: Catalog) -> tuple[str, ...]:
    """Return the organizations whose administrators are not known, though they would count here: itself, its managing partner."""
    return View(organization, partner=partner, now=now, catalog=catalog).unrecorded


def staff_over_customers(partner: Organization, catalog: Catalog) -> Organization:
    """Return *partner* with nobody but those who hold a role over customers: all that its customers ask of it, and little to keep."""
    if partner.administrators is None:
        return partner
    over = kinds_of(catalog).partner
    kept = {key: person for key, person in partner.administrators.items() if not over.isdisjoint(person.roles)}
    return replace(partner, administrators=kept, grants={})


def everybody(organization: Organization, *, partner: Organization | None, now: datetime, catalog: Catalog) -> Iterator[Access]:
    """Yield the access of everybody who may have any, by identity key: what `effective` says of each, in one pass."""
    view = View(organization, partner=partner, now=now, catalog=catalog)
    for person in view.people():
        yield access_of(person, view)


def people_with_access(organization: Organization, *, partner: Organization | None, now: datetime, catalog: Catalog) -> tuple[str, ...]:
    """Return the e-mails of everybody who may have any access to *organization* at *now*, by identity key.

    That are its administrators, the managing partner's people with a role over it (those whose scope is unknown included), and the agents
    of running elevations. Cisco's read-only support access is a setting of the organization and no person's.
    """
    view = View(organization, partner=partner, now=now, catalog=catalog)
    return tuple(person.email for person in view.people())
