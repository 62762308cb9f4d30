"""Elevation grants: who may ask for access, who lets them in, and when.

A grant that can give nothing any more is history: its instants are looked at and nobody's rights, for its approver may long have left.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from reconciler.catalog import FULL_ADMINISTRATOR, Origin
from reconciler.model.findings import Path
from reconciler.model.identifiers import grant_address, identity
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import grant_end
from reconciler.model.resources import Administrator, Grant, Organization, OrganizationFacts
from reconciler.rules.base import Context, OnRecord, Violation, listing
from reconciler.rules.holding import held_roles
from reconciler.rules.people import taken_for_one
from reconciler.rules.subject import Subject
from reconciler.rules.transition import Transition

_APPROVED_BY: Final[Path] = ("spec", "approvedBy")
_AGENT: Final[Path] = ("spec", "agent", "email")
_INFERRED_APPROVER: Final = "that nobody but a full administrator can approve is inferred"


def grant_approver(organization: Subject, context: Context) -> Iterator[Violation]:
    """Whoever approves a grant was full administrator of the organization at that instant, by standing right.

    Until when the right lasts makes no difference; an elevation is no standing right.

    Source: nbhqds0 (stated, R001: a full administrator of the customer is asked); that nobody else can approve is inferred.
    Why: access would be passed on by whoever was let in for an hour.
    """
    for grant, at in _approved(organization):
        facts = _facts(organization, context)
        if facts is None:
            return  # undeclared-organization says it
        by = grant.approved_by or ""
        record = _approver(grant, at, organization, context)
        if record is None:
            yield Violation(
                message=f"whether {by} could approve grant {grant.name} was not checked: nobody is known of {facts.name}",
                detail="its administrators are neither declared nor recorded",
                path=_APPROVED_BY,
                address=_address(grant),
                unknown=True,
            )
        elif record.person is None or FULL_ADMINISTRATOR not in record.person.roles or not record.person.live_at(at):
            yield Violation(
                message=f"{by}, who approves grant {grant.name}, was no full administrator of {facts.name} at {format_instant(at)}",
                detail=f"held then: {_held(record.person, at, context)}; an elevation does not count; {_INFERRED_APPROVER}",
                hint=f"let a full administrator of {facts.name} approve",
                path=_APPROVED_BY,
                address=_address(grant),
            )


def grant_self_approved(organization: Subject, context: Context) -> Iterator[Violation]:
    """Nobody approves their own access.

    Two addresses are one person when they differ in nothing but letters that look alike, upper and lower case, or what follows a plus sign.
    Unrelated addresses of one person cannot be told apart.

    Source: nbhqds0 (stated, R001: the agent asks a full administrator of the customer); that the two are not one person is inferred.
    Why: two people decide who gets in.
    """
    for grant, _ in _approved(organization):
        by = grant.approved_by or ""
        if identity(by) == identity(grant.agent_email):
            message = f"{by} approves their own access in grant {grant.name}"
        elif taken_for_one(by, grant.agent_email):
            message = f"{by} approves grant {grant.name} for {grant.agent_email}, which counts as the same person"
        else:
            continue
        yield Violation(
            message=message,
            detail="letters that look alike, upper and lower case, and what follows a plus sign make no other person",
            hint="let another full administrator approve",
            path=_APPROVED_BY,
            address=_address(grant),
        )


def grant_agent(organization: Subject, context: Context) -> Iterator[Violation]:
    """An agent of a partner holds a role there that may ask for access: of the managing partner, or as partner support of any partner.

    Agents of Cisco TAC are on no list that could be asked.

    Source: nbhqds0 (stated, R004) for the three kinds of agent, 2y8qmt (stated, R117): Help desk (Advanced) asks for access. That no other
    role does (N05), and that agents of both kinds hold it (C19), is inferred.
    Why: whoever is not on the partner's list is not from the partner.
    """
    for grant in organization.open_grants:
        kind = context.catalog.agents.get(grant.agent_type)
        if kind is None or kind.origin is Origin.ANYWHERE:
            continue
        facts = _facts(organization, context)
        if facts is None:
            return  # undeclared-organization says it
        if kind.origin is Origin.ANY_PARTNER:
            yield from _asking(grant, "a partner organization", context.partners(), context)
        elif facts.managed_by is not None:
            yield from _asking(grant, facts.managed_by, (facts.managed_by,), context)
        else:
            yield Violation(
                message=f"{grant.agent_email} asks for access as {grant.agent_type} in grant {grant.name}, and {facts.name} names none",
                detail=f"a {grant.agent_type} agent is an administrator of the organization's managedBy",
                hint=f"add managedBy to {facts.name}, or correct the type",
                path=("spec", "agent", "type"),
                address=_address(grant),
            )


def _asking(grant: Grant, where: str, partners: Iterable[str], context: Context) -> Iterator[Violation]:
    """Say that nobody of *partners* is the agent with a role that may ask, or that this is not known."""
    may_ask = [role.id for role in context.catalog.roles.values() if role.may_ask is not None]
    lists, held = [], set[str]()
    for partner in partners:
        lists.append(context.administrators_of(partner))
        person = (lists[-1] or {}).get(identity(grant.agent_email))
        if person is not None and person.live_at(context.now):
            held |= person.roles
            if not held.isdisjoint(may_ask):
                return
    unknown = None in lists or not lists
    said = f"{grant.agent_email} asks for access in grant {grant.name}"
    yield Violation(
        message=f"{said}; whether they hold {listing(may_ask)} in {where} is not known"
        if unknown
        else f"{said} and holds no {listing(may_ask)} in {where}",
        detail=f"held there: {listing(sorted(held)) or 'no role'}; {listing(may_ask)} may ask; that no other role may is inferred",
        path=_AGENT,
        address=_address(grant),
        unknown=unknown,
    )


def grant_approved_by_the_partner(organization: Subject, context: Context) -> Iterator[Violation]:
    """An agent of the managing partner is not approved by that partner's own people.

    Whoever belongs to the partner is its agent, whatever type the grant names. The partner is the one that manages the organization by its
    manifest or by the record, and its people are those of its manifest and of the record: no edit of the same run lets it in.

    Source: fs78p5 (stated, R094: a partner does not make itself full administrator); that it holds for an hour too is inferred.
    Why: who gets full access to a customer is the customer's decision.
    """
    for grant, at in _approved(organization):
        facts = _facts(organization, context)
        managing = {facts.managed_by if facts is not None else None, context.recorded_partner_of(organization.name)}
        for partner in sorted(filter(None, managing)):
            yield from _let_in_by(partner, grant, at, organization, context)


def _let_in_by(partner: str, grant: Grant, at: datetime, organization: Organization, context: Context) -> Iterator[Violation]:
    lists = context.lists_of(partner)
    own = {key for people in lists for key, person in people.items() if person.home is None and person.live_at(at)}
    by = grant.approved_by or ""
    if partner not in _homes(grant, at, organization, context) and not _is_one_of(by, own):
        return
    kind = context.catalog.agents.get(grant.agent_type)
    of_partner = _is_one_of(grant.agent_email, own) or (kind is not None and kind.origin is Origin.MANAGING_PARTNER)
    if of_partner or not lists:
        yield Violation(
            message=f"{by} approves grant {grant.name} for {grant.agent_email}: both belong to {partner}"
            if of_partner
            else f"{by} of {partner} approves grant {grant.name}; whether {grant.agent_email} belongs there too is not known",
            detail=f"{partner} manages {organization.name}, and does not let itself in",
            hint=f"let a full administrator who belongs to {organization.name} approve",
            path=_APPROVED_BY,
            address=_address(grant),
            unknown=not of_partner,
        )


def _is_one_of(email: str, people: Iterable[str]) -> bool:
    return any(taken_for_one(email, key) for key in people)


def _homes(grant: Grant, at: datetime, organization: Organization, context: Context) -> Iterator[str | None]:
    """Where the approver comes from, as recorded and as declared."""
    record = _approver(grant, at, organization, context)
    declared = (organization.administrators or {}).get(identity(grant.approved_by or ""))
    for person in (declared, record.person if record is not None else None):
        if person is not None and person.home is not None:
            yield person.home.organization


def grant_in_the_future(organization: Subject, context: Context) -> Iterator[Violation]:
    """What a grant says to have happened has happened; a few minutes are left for clocks that differ.

    Source: our choice (inferred); the articles know no access that is approved beforehand.
    Why: a request or an approval dated ahead would move or lengthen the hour.
    """
    tolerance = context.catalog.clock_tolerance
    for name, grant in sorted(organization.grants.items()):
        for field, instant in _instants(grant):
            if instant is not None and instant - context.now > tolerance:
                yield Violation(
                    message=f"{field} of grant {name} lies {_whole(instant - context.now)} in the future",
                    detail=f"it is {format_instant(context.now)}; clocks may differ by {tolerance}",
                    path=("spec", field),
                    address=grant_address(organization.name, name),
                )


def _instants(grant: Grant) -> tuple[tuple[str, datetime | None], ...]:
    return (
        ("requestedAt", grant.requested_at),
        ("approvedAt", grant.approved_at),
        ("deniedAt", grant.denied_at),
        ("revokedAt", grant.revoked_at),
    )


def _whole(length: timedelta) -> timedelta:
    """Return *length* in whole seconds, never less than it is."""
    return -(-length // timedelta(seconds=1)) * timedelta(seconds=1)


def grant_without_case(organization: Subject, context: Context) -> Iterator[Violation]:
    """A grant names the case that it is about.

    Source: nbhqds0 (stated, R008: access is granted to an agent one has been in touch with); that a ticket shows it is inferred.
    Why: an unexpected request is refused and reported.
    """
    for grant in organization.open_grants:
        if not (grant.ticket or "").strip():
            yield Violation(
                message=f"grant {grant.name} for {grant.agent_email} names no ticket",
                detail="a request that nobody expects is refused and reported",
                hint="add ticket",
                path=("spec",),
                address=_address(grant),
            )


def grant_chain(transition: Transition, context: Context) -> Iterator[Violation]:
    """Grants to one person do not follow each other without a break.

    Asked of what is stored as well; a chain is told when the change adds to it.

    Source: nbhqds0 (stated, R010: access lasts one hour from the approval); that there is no extension is inferred.
    Why: an hour that never ends is standing access.
    """
    before = transition.before.grants if transition.before is not None else {}
    for chain in _chains(transition.after, context.catalog.request_lifetime):
        new = [grant for grant, _, end in chain if context.now < end and before.get(grant.name) != grant]
        if not new:
            continue
        length = max(end for _, _, end in chain) - chain[0][1]
        yield Violation(
            message=f"{new[-1].agent_email} is full administrator of {transition.name} for {_hours(length)} without a break",
            detail=f"by {len(chain)} grants: {listing([grant.name for grant, _, _ in chain])}",
            hint="declare an administrator with expiresAt where longer access is meant",
            path=("spec", "approvedAt"),
            address=_address(new[-1]),
        )


_Access = tuple[Grant, datetime, datetime]
"""A grant that gave or gives access, with the beginning and the end of that."""


def _chains(organization: Organization, request_lifetime: timedelta) -> Iterator[Sequence[_Access]]:
    """Yield every unbroken row of two or more grants to one person."""
    by_person: dict[str, list[_Access]] = {}
    for name in sorted(organization.grants):
        grant = organization.grants[name]
        end = grant_end(grant, request_lifetime=request_lifetime)
        if grant.approved_at is not None and grant.approved_at < end:
            by_person.setdefault(identity(grant.agent_email), []).append((grant, grant.approved_at, end))
    for key in sorted(by_person):
        given = sorted(by_person[key], key=lambda access: access[1])
        last = given[0][2]
        breaks = [0]
        for place, (_, start, end) in enumerate(given):
            if start > last:
                breaks.append(place)
            last = max(last, end)
        yield from (given[one:other] for one, other in pairwise([*breaks, len(given)]) if other - one > 1)


def _hours(length: timedelta) -> str:
    hours = round(length / timedelta(hours=1), 1)
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def _approved(organization: Subject) -> Iterator[tuple[Grant, datetime]]:
    """Yield the approved ones of the open grants, with the instant of the approval."""
    for grant in organization.open_grants:
        if grant.approved_by is not None and grant.approved_at is not None:
            yield grant, grant.approved_at


def _facts(organization: Organization, context: Context) -> OrganizationFacts | None:
    """Return what the organization is: as declared, or as stored where a run is given grants alone."""
    if organization.settings is not None:
        return OrganizationFacts.of(organization.name, organization.settings)
    return context.known.get(organization.name)


def _approver(grant: Grant, at: datetime, organization: Organization, context: Context) -> OnRecord | None:
    """Return the approver as recorded at *at*, or as declared where nothing is on record; None where neither is known."""
    key = identity(grant.approved_by or "")
    record = context.on_record(organization.name, key, at)
    if record is None and organization.administrators is not None:
        return OnRecord(person=organization.administrators.get(key))
    return record


def _held(person: Administrator | None, at: datetime, context: Context) -> str:
    if person is None or not person.live_at(at):
        return "no role"
    return listing(list(held_roles(person, context.catalog)))


def _address(grant: Grant) -> str:
    return grant_address(grant.organization, grant.name)
