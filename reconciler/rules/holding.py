"""What one person may hold: which roles stand together, what they need beside them, and who may hold them at all.

All facts come from the catalog; these functions only ask it.
"""

from collections.abc import Iterator
from functools import lru_cache

from reconciler.catalog import ANY, Catalog
from reconciler.catalog.words import Evidence, Holder, Permitted
from reconciler.model.findings import Path
from reconciler.model.identifiers import administrator_address
from reconciler.model.resources import Administrator, Organization, OrganizationType
from reconciler.rules.base import Context, Violation, listing, person_path
from reconciler.rules.subject import Subject, roles_of, roles_with, site_switches

_SCOPES = ("locations", "customers")


def held_roles(person: Administrator, catalog: Catalog) -> dict[str, Path]:
    """Return every role that *person* holds, with the place that gives it; a role held on several sites has the first place."""
    held: dict[str, Path] = {role: person_path(person, "roles", role) for role in sorted(person.roles)}
    for site, on_site in sorted(person.sites.items()):
        if on_site.role is not None:
            held.setdefault(on_site.role, person_path(person, "sites", site, "role"))
        if on_site.meeting_content_manager:
            for switch in site_switches(catalog):
                held.setdefault(switch, person_path(person, "sites", site, "meetingContentManager"))
    return held


def holder_of(person: Administrator, organization: Organization) -> Holder:
    """Return where *person* belongs, seen from *organization*."""
    if person.home is None:
        return Holder.INTERNAL
    managed_by = organization.settings.managed_by if organization.settings else None
    return Holder.MANAGING_PARTNER if managed_by and person.home.organization == managed_by else Holder.OTHER_ORGANIZATION


def exclusive_role(organization: Subject, context: Context) -> Iterator[Violation]:
    """A location administrator holds no other role of any kind.

    Source: fs78p5 (stated, R050). Exclusions that only later texts know are no errors.
    Why: Control Hub takes the other roles away when the role is given.
    """
    for person in organization.holding(_standing_alone(context.catalog)):
        held = held_roles(person, context.catalog)
        for role in held:
            others = [other for other in held if other != role and _excludes(role, other, context.catalog)]
            if others:
                yield Violation(
                    message=f"{person.email} holds {listing(others)} beside {role}",
                    detail=f"{role} stands alone",
                    hint=f"remove {role}, or everything else",
                    path=held[role],
                    address=administrator_address(organization.name, person.email),
                )


@lru_cache(maxsize=4)
def _standing_alone(catalog: Catalog) -> frozenset[str]:
    return frozenset(role for role in catalog.roles if any(_excludes(role, other, catalog) for other in (ANY, *catalog.roles)))


def _excludes(role: str, other: str, catalog: Catalog) -> bool:
    facts = catalog.roles.get(role)
    return facts is not None and any(
        exclusion.evidence is Evidence.ARTICLE and exclusion.role in {other, ANY} for exclusion in facts.excludes
    )


def scope_of_a_role(organization: Subject, context: Context) -> Iterator[Violation]:
    """`locations` go with location-administrator and `customers` with partner-administrator; a location administrator needs locations.

    Source: fs78p5 (stated, R051) for locations, 2y8qmt (stated, R114) for customers.
    Why: a scope without its role gives nothing, a role without its scope reaches nowhere.
    """
    scoped = roles_with("takes", context.catalog)
    for person in organization.people:
        if not person.locations and not person.customers and scoped.isdisjoint(person.roles):
            continue
        address = administrator_address(organization.name, person.email)
        for field in _SCOPES:
            takers = _takers(field, context.catalog)
            holds = [role for role in takers if role in person.roles]
            given = getattr(person, field)
            if given and not holds:
                yield Violation(
                    message=f"{person.email} is given {field} without {listing(takers)}",
                    detail=f"{field} go with {listing(takers)} and no other role",
                    hint=f"remove {field}, or give {takers[0]}",
                    path=person_path(person, field),
                    address=address,
                )
            for role in holds:
                if context.catalog.roles[role].takes[field] and not given:
                    yield Violation(
                        message=f"{person.email} holds {role} without any {field}",
                        detail=f"{role} needs at least one of the organization's {field}",
                        hint=f"add {field}",
                        path=person_path(person, "roles", role),
                        address=address,
                    )


@lru_cache(maxsize=8)
def _takers(field: str, catalog: Catalog) -> tuple[str, ...]:
    return tuple(role.id for role in catalog.roles.values() if field in role.takes)


def many_locations(organization: Subject, context: Context) -> Iterator[Violation]:
    """One location administrator has five locations at most.

    Source: 760wbi (reference, an older revision, LO-R1): the dialog takes five locations; the number stands in the catalog.
    Why: what is declared may be more than Control Hub lets anybody give.
    """
    for person in organization.holding(roles_with("limits", context.catalog)):
        for role in sorted(person.roles):
            facts = context.catalog.roles.get(role)
            for field, limit in facts.limits.items() if facts is not None else ():
                given = len(getattr(person, field) or ())
                if given > limit.most:
                    yield Violation(
                        message=f"{person.email} is given {given} {field} as {role}",
                        detail=f"Control Hub's dialog takes {limit.most} {field} for one person, as an older description of it says",
                        hint=f"remove {given - limit.most} of them, or give them to somebody else as well",
                        path=person_path(person, field),
                        address=administrator_address(organization.name, person.email),
                    )


def missing_base_role(organization: Subject, context: Context) -> Iterator[Violation]:
    """Advanced troubleshooting stands beside a full, read-only or support administrator; the meeting content switch beside a site role.

    Source: fs78p5 (stated, R064 and R077).
    Why: the add-on alone cannot be assigned in Control Hub.
    """
    for person in organization.holding(roles_with("needs", context.catalog).union(site_switches(context.catalog))):
        address = administrator_address(organization.name, person.email)
        for role in sorted(person.roles):
            needs = context.catalog.roles[role].needs if role in context.catalog.roles else None
            if needs is not None and not person.roles.intersection(needs.any_of):
                yield Violation(
                    message=f"{person.email} holds {role} without a role that it stands beside",
                    detail=f"one of: {listing(needs.any_of)}",
                    hint=f"add one of them, or remove {role}",
                    path=person_path(person, "roles", role),
                    address=address,
                )
        for site, on_site in sorted(person.sites.items()):
            if on_site.meeting_content_manager and on_site.role is None:
                yield Violation(
                    message=f"{person.email} manages meeting content on {site} without a site role there",
                    detail="meetingContentManager stands on top of a site role on the same site",
                    hint="add a role for this site, or remove meetingContentManager",
                    path=person_path(person, "sites", site, "meetingContentManager"),
                    address=address,
                )


def site_managed_elsewhere(organization: Subject, context: Context) -> Iterator[Violation]:
    """Site roles are given on sites that are managed in Control Hub.

    Source: fs78p5 (stated, R066).
    Why: a site managed in Site Administration has its own administrators, which Control Hub does not give.
    """
    managed = organization.settings.sites if organization.settings else {}
    wanted = _managed_here(context.catalog)
    elsewhere = {site for site, place in managed.items() if place not in wanted}
    if not elsewhere:
        return
    for person in organization.people:
        for site in sorted(elsewhere.intersection(person.sites)):
            yield Violation(
                message=f"{person.email} has a scope on {site}, which is managed in {managed[site]}",
                detail=f"site roles are given on sites managed in {listing(sorted(wanted))}",
                path=person_path(person, "sites", site),
                address=administrator_address(organization.name, person.email),
            )


@lru_cache(maxsize=4)
def _managed_here(catalog: Catalog) -> frozenset[str]:
    """The ways of managing a site that leave its roles to Control Hub."""
    return frozenset(place for role in catalog.roles.values() if role.managed_in for place in role.managed_in.values)


def role_of_another_organization(organization: Subject, context: Context) -> Iterator[Violation]:
    """Partner roles are declared in the partner's organization only.

    Source: 2y8qmt (stated, R111): customer-management roles are held by users of the partner organization.
    Why: in a customer organization the role does not exist.
    """
    if organization.settings is None:
        return
    kind = organization.settings.type
    for person in organization.holding(_foreign(kind, context.catalog)):
        for role, path in held_roles(person, context.catalog).items():
            facts = context.catalog.roles.get(role)
            if facts is not None and kind not in facts.organizations:
                kinds = listing(sorted(facts.organizations))
                yield Violation(
                    message=f"{person.email} holds {role} in {organization.name}, a {kind} organization",
                    detail=f"the role is held in organizations of type {kinds}; its reach is declared there",
                    path=path,
                    address=administrator_address(organization.name, person.email),
                )


@lru_cache(maxsize=8)
def _foreign(kind: OrganizationType, catalog: Catalog) -> frozenset[str]:
    """The roles that are not held in organizations of that *kind*."""
    return frozenset(role.id for role in catalog.roles.values() if kind not in role.organizations)


def role_not_for_this_home(organization: Subject, context: Context) -> Iterator[Violation]:
    """People from outside hold only what their home allows; people of the managing partner hold full-administrator and nothing else.

    Source: nk1ktdo and fs78p5 (stated, part inferred; R033, R034, R084); 2y8qmt (R111) for partner roles.
    Why: Control Hub does not offer the other roles for them.
    """
    own_fit = organization.roles.isdisjoint(_refused(Holder.INTERNAL, context.catalog))
    for person in organization.outsiders if own_fit else organization.people:
        holder = holder_of(person, organization)
        if _refused(holder, context.catalog).isdisjoint(roles_of(person, context.catalog)):
            continue
        for role, path in held_roles(person, context.catalog).items():
            facts = context.catalog.roles.get(role)
            if facts is None or facts.holders[holder] is not Permitted.REFUSED:
                continue
            yield Violation(
                message=f"{person.email} cannot hold {role}: {_WHO[holder]}",
                detail=f"people from there may hold: {listing(allowed_for(holder, context.catalog))}",
                path=path,
                address=administrator_address(organization.name, person.email),
            )


@lru_cache(maxsize=16)
def _refused(holder: Holder, catalog: Catalog) -> frozenset[str]:
    """The roles that people who belong there cannot hold."""
    return frozenset(role.id for role in catalog.roles.values() if role.holders[holder] is Permitted.REFUSED)


def allowed_for(holder: Holder, catalog: Catalog) -> list[str]:
    """Return the roles that can be declared for people who belong there."""
    return [role.id for role in catalog.roles.values() if role.declared and role.holders[holder] is Permitted.ALLOWED]


_WHO = {
    Holder.INTERNAL: "a person of the organization itself",
    Holder.MANAGING_PARTNER: "a person of the managing partner",
    Holder.OTHER_ORGANIZATION: "a person of another organization",
}


def account_not_for_administrators(organization: Subject, context: Context) -> Iterator[Violation]:
    """Somebody with a consumer account is no administrator; free self-sign-up accounts are accepted.

    Source: nk1ktdo and fs78p5 (stated, R030 and R031).
    Why: Control Hub refuses consumer accounts.
    """
    for person in organization.outsiders:
        kind = person.home.type if person.home is not None else None
        facts = context.catalog.homes.get(kind) if kind is not None else None
        if facts is not None and facts.external is Permitted.REFUSED:
            accepted = [one.id for one in context.catalog.homes.values() if one.external is not Permitted.REFUSED]
            yield Violation(
                message=f"{person.email} has a {kind} account",
                detail=f"accounts of administrators from outside: {listing(accepted)}",
                path=person_path(person, "home", "type"),
                address=administrator_address(organization.name, person.email),
            )
