"""What a change means that the result alone does not show: what cannot be done one by one, what comes back, what should be looked at.

All facts come from the catalog; these functions only ask it.
"""

from collections.abc import Iterator

from reconciler.catalog import FULL_ADMINISTRATOR
from reconciler.catalog.words import Holder
from reconciler.model.resources import Administrator, Organization, OrganizationType
from reconciler.rules.base import Context, Violation, listing
from reconciler.rules.holding import holder_of
from reconciler.rules.transition import PersonChange, Transition


def external_demotion_in_part(transition: Transition, context: Context) -> Iterator[Violation]:
    """When external full administrators lose that role and stay, all of them do, in one change.

    Source: nk1ktdo (stated, R039): all external administrators must be demoted at the same time for the change to be saved. It can also
    be read as "pending edits are saved together"; the strict reading is taken, and its severity can be set. Who leaves altogether is
    revoked, not demoted, and an end that comes by itself is neither.
    Why: Control Hub does not save the change, and one demoted external would look demoted here only.
    """
    before = transition.before.administrators if transition.before else None
    after = transition.after.administrators
    if not before or after is None:
        return
    staying = [
        person
        for key, person in sorted(before.items())
        if person.home is not None and person.live_at(transition.now) and FULL_ADMINISTRATOR in person.roles and key in after
    ]
    demoted = [person for person in staying if FULL_ADMINISTRATOR not in after[person.key].roles]
    kept = [person.email for person in staying if FULL_ADMINISTRATOR in after[person.key].roles]
    if not kept:
        return
    for person in demoted:
        change = PersonChange(organization=transition.name, was=person, will=after[person.key])
        yield Violation(
            message=f"{person.email} is demoted from {FULL_ADMINISTRATOR} while other external full administrators stay",
            detail=f"external full administrators are demoted all together; {listing(kept)} would stay",
            hint="demote all of them in one change, or leave out of the list whoever is to go altogether",
            path=change.path,
            address=change.address,
        )


def external_revoked(transition: Transition, context: Context) -> Iterator[Violation]:
    """Taking an external administrator away deletes every record of the person; coming back is a new entry.

    Source: nk1ktdo and fs78p5 (stated, R041).
    Why: unlike a demotion it cannot be taken back, and the person's history in Control Hub is gone.
    """
    for change in transition.people:
        if change.was is not None and change.will is None and change.was.home is not None:
            yield Violation(
                message=f"{change.was.email} is an external administrator and is revoked: Control Hub deletes every record of the person",
                detail="to come back, the person is added anew and verified again",
                path=change.path,
                address=change.address,
            )


def external_role_may_vanish(transition: Transition, context: Context) -> Iterator[Violation]:
    """External read-only access may be revoked by Control Hub itself after some time.

    Source: nk1ktdo and fs78p5 (stated, R025, no duration named); that it covers every external read-only administrator and not only
    support staff is inferred.
    Why: it can be gone from Control Hub while the manifest still declares it.
    """
    for change in transition.people:
        for role in sorted(change.gained):
            facts = context.catalog.roles.get(role)
            vanishes = facts.may_vanish if facts is not None else None
            if vanishes is not None and holder_of(change.person, transition.after).value in vanishes.values:
                yield Violation(
                    message=f"{change.person.email} becomes an external {role}; Control Hub may revoke that by itself",
                    detail="after some time, which no article names; when it is gone, it has to be given anew",
                    path=change.path,
                    address=change.address,
                )


def demotion_to_a_new_role(transition: Transition, context: Context) -> Iterator[Violation]:
    """An external full administrator is demoted to read-only only where the person was read-only before the promotion.

    Source: nk1ktdo and fs78p5 (stated, R038); that others cannot be is inferred.
    Why: Control Hub may not offer the step for somebody who came as a full administrator.
    """
    for change in transition.people:
        if change.was is None or change.will is None or change.will.home is None or FULL_ADMINISTRATOR not in change.lost:
            continue
        once = transition.roles_once_held(change.was.key)
        for role in sorted(change.gained - once):
            facts = context.catalog.roles.get(role)
            if facts is not None and facts.regained_only is not None:
                yield Violation(
                    message=f"{change.will.email} is demoted from {FULL_ADMINISTRATOR} to {role}, never held before as far as is recorded",
                    detail="Control Hub describes that step for externals who held the role before they were promoted",
                    hint=f"be ready to revoke the person and to add them anew as {role}",
                    path=change.path,
                    address=change.address,
                )


def service_roles_to_review(transition: Transition, context: Context) -> Iterator[Violation]:
    """When the organization roles of somebody change who has site or service roles, those are reviewed.

    Source: fs78p5 (stated, R049).
    Why: changing the organization role may affect them in Control Hub.
    """
    services = {role.id for role in context.catalog.roles.values() if role.scope == "service"}
    for change in transition.people:
        if change.was is None or change.will is None:
            continue
        if not (change.gained | change.lost) - services:
            continue
        sites = sorted(change.was.sites.keys() & change.will.sites.keys())
        kept = [*sorted(change.was.roles & change.will.roles & services), *(f"the role on {site}" for site in sites)]
        if kept:
            yield Violation(
                message=f"the organization roles of {change.will.email} change: review {listing(kept)} afterwards",
                detail="changing an organization role may affect the service roles of the same person",
                path=change.path,
                address=change.address,
            )


def provisioning_access_may_remain(transition: Transition, context: Context) -> Iterator[Violation]:
    """Taking full administrator from a person of the managing partner may leave provisioning access, and it can come back.

    Source: nk1ktdo and fs78p5 (stated, R037: what is left is a provisioning administrator; R093: while the sales relationship lasts, the
    partner can take that role again).
    Why: the person looks gone here and is not. To shut the selling partner out altogether, the customer contacts the partner (R095).
    """
    for change in transition.people:
        if change.was is None or transition.before is None:
            continue
        of_partner = holder_of(change.was, transition.before) is Holder.MANAGING_PARTNER
        if of_partner and FULL_ADMINISTRATOR in change.lost:
            yield Violation(
                message=f"{change.was.email} belongs to the managing partner and may keep provisioning access",
                detail="while the sales relationship lasts, the partner can take provisioning access again; it is derived, not declared",
                path=change.path,
                address=change.address,
            )


def new_partner(transition: Transition, context: Context) -> Iterator[Violation]:
    """A partner that is new to an organization needs the approval of the customer.

    Source: 2y8qmt (stated, R140): the customer's administrator approves external administrator access for the new partner.
    `managedBy` is the recorded relationship: people of that partner need no further approval.
    Why: until the customer approves, the partner's people are not let in.
    """
    if transition.settings is not None:
        before, after = transition.settings
        if after.managed_by is not None and after.managed_by != before.managed_by:
            was = f"from {before.managed_by} " if before.managed_by else ""
            yield Violation(
                message=f"the managing partner of {transition.name} changes {was}to {after.managed_by}",
                detail="the customer's administrator approves external administrator access for a new partner",
                path=("spec", "managedBy"),
            )
    for change in of_other_partners(transition, context):
        yield Violation(
            message=f"{change.person.email} comes from {_home(change.person)}, a partner that is not the managing one",
            detail="the customer's administrator approves external administrator access for a new partner",
            path=change.path,
            address=change.address,
        )


def of_other_partners(transition: Transition, context: Context) -> Iterator[PersonChange]:
    """Yield who comes from a partner organization that does not manage this one and nobody of which is there yet."""
    settings = transition.after.settings
    if settings is None or settings.type is not OrganizationType.CUSTOMER:
        return
    there = _homes(transition.before)
    for change in transition.people:
        home = _home(change.person)
        if change.was is not None or home is None or home == settings.managed_by or home in there:
            continue
        facts = context.known.get(home)
        if facts is not None and facts.type is OrganizationType.PARTNER:
            yield change


def _home(person: Administrator) -> str | None:
    return person.home.organization if person.home else None


def _homes(organization: Organization | None) -> set[str | None]:
    return {_home(person) for person in ((organization.administrators if organization else None) or {}).values()}


def customer_groups_may_remain(transition: Transition, context: Context) -> Iterator[Violation]:
    """Access to a customer through a customer group stays when the customer is taken off a person's list.

    Source: webex-openapi-specs (reference, PA-R1): unassigning one customer leaves the role, and access through customer groups.
    Why: the list here does not know the groups of Partner Hub.
    """
    for change in transition.people:
        if change.was is None or change.will is None or change.was.customers is None or change.will.customers is None:
            continue
        gone = sorted(change.was.customers - change.will.customers)
        if gone:
            yield Violation(
                message=f"{change.will.email} loses {listing(gone)}; access through a customer group of Partner Hub may remain",
                detail="customer groups are not managed here",
                path=change.path,
                address=change.address,
            )
