"""What a manifest refers to must exist: sites, locations, organizations."""

from collections.abc import Iterator

from reconciler.model.findings import Path
from reconciler.model.identifiers import administrator_address, grant_address
from reconciler.model.lifetimes import grant_end
from reconciler.model.resources import Organization, OrganizationType
from reconciler.rules.base import Context, Violation, closest, listing, person_path
from reconciler.rules.subject import Subject, roles_with


def undeclared_site(organization: Subject, context: Context) -> Iterator[Violation]:
    """A person's site scope names a site that the organization declares.

    Source: fs78p5 (stated): site roles are given per Webex site of the organization.
    Why: a scope on a site that does not exist gives nothing, and hides a typing error.
    """
    sites = organization.settings.sites if organization.settings else {}
    declared = sorted(sites)
    for person in organization.people:
        for site in sorted(person.sites.keys() - sites.keys()) if person.sites else ():
            yield Violation(
                message=f"{person.email} has a scope on site {site}, which {organization.name} does not declare",
                detail=f"declared sites: {listing(declared)}" if declared else "the organization declares no sites",
                hint=closest(site, declared) or f"add {site} to spec.sites",
                path=person_path(person, "sites", site),
                address=administrator_address(organization.name, person.email),
            )


def undeclared_location(organization: Subject, context: Context) -> Iterator[Violation]:
    """A person's location scope names a location that the organization declares.

    Source: fs78p5 (stated): a location administrator is assigned locations of the organization.
    Why: a scope on a location that does not exist gives nothing, and hides a typing error.
    """
    declared = sorted(organization.settings.locations) if organization.settings else []
    for person in organization.people:
        for location in sorted(person.locations.difference(declared)) if person.locations else ():
            yield Violation(
                message=f"{person.email} is given location {location}, which {organization.name} does not declare",
                detail=f"declared locations: {listing(declared)}" if declared else "the organization declares no locations",
                hint=closest(location, declared) or f"add {location} to spec.locations",
                path=person_path(person, "locations", location),
                address=administrator_address(organization.name, person.email),
            )


def undeclared_service(organization: Subject, context: Context) -> Iterator[Violation]:
    """A role that belongs to a service is held in an organization that declares the service.

    Source: fs78p5 (stated, R080 and R087: the services have roles of their own); that the service is declared is our choice (inferred).
    Why: a role for a service that is not there gives nothing, and hides a typing error.
    """
    declared = sorted(organization.settings.services) if organization.settings else []
    for person in organization.holding(roles_with("service", context.catalog)):
        for role in sorted(person.roles):
            facts = context.catalog.roles.get(role)
            if facts is None or facts.service is None or facts.service in declared:
                continue
            yield Violation(
                message=f"{person.email} holds {role}, and {organization.name} does not declare the service {facts.service}",
                detail=f"declared services: {listing(declared)}" if declared else "the organization declares no services",
                hint=f"add {facts.service} to spec.services",
                path=person_path(person, "roles", role),
                address=administrator_address(organization.name, person.email),
            )


def undeclared_organization(organization: Subject, context: Context) -> Iterator[Violation]:
    """Every organization that is referred to is declared, or known to the stored state.

    Source: inferred; the articles take the partner relationship as given.
    Why: a misspelled partner or home silently changes what its people may hold.
    """
    settings = organization.settings
    partner = settings.managed_by if settings is not None else None
    if partner is not None and not _is_known(context, partner):
        yield _unknown(context, partner, "is managed by", ("spec", "managedBy"), subject=organization.name)
    for person in organization.people:
        home = person.home.organization if person.home is not None else None
        if home is not None and not _is_known(context, home):
            path, address = person_path(person, "home", "organization"), administrator_address(organization.name, person.email)
            yield _unknown(context, home, "has its home in", path, subject=person.email, address=address)
        for customer in sorted(person.customers) if person.customers else ():
            if not _is_known(context, customer):
                path, address = person_path(person, "customers", customer), administrator_address(organization.name, person.email)
                yield _unknown(context, customer, "is given customer", path, subject=person.email, address=address)
    if settings is None and organization.grants and not _is_known(context, organization.name):
        yield from _grants_of_nobody(organization, context)


def _grants_of_nobody(organization: Organization, context: Context) -> Iterator[Violation]:
    for name, grant in sorted(organization.grants.items()):
        if context.now < grant_end(grant, request_lifetime=context.catalog.request_lifetime):
            address = grant_address(organization.name, name)
            yield _unknown(
                context, organization.name, "is for", ("spec", "organization"), subject=f"elevation grant {name}", address=address
            )


def _is_known(context: Context, name: str) -> bool:
    return name in context.known or name in context.declared


def _unknown(context: Context, name: str, verb: str, path: Path, *, subject: str, address: str | None = None) -> Violation:
    if name in context.renamed:
        return Violation(
            message=f"{subject} {verb} {name}, and that organization is renamed to {context.renamed[name]}",
            detail="after this run no organization has the former name",
            hint=context.renamed[name],
            path=path,
            address=address,
        )
    candidates = sorted(context.declared - {name})
    return Violation(
        message=f"{subject} {verb} {name}, an organization that is neither declared nor known to the stored state",
        detail=f"declared organizations: {listing(candidates)}" if candidates else "no other organization is declared",
        hint=closest(name, candidates) or "give the organization's manifest as well",
        path=path,
        address=address,
    )


def former_name(organization: Subject, context: Context) -> Iterator[Violation]:
    """A former name leads from one organization to one other: nobody is declared under it, and nobody else claims it.

    Source: inferred; a name is the key of an organization everywhere.
    Why: of two organizations one would be lost, with the history of both.
    """
    former = organization.former_name
    if former is None:
        return
    path = ("metadata", "formerName")
    others = [name for name in context.claimants.get(former, ()) if name != organization.name]
    if former == organization.name:
        yield Violation(message=f"{former} is the name itself", detail="formerName is another name", hint="leave formerName out", path=path)
    elif former in context.declared:
        yield Violation(
            message=f"{organization.name} was {former} before, and {former} is declared itself",
            detail="organizations cannot become one or change names in one run: rename one after the other, by way of a third name",
            path=path,
        )
    elif others:
        yield Violation(
            message=f"{organization.name} was {former} before, and so was {listing(others)}",
            detail="one organization has one new name",
            path=path,
        )


def managing_partner_type(organization: Subject, context: Context) -> Iterator[Violation]:
    """`managedBy` names a partner organization.

    Source: 2y8qmt (stated): customer organizations are managed from a partner organization.
    Why: only a partner's people get the rights that the relationship gives.
    """
    name = organization.settings.managed_by if organization.settings else None
    partner = context.known.get(name) if name else None
    if partner is not None and partner.type is not OrganizationType.PARTNER:
        yield Violation(
            message=f"{organization.name} is managed by {name}, which is a customer organization",
            detail="managedBy names an organization of type partner",
            path=("spec", "managedBy"),
        )


def customer_of_another_partner(organization: Subject, context: Context) -> Iterator[Violation]:
    """The customers of a partner administrator are customer organizations that this partner manages.

    Source: 2y8qmt (stated, R114): a partner administrator works on customers assigned to them.
    Why: a scope outside the partner's customers gives nothing and promises much.
    """
    for person in organization.people:
        for customer in sorted(person.customers) if person.customers else ():
            facts = context.known.get(customer)
            if facts is None or facts.managed_by == organization.name:
                continue
            managed = f"is managed by {facts.managed_by}" if facts.managed_by else "names no managing partner"
            yield Violation(
                message=f"{person.email} is given customer {customer}, which {managed}",
                detail=f"customers are organizations whose managedBy is {organization.name}",
                path=person_path(person, "customers", customer),
                address=administrator_address(organization.name, person.email),
            )


def home_is_itself(organization: Subject, context: Context) -> Iterator[Violation]:
    """A person's home is another organization, never the one being declared.

    Source: nk1ktdo (stated): an external administrator belongs to another organization.
    Why: a person of the organization itself is written without `home`.
    """
    for person in organization.outsiders:
        if person.home is not None and person.home.organization == organization.name:
            yield Violation(
                message=f"{person.email} has its home in {organization.name}, the organization itself",
                detail="home is for people from outside",
                hint="remove home",
                path=person_path(person, "home"),
                address=administrator_address(organization.name, person.email),
            )


def site_in_two_organizations(organization: Subject, context: Context) -> Iterator[Violation]:
    """A site belongs to one organization.

    Source: inferred; a Webex site has one administration.
    Why: two manifests would each take the other's administrators away.
    """
    for site in sorted(organization.settings.sites.keys() & context.site_owners.keys()) if organization.settings else ():
        others = [name for name in context.site_owners[site] if name != organization.name]
        if others:
            yield Violation(
                message=f"site {site} is declared by {organization.name} and by {listing(others)}",
                detail="a site belongs to one organization",
                path=("spec", "sites", site),
            )
