"""What only a person can do, before or after a change. The plan says it; a follow-up stays listed until somebody attests it."""

from collections.abc import Iterator

from reconciler.model.changes import ManualStep
from reconciler.model.identifiers import organization_address
from reconciler.model.resources import OrganizationType
from reconciler.rules.base import Context, listing, rule_id
from reconciler.rules.changing import of_other_partners
from reconciler.rules.holding import holder_of
from reconciler.rules.transition import PersonChange, Transition


def first_sign_in(transition: Transition, context: Context) -> Iterator[ManualStep]:
    """A new external full administrator, and a new site administrator, signs in to Control Hub once before meeting sites open to them.

    Source: nk1ktdo and fs78p5 (stated, R022), fs78p5 (stated, R069).
    Why: the role is there and does not work, and at the worst moment nobody knows why.
    """
    for change in transition.people:
        new = [role for role in _newly_held(change) if _needs_sign_in(role, change, transition, context)]
        if new:
            yield ManualStep(
                rule=rule_id(first_sign_in),
                address=change.address,
                summary="sign in to Control Hub once",
                detail=f"until then {listing(new)} gives no administrator access to meeting sites",
                follow_up=True,
            )


def _newly_held(change: PersonChange) -> Iterator[str]:
    """Roles, and roles on sites, that somebody has only after the change."""
    yield from sorted(change.gained)
    was = change.was.sites if change.was else {}
    will = change.will.sites if change.will else {}
    new = {held.role for site, held in will.items() if held.role is not None and (site not in was or was[site].role != held.role)}
    yield from sorted(new)


def _needs_sign_in(role: str, change: PersonChange, transition: Transition, context: Context) -> bool:
    facts = context.catalog.roles.get(role)
    needed = facts.first_sign_in if facts is not None else None
    return needed is not None and holder_of(change.person, transition.after).value in needed.values


def partner_approval(transition: Transition, context: Context) -> Iterator[ManualStep]:
    """The customer approves external administrator access for a partner that is new to the organization.

    Source: 2y8qmt (stated, R140); the request goes to the customer's administrator and up to five organization administrators (nfgex4u,
    reference, EX-R4).
    Why: without the approval the partner's people are not let in.
    """
    settings = transition.settings
    partners = {change.person.home.organization for change in of_other_partners(transition, context) if change.person.home}
    if settings is not None and settings[1].managed_by not in {None, settings[0].managed_by}:
        partners.add(settings[1].managed_by)
    names = sorted(filter(None, partners))
    if names:
        yield ManualStep(
            rule=rule_id(partner_approval),
            address=organization_address(transition.name),
            summary=f"an administrator of {transition.name} approves external administrator access for {listing(names)}",
            follow_up=True,
        )


def user_must_exist(transition: Transition, context: Context) -> Iterator[ManualStep]:
    """A role is given to a user who exists in the organization.

    Source: 2y8qmt (stated, R123): a user who is not there is created first, through Manage Users.
    Why: Control Hub offers roles for users only. Nothing here lists the users, so this is said and not checked.
    """
    people = [change.person.email for change in transition.people if change.was is None and change.person.home is None]
    if people:
        yield ManualStep(
            rule=rule_id(user_must_exist),
            address=organization_address(transition.name),
            summary=f"{listing(people, most=3)}: see that the user exists before the role is given",
            detail="a user who is not there is created first, through Manage Users",
        )


def partner_hub_alias(transition: Transition, context: Context) -> Iterator[ManualStep]:
    """In a partner organization, users who already have a common identity for services need an alias for Partner Hub.

    Source: 2y8qmt (stated, R124).
    Why: without it they cannot sign in to Partner Hub. Nothing here knows who has such an identity.
    """
    settings = transition.after.settings
    if settings is None or settings.type is not OrganizationType.PARTNER:
        return
    people = [change.person.email for change in transition.people if change.was is None and change.person.home is None]
    if people:
        yield ManualStep(
            rule=rule_id(partner_hub_alias),
            address=organization_address(transition.name),
            summary=f"{listing(people, most=3)}: give an alias for Partner Hub to whoever has a common identity already",
        )
