"""What hangs on single people: sites, locations, and where and until when they hold their roles."""

from reconciler.access.profile import Profile, site_rights
from reconciler.access.values import Access, Holding, Kind, LiveGrant, Reason, Right, Scoped
from reconciler.access.view import Person, View
from reconciler.catalog import Level
from reconciler.model.lifetimes import grant_end
from reconciler.model.resources import Administrator, Grant, SiteAssignment


def access_of(person: Person, view: View) -> Access:
    """Return everything about one person of the view."""
    profile = view.profile(person)
    return Access(
        organization=view.organization.name,
        person=person.email,
        at=view.now,
        held=_held(person, view),
        permissions=profile.permissions,
        scoped=scoped_rights(person, view, profile),
        restricted=profile.restricted,
        grants=tuple(map(_live, person.grants)),
        undescribed=profile.undescribed,
        unrecorded=view.unrecorded,
    )


def scoped_rights(person: Person, view: View, profile: Profile) -> tuple[Scoped, ...]:
    """Return what the person has within locations, services and sites only, in this order, each by name."""
    member = person.member
    if member is None or not (member.locations or member.sites):
        return profile.services
    found = [*_locations(member, view), *profile.services]
    for site, held in sorted(member.sites.items()):
        rights = site_rights(_on_site(held, view), view.holder(member), view.exempt, view.catalog)
        found += [Scoped(scope=f"site/{site}", permission=permission, right=right) for permission, right in rights]
    return tuple(found)


def _on_site(held: SiteAssignment, view: View) -> frozenset[str]:
    role = frozenset({held.role}) if held.role else frozenset[str]()
    return role | view.kinds.switches if held.meeting_content_manager else role


def _locations(member: Administrator, view: View) -> list[Scoped]:
    """No matrix describes location administrators: that they may do something there is known, what is not."""
    roles = [view.catalog.roles[role] for role in sorted(member.roles & view.kinds.local)]
    return [
        Scoped(
            scope=f"location/{location}",
            permission=role.uncharted.permission,
            right=Right(access=Level.UNKNOWN, because=(Reason(kind=Kind.UNDESCRIBED, access=Level.UNKNOWN, role=role.id),)),
        )
        for location in sorted(member.locations)
        for role in roles
        if role.uncharted is not None
    ]


def _held(person: Person, view: View) -> tuple[Holding, ...]:
    found: list[Holding] = []
    if person.member is not None:
        found += _held_here(person.member, view)
    if person.partner is not None:
        until = person.partner.expires_at
        by = view.settings.managed_by
        found += [Holding(role=role, held_in=by, until=until) for role in sorted(view.counting(person.partner))]
    for grant in person.grants:
        found += [Holding(role=role, grant=grant.name, until=grant_end(grant)) for role in sorted(view.kinds.elevations)]
    return tuple(found)


def _held_here(member: Administrator, view: View) -> list[Holding]:
    until = member.expires_at
    found = [Holding(role=role, until=until) for role in sorted(member.roles - view.kinds.local)]
    for role in sorted(member.roles & view.kinds.local):
        found += [Holding(role=role, scope=f"location/{location}", until=until) for location in sorted(member.locations)]
    for site, held in sorted(member.sites.items()):
        found += [Holding(role=role, scope=f"site/{site}", until=until) for role in sorted(_on_site(held, view))]
    return found


def _live(grant: Grant) -> LiveGrant:
    return LiveGrant(
        name=grant.name,
        agent_type=grant.agent_type,
        reason=grant.reason,
        ticket=grant.ticket,
        approved_by=grant.approved_by,
        approved_at=grant.approved_at or grant.requested_at,
        until=grant_end(grant),
    )
