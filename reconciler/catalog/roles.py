"""Roles: who may hold them, who may give them, and what has to stand beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from reconciler.catalog.reading import Facts, known, only, sources_of, word
from reconciler.catalog.words import Evidence, Holder, Permitted
from reconciler.model.changes import Risk
from reconciler.model.resources import OrganizationType

ANY = "any"
"""In an exclusion: every other role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigner:
    """Who may give a role: the holders of *role*; `home` is `internal`, `external` or None for both."""

    role: str
    evidence: Evidence
    sources: tuple[str, ...]
    home: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A role that may not stand beside another one; `role` may be `ANY`. With a `service`, in organizations that have it."""

    role: str
    evidence: Evidence
    sources: tuple[str, ...]
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most of something that one person is given."""

    most: int
    evidence: Evidence
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """One of these roles is held as well, `within` the same `organization` or `site`."""

    any_of: tuple[str, ...]
    within: str
    evidence: Evidence
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A fact that either holds or is not listed.

    Attributes:
        values: what it is about: kinds of holder, services, roles, or a way of managing sites; empty where the fact needs none.
    """

    evidence: Evidence
    sources: tuple[str, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The column of a matrix whose rights a role has, though it has none of its own."""

    matrix: str
    column: str
    evidence: Evidence
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncharted:
    """The permission that stands for a role which no matrix describes, always unknown."""

    permission: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One administrator role.

    Attributes:
        scope: where it acts, such as `organization` or `site`.
        form: how it is held, such as `role`, `add-on` or `site-role`.
        declared: the manifest field that gives it (`roles` or `sites`), None when it is never declared.
        risk: what a mistake with it would cost (this product's judgement).
        organizations: the kinds of organization it is held in.
        holders: by home of the person, whether it may be held.
        matrices: where it has a column or row; empty when no matrix says what it gives.
        assigned_by: who may give it; empty for nobody. In a partner organization `Catalog.partner_assigners` holds for all roles.
        service: the service it belongs to.
        takes: manifest fields that go with it and no other role, and whether it must have them.
        limits: of such fields, the most that one person is given.
        needs: roles of which one has to be held as well.
        excludes: roles that may not stand beside it; `Catalog.exclusion` looks at both sides.
        no_self_assignment: nobody gives it to themselves.
        first_sign_in: the kinds of holder for whom it works only after they signed in once.
        no_rights_in: services that it never gives rights in.
        about: services whose rights somebody expects to whom it is given, though it does not belong to them.
        unless_home_has: services; it is not for people from outside whose own organization has one of them.
        managed_in: how a site has to be managed.
        may_vanish: the kinds of holder from whom Control Hub may take it by itself.
        regained_only: whoever is demoted to it held it before.
        scope_assigned_by: the roles whose holders assign the scope that goes with it.
        may_ask: its holders may ask a customer for an elevation.
        acts_as: the column whose rights it has while it runs.
        uncharted: how it appears in its scope when no matrix describes it.
        sources: ids of `Catalog.sources`.
    """

    id: str
    label: str
    scope: str
    form: str
    declared: str | None
    risk: Risk
    organizations: frozenset[OrganizationType]
    holders: Mapping[Holder, Permitted]
    matrices: tuple[str, ...]
    assigned_by: tuple[Assigner, ...]
    sources: tuple[str, ...]
    service: str | None = None
    takes: Mapping[str, bool]
    limits: Mapping[str, Limit]
    needs: Prerequisite | None = None
    excludes: tuple[Exclusion, ...] = ()
    no_self_assignment: Stated | None = None
    first_sign_in: Stated | None = None
    no_rights_in: Stated | None = None
    about: Stated | None = None
    unless_home_has: Stated | None = None
    managed_in: Stated | None = None
    may_vanish: Stated | None = None
    regained_only: Stated | None = None
    scope_assigned_by: Stated | None = None
    may_ask: Stated | None = None
    acts_as: Column | None = None
    uncharted: Uncharted | None = None


_STATED = {
    "no_self_assignment": None,
    "first_sign_in": "holders",
    "no_rights_in": "services",
    "about": "services",
    "unless_home_has": "services",
    "managed_in": "site",
    "may_vanish": "holders",
    "regained_only": None,
    "scope_assigned_by": "roles",
    "may_ask": None,
}
"""Facts that are `Stated`, and the key of what they are about."""

_FIELDS = frozenset(field.name for field in fields(Role)) - {"id"}


class Roles:
    """Reads the roles; every role and source that is named must exist."""

    def __init__(self, facts: Facts, sources: Iterable[str]) -> None:
        self._facts = facts
        self._sources = frozenset(sources)
        self._ids = frozenset(facts["roles"])

    def read(self) -> dict[str, Role]:
        """Return all roles, by id, in the order of the file."""
        return {role: self._role(role, facts) for role, facts in self._facts["roles"].items()}

    def assigners(self, group: str) -> tuple[Assigner, ...]:
        """Return one list of assigners."""
        place = f"assigners {group}"
        return tuple(
            Assigner(role=self._id(one["role"], place), home=one.get("home"), note=one.get("note"), **self._known(one, place))
            for one in self._facts["assigners"][group]
        )

    def _role(self, role: str, facts: Facts) -> Role:
        place = f"role {role}"
        only(facts, _FIELDS, place)
        return Role(
            id=role,
            label=facts["label"],
            scope=facts["scope"],
            form=facts["form"],
            declared=facts["declared"],
            service=facts.get("service"),
            risk=word(Risk, facts["risk"], place),
            organizations=frozenset(word(OrganizationType, one, place) for one in facts["organizations"]),
            holders={holder: word(Permitted, facts["holders"][holder.value], place) for holder in Holder},
            matrices=tuple(facts["matrices"]),
            assigned_by=self.assigners(facts["assigned_by"]),
            takes={field: how == "required" for field, how in facts.get("takes", {}).items()},
            limits={field: self._limit(field, one, facts, place) for field, one in facts.get("limits", {}).items()},
            needs=self._needs(facts["needs"], place) if "needs" in facts else None,
            excludes=tuple(self._exclusion(one, place) for one in facts.get("excludes", ())),
            acts_as=self._column(facts["acts_as"], place) if "acts_as" in facts else None,
            uncharted=Uncharted(**facts["uncharted"]) if "uncharted" in facts else None,
            **{name: self._stated(facts, name, place) for name in _STATED},
            sources=sources_of(facts, self._sources, place),
        )

    def _id(self, role: str, place: str) -> str:
        return known((role,), self._ids, place)[0]

    def _known(self, facts: Facts, place: str) -> dict[str, Any]:
        return {"evidence": word(Evidence, facts["evidence"], place), "sources": sources_of(facts, self._sources, place)}

    def _stated(self, facts: Facts, name: str, place: str) -> Stated | None:
        if name not in facts:
            return None
        about = _STATED[name]
        found = facts[name][about] if about else ()
        return Stated(values=(found,) if isinstance(found, str) else tuple(found), **self._known(facts[name], f"{place}, {name}"))

    def _exclusion(self, facts: Facts, place: str) -> Exclusion:
        role = facts["role"] if facts["role"] == ANY else self._id(facts["role"], place)
        return Exclusion(role=role, service=facts.get("service"), **self._known(facts, place))

    def _limit(self, field: str, facts: Facts, role: Facts, place: str) -> Limit:
        known((field,), role.get("takes", ()), place)
        return Limit(most=facts["most"], **self._known(facts, place))

    def _needs(self, facts: Facts, place: str) -> Prerequisite:
        return Prerequisite(any_of=known(facts["any_of"], self._ids, place), within=facts["within"], **self._known(facts, place))

    def _column(self, facts: Facts, place: str) -> Column:
        return Column(matrix=facts["matrix"], column=self._id(facts["column"], place), **self._known(facts, place))
