"""Roles and the services of an organization: Contact Center has conditions of its own, and some roles never reach Webex Calling."""

from collections.abc import Iterator
from functools import lru_cache

from reconciler.catalog import Catalog, Evidence, Holder, Permitted
from reconciler.model.identifiers import administrator_address
from reconciler.model.resources import Administrator, OrganizationFacts
from reconciler.rules.base import Context, Violation, listing, person_path
from reconciler.rules.holding import held_roles, holder_of
from reconciler.rules.subject import Subject, roles_with

_CONTACT_CENTER = "contact-center"


def contact_center_role_combination(organization: Subject, context: Context) -> Iterator[Violation]:
    """In an organization with Contact Center, a person holds one of the roles that part there: service, full and read-only administrator.

    Source: ne93ji (reference, CC-R1).
    Why: what is declared may be more than Control Hub lets anybody hold.
    """
    if organization.settings is None or _CONTACT_CENTER not in organization.settings.services:
        return
    for person in organization.people:
        apart = _apart(person.roles, context.catalog)
        if apart:
            yield Violation(
                message=f"{person.email} holds {listing(apart)} together in {organization.name}, which has {_CONTACT_CENTER}",
                detail=f"where an organization has {_CONTACT_CENTER}, one of these roles is allowed: {listing(_parting(context.catalog))}",
                hint="leave one of them",
                path=person_path(person, "roles", apart[0]),
                address=administrator_address(organization.name, person.email),
            )


@lru_cache(maxsize=1024)
def _apart(roles: frozenset[str], catalog: Catalog) -> tuple[str, ...]:
    """Return those of the *roles* of one person that part from another one of them; a fleet has few sets of roles."""
    return tuple(role for role in sorted(roles) if any(_part(role, other, catalog) for other in roles - {role}))


def _part(role: str, other: str, catalog: Catalog) -> bool:
    exclusion = catalog.exclusion(role, other)
    return exclusion is not None and exclusion.evidence is Evidence.REFERENCE and exclusion.service == _CONTACT_CENTER


def _parting(catalog: Catalog) -> list[str]:
    return [role.id for role in catalog.roles.values() if any(one.service == _CONTACT_CENTER for one in role.excludes)]


def contact_center_role_of_an_outsider(organization: Subject, context: Context) -> Iterator[Violation]:
    """An external Contact Center service administrator comes from an organization that has no Contact Center itself.

    Source: ne93ji (reference, CC-R2). That nobody of the managing partner holds the role is an error of its own.
    Why: the role is not meant for such a person, so it may not be offered, or give nothing.
    """
    for person in organization.holding(roles_with("unless_home_has", context.catalog)):
        home = context.known.get(person.home.organization) if person.home and person.home.organization else None
        if home is None:
            continue
        for role in sorted(person.roles):
            there = _barring(role, home, holder_of(person, organization), context.catalog)
            if there:
                yield Violation(
                    message=f"{person.email} holds {role}, and {home.name}, their own organization, has {listing(there)}",
                    detail=f"the role is for people of {organization.name}, and of other organizations without {listing(there)}",
                    hint=f"remove {role}",
                    path=person_path(person, "roles", role),
                    address=administrator_address(organization.name, person.email),
                )


def _barring(role: str, home: OrganizationFacts, holder: Holder, catalog: Catalog) -> list[str]:
    """Return the services of *home* whose people do not get *role* elsewhere; none where they do not get it anyhow."""
    facts = catalog.roles.get(role)
    if facts is None or facts.unless_home_has is None or facts.holders[holder] is Permitted.REFUSED:
        return []
    return [service for service in home.services if service in facts.unless_home_has.values]


def no_calling_rights(organization: Subject, context: Context) -> Iterator[Violation]:
    """Somebody with an add-on for Webex Calling holds a role that can administer it.

    Asked in every organization, whichever services it declares: the add-on itself says what is expected.

    Source: fs78p5 (stated, R052): user and device administrators, and device administrators, cannot administer Webex Calling. Whether
    another role of the same person gives what these do not is inferred, so any other role ends the question.
    Why: the manifest promises rights that the person will not have.
    """
    for person in organization.holding(roles_with("about", context.catalog)):
        for add_on, service in _expected(person, context.catalog):
            others = [role for role in held_roles(person, context.catalog) if role != add_on]
            if others and all(_never_reaches(role, service, context.catalog) for role in others):
                yield Violation(
                    message=f"{person.email} holds {add_on} beside {listing(others)} alone, without rights in {service}",
                    detail=f"{listing(_never_reaching(service, context.catalog))}: neither gives rights in {service}",
                    hint=f"remove {add_on}, or give a role that administers {service}",
                    path=person_path(person, "roles", add_on),
                    address=administrator_address(organization.name, person.email),
                )


def _expected(person: Administrator, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield the roles of *person* that are about a service, each with that service."""
    for role in sorted(person.roles):
        facts = catalog.roles.get(role)
        for service in facts.about.values if facts is not None and facts.about is not None else ():
            yield role, service


def _never_reaches(role: str, service: str, catalog: Catalog) -> bool:
    facts = catalog.roles.get(role)
    return facts is not None and facts.no_rights_in is not None and service in facts.no_rights_in.values


def _never_reaching(service: str, catalog: Catalog) -> list[str]:
    return [role for role in catalog.roles if _never_reaches(role, service, catalog)]
