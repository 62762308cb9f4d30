"""Who answers for a change: what the stored state says of that person in the organization that changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.catalog import Catalog
from reconciler.catalog.words import Holder
from reconciler.model.identifiers import identity
from reconciler.model.resources import Organization

if TYPE_CHECKING:
    from reconciler.access.view import Person, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The person who answers for a change, seen from one organization.

    Attributes:
        email: as it was given.
        holder: where the actor belongs; None for somebody whom neither the organization nor its managing partner knows.
        roles: held in the organization, by standing right or a running elevation.
        sites: site to the site role held there.
        partner_roles: roles in the managing partner's organization that reach this one for certain.
        unsettled: roles of the managing partner that the actor may have, or that may reach this organization; nothing says so for certain.
    """

    email: str
    holder: Holder | None
    roles: frozenset[str] = frozenset()
    sites: Mapping[str, str]
    partner_roles: frozenset[str] = frozenset()
    unsettled: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The identity key."""
        return identity(self.email)

    @property
    def internal(self) -> bool:
        """Whether the actor is a person of the organization itself."""
        return self.holder is Holder.INTERNAL


def actor_in(
    email: str, organization: Organization | None, *, partner: Organization | None, now: datetime, catalog: Catalog
) -> Actor | None:
    """Return what *email* is in *organization*, as stored; None where nobody is on record who could be asked.

    Args:
        email: of the actor.
        organization: as stored, before the change; None when nothing is stored.
        partner: the managing partner as stored; None when it is not known.
        now: UTC.
        catalog: the facts.

    Source: fs78p5 (stated, R059): at first set-up nobody is there yet who could have the right.
    """
    if organization is None or organization.administrators is None or organization.settings is None:
        return None
    from reconciler.access.view import View  # noqa: PLC0415 - access is worked out only where somebody answers for a change

    view = View(organization, partner=partner, now=now, catalog=catalog)
    person = view.person(identity(email))
    roles: set[str] = set() if person.member is None else set(person.member.roles)
    if person.grants:
        roles.update(role.acts_as.column for role in catalog.roles.values() if role.acts_as is not None)
    sites = {} if person.member is None else {site: held.role for site, held in person.member.sites.items() if held.role is not None}
    reaching, unsettled = _over_customers(person, view)
    return Actor(email=email, holder=_home(person, view), roles=frozenset(roles), sites=sites, partner_roles=reaching, unsettled=unsettled)


def _over_customers(person: "Person", view: "View") -> tuple[frozenset[str], frozenset[str]]:
    """Roles of the managing partner: those that reach the organization, and those of which that is not known."""
    managed_by = view.settings.managed_by
    if managed_by is not None and managed_by in view.unrecorded:
        return frozenset(), view.kinds.partner
    if person.partner is None:
        return frozenset(), frozenset()
    counting = view.counting(person.partner)
    open_scope = view.kinds.bound if view.in_scope(person.partner) is None else frozenset()
    return counting - open_scope, counting & open_scope


def _home(person: "Person", view: "View") -> Holder | None:
    if person.member is not None:
        return view.holder(person.member)
    if person.partner is not None:
        return Holder.MANAGING_PARTNER
    return Holder.OTHER_ORGANIZATION if person.grants else None
