"""Who may do what: rules that need to know who answers for the change. All facts come from the catalog.

The actor is what the *stored* state says of that person: a plan does not give the right to itself.
"""

import re
from collections.abc import Iterator

from reconciler.catalog import FULL_ADMINISTRATOR, Assigner
from reconciler.catalog.words import CUSTOMER_MANAGEMENT, Evidence, Holder, Level
from reconciler.model.findings import Path
from reconciler.model.resources import Administrator, OrganizationType, Settings
from reconciler.rules.actor import Actor
from reconciler.rules.base import Context, Violation, listing, person_path
from reconciler.rules.holding import held_roles, holder_of
from reconciler.rules.transition import PersonChange, Transition

_INFERRED = "the articles name who can; that nobody else can is inferred"
_CONTACT_CENTER = "contact-center"


def actor_cannot_assign(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """Roles of the organization's own people are given and taken by somebody who may assign them.

    Source: fs78p5 (stated, R043: a full administrator gives roles to any user; partner roles by reference), 2y8qmt (stated, R120: in a
    partner organization full and partner full administrators), ne93ji (reference, CC-R3: a Contact Center service administrator assigns
    that role only). That nobody else may is inferred.
    Why: Control Hub would not let the actor do it.
    """
    for change in transition.people:
        if change.external:
            continue  # people from outside have rules of their own
        refused = [role for role in _touched(change, context) if not _may_assign(role, change, actor, transition, context)]
        if not refused:
            continue
        assigners = {one.role for role in refused for one in _assigners(role, transition, context)}
        unknown = bool(assigners & actor.unsettled)
        yield Violation(
            message=f"{_called(actor)} {_cannot(unknown=unknown)} give or take {listing(refused)} of {change.person.email}",
            detail=f"assigned by: {listing(sorted(assigners)) or 'nobody'}; {_INFERRED}",
            hint="let one of them answer for the change: --actor EMAIL",
            path=change.path,
            address=change.address,
            unknown=unknown,
        )


def _touched(change: PersonChange, context: Context) -> list[str]:
    """Roles that are given, taken, or held on other terms (where, until when) or under another address after the change."""
    was = {} if change.was is None else held_roles(change.was, context.catalog)
    will = {} if change.will is None else held_roles(change.will, context.catalog)
    if change.was is not None and change.will is not None and not change.renamed and _terms(change.was) == _terms(change.will):
        return sorted(was.keys() ^ will.keys())
    return sorted(was.keys() | will.keys())


def _terms(person: Administrator) -> tuple[object, ...]:
    return dict(person.sites), person.locations, person.customers, person.home, person.expires_at


def _assigners(role: str, transition: Transition, context: Context) -> tuple[Assigner, ...]:
    settings = transition.after.settings
    if settings is not None and settings.type is OrganizationType.PARTNER:
        return context.catalog.partner_assigners
    facts = context.catalog.roles.get(role)
    return facts.assigned_by if facts is not None else ()


def _may_assign(role: str, change: PersonChange, actor: Actor, transition: Transition, context: Context) -> bool:
    for assigner in _assigners(role, transition, context):
        if assigner.role in actor.partner_roles:
            return True
        if assigner.home is not None and (assigner.home == "internal") is not actor.internal:
            continue
        if assigner.role in actor.roles or _on_all_sites(assigner.role, role, change, actor):
            return True
    return False


def _on_all_sites(assigner: str, role: str, change: PersonChange, actor: Actor) -> bool:
    """Tell whether the actor holds the role *assigner* on every site on which the person's *role* changes."""
    was, will = ({} if side is None else dict(side.sites) for side in (change.was, change.will))
    sites = {site for site in was.keys() | will.keys() if was.get(site) != will.get(site)}
    return bool(sites) and all(actor.sites.get(site) == assigner for site in sites)


def external_adds_external(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """No external administrator adds an external administrator.

    Source: nk1ktdo and fs78p5 (stated, R028; row add-external-administrators is none for every external role).
    Why: Control Hub does not offer it, and whoever was let in would let others in.
    """
    if actor.internal:
        return
    for change in transition.people:
        if change.was is None and change.external:
            yield Violation(
                message=f"{_called(actor)} cannot add the external administrator {change.person.email}",
                detail=f"external administrators are added by a full administrator of {transition.name} who belongs to it",
                hint=_colleague(transition),
                path=change.path,
                address=change.address,
            )


def external_changed_by_another(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """What external administrators may do is decided by a full administrator who belongs to the organization.

    Source: nk1ktdo and fs78p5 (stated, R035: a full administrator of the organization adjusts the privileges of externals); that nobody
    else may is inferred.
    Why: otherwise one outsider could raise another.
    """
    if actor.internal and FULL_ADMINISTRATOR in actor.roles:
        return
    for change in transition.people:
        added_from_outside = change.was is None and not actor.internal  # external-adds-external says it
        if not change.external or added_from_outside or not _touched(change, context):
            continue
        yield Violation(
            message=f"{_called(actor)} cannot change what the external administrator {change.person.email} may do",
            detail=f"a full administrator who belongs to {transition.name} does; {_INFERRED}",
            hint=_colleague(transition),
            path=change.path,
            address=change.address,
        )


def partner_makes_itself_full(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """Nobody of the managing partner makes people of that partner full administrators of a customer.

    Source: fs78p5 (stated, R094). First set-up, where nobody is on record yet, is the one exception (R059).
    Why: who gets full access to a customer is the customer's decision.
    """
    if actor.holder is not Holder.MANAGING_PARTNER:
        return
    for change in transition.people:
        if FULL_ADMINISTRATOR in change.given and holder_of(change.person, transition.after) is Holder.MANAGING_PARTNER:
            yield Violation(
                message=f"{_called(actor)} cannot make {change.person.email} full administrator: both belong to the managing partner",
                detail=f"a full administrator who belongs to {transition.name} does",
                hint=_colleague(transition),
                path=_role_path(change, FULL_ADMINISTRATOR),
                address=change.address,
            )


def self_assigned_role(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """Nobody gives advanced troubleshooting access to themselves.

    Source: fs78p5 (stated, R065): another full administrator must.
    Why: it opens running meetings; two people decide.
    """
    yield from _to_oneself(transition, actor, context, Evidence.ARTICLE)


def discouraged_self_assignment(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """Nobody makes themselves compliance officer.

    Source: compliance-labs (reference, CO-R1): another full administrator must.
    Why: Control Hub is said to refuse it; no article states it, so it is a warning.
    """
    yield from _to_oneself(transition, actor, context, Evidence.REFERENCE)


def _to_oneself(transition: Transition, actor: Actor, context: Context, evidence: Evidence) -> Iterator[Violation]:
    for change in transition.people:
        if change.person.key != actor.key:
            continue
        for role in sorted(change.given):
            facts = context.catalog.roles.get(role)
            stated = facts.no_self_assignment if facts is not None else None
            if stated is not None and stated.evidence is evidence:
                yield Violation(
                    message=f"{change.person.email} cannot give {role} to themselves",
                    detail="another full administrator does",
                    hint="let another full administrator answer for the change: --actor EMAIL",
                    path=_role_path(change, role),
                    address=change.address,
                )


def contact_center_role_by_an_external(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """An external administrator does not give or take the Contact Center service administrator role of another external one.

    Source: fs78p5 (stated, R083).
    Why: in Contact Center external full administrators can do everything but this.
    """
    if actor.internal:
        return
    roles = {role.id for role in context.catalog.roles.values() if role.service == _CONTACT_CENTER}
    for change in transition.people:
        if not change.external or change.person.key == actor.key:
            continue
        for role in sorted(roles & (change.given | change.lost)):
            yield Violation(
                message=f"{_called(actor)} cannot give or take {role} of the external administrator {change.person.email}",
                detail=f"a full administrator who belongs to {transition.name} does",
                hint=_colleague(transition),
                path=_role_path(change, role),
                address=change.address,
            )


def customers_assigned_by_another(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """The customers of a partner administrator are assigned by a partner full administrator.

    Source: 2y8qmt (stated, R113: a partner full administrator assigns them), webex-openapi-specs (reference, PA-R1: nobody else is named).
    Why: Partner Hub may refuse it to others; no article says that nobody else can, so it is a warning.
    """
    for change in transition.people:
        was, will = (side.customers if side else None for side in (change.was, change.will))
        if change.will is None or was == will:
            continue
        assigners = {
            assigner
            for role in change.will.roles
            if (facts := context.catalog.roles.get(role)) is not None and facts.scope_assigned_by is not None
            for assigner in facts.scope_assigned_by.values
        }
        if assigners and actor.roles.isdisjoint(assigners):
            yield Violation(
                message=f"{_called(actor)} assigns customers to {change.will.email}",
                detail=f"customers are assigned by: {listing(sorted(assigners))}",
                path=person_path(change.will, "customers"),
                address=change.address,
            )


def restricted_mode_switched_by_another(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """Restricted administrator mode is switched by the managing partner.

    Source: 2y8qmt (stated, R135: partner administrators switch it). That a partner full administrator can, and a partner administrator for
    assigned customers, and nobody else, is inferred.
    Why: a customer could lift its own restriction.
    """
    if transition.settings is None:
        return
    before, after = (settings.restricted_mode for settings in transition.settings)
    if before is None or before == after or (after is None and not before.enabled):
        return
    allowed = sorted(_partners_in_charge(context))
    if actor.partner_roles.isdisjoint(allowed):
        managed_by = transition.settings[0].managed_by
        # Without managedBy there is no mode: leaving that out lifts the restriction as well.
        switched = after is None or before.enabled != after.enabled
        path: Path = ("spec",) if after is None else ("spec", "restrictedMode", "enabled" if switched else "exempt")
        unknown = not actor.unsettled.isdisjoint(allowed)
        yield Violation(
            message=f"{_called(actor)} {_cannot(unknown=unknown)} switch restricted administrator mode of {transition.name}",
            detail=f"{listing(allowed)} of {managed_by} can; {_INFERRED}",
            hint=f"let one of {managed_by} answer for the change: --actor EMAIL",
            path=path,
            unknown=unknown,
        )


def restricted_setting_changed(transition: Transition, actor: Actor, context: Context) -> Iterator[Violation]:
    """While restricted administrator mode is on, no customer administrator changes a restricted setting.

    Source: 2y8qmt (stated, R128). Of the 21 settings a manifest declares one, the company name. Whether the mode reaches administrators
    from outside is not known.
    Why: Control Hub shows the setting as read-only to them.
    """
    if transition.settings is None:
        return
    before, after = transition.settings
    mode = before.restricted_mode
    if mode is None or not mode.enabled or not actor.partner_roles.isdisjoint(_partners_in_charge(context)):
        return
    for setting in context.catalog.restricted_settings.values():
        if setting.field is None or setting.id in mode.exempt:
            continue
        if _declared(before, setting.field) != _declared(after, setting.field):
            cannot = _cannot(unknown=not actor.internal)
            yield Violation(
                message=f"{_called(actor)} {cannot} change {setting.field}: {setting.label} is restricted in {transition.name}",
                detail=f"restricted administrator mode is on; a partner administrator of {before.managed_by} can change it",
                hint=f"let one of {before.managed_by} answer for the change: --actor EMAIL",
                path=("spec", setting.field),
                unknown=not actor.internal,
            )


def _declared(settings: Settings, field: str) -> object:
    """Return the value of the manifest field *field*; `displayName` is `display_name` here."""
    return getattr(settings, re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", field))


def _partners_in_charge(context: Context) -> frozenset[str]:
    """The partner roles that change what a customer cannot: full on the settings of customer organizations."""
    cells = context.catalog.matrices.by_id[CUSTOMER_MANAGEMENT].rows["organization-settings"].cells
    return frozenset(role for role, cell in cells.items() if cell.level is Level.FULL)


def _role_path(change: PersonChange, role: str) -> Path:
    return person_path(change.will, "roles", role) if change.will is not None and role in change.will.roles else change.path


def _colleague(transition: Transition) -> str:
    return f"let a full administrator of {transition.name} answer for the change: --actor EMAIL"


def _called(actor: Actor) -> str:
    """The actor with where they stand, so that a reviewer sees why."""
    held = sorted(actor.roles | actor.partner_roles | {f"{role} on {site}" for site, role in actor.sites.items()})
    if actor.holder is None or not held:
        return f"{actor.email}, who holds no role here,"
    home = {
        Holder.INTERNAL: "",
        Holder.MANAGING_PARTNER: " of the managing partner",
        Holder.OTHER_ORGANIZATION: " from another organization",
    }[actor.holder]
    return f"{actor.email} ({listing(held)}{home})"


def _cannot(*, unknown: bool) -> str:
    return "may not be allowed to" if unknown else "cannot"
