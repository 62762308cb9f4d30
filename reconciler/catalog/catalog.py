"""Facts as frozen values. The data files are read once and checked while reading: a broken catalog is a bug, never a default."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from reconciler.catalog.reading import Facts, data, known, only, sources_of, word
from reconciler.catalog.roles import ANY, Assigner, Exclusion, Role, Roles
from reconciler.catalog.settings import RestrictedSetting, read_settings
from reconciler.catalog.words import Evidence, Origin, Permitted
from reconciler.model.changes import Risk
from reconciler.model.sources import Source

if TYPE_CHECKING:
    from reconciler.catalog.matrix import Matrices

FULL_ADMINISTRATOR = "full-administrator"
"""The one role that code must know by name: an organization without a holder is locked out (article fs78p5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKind:
    """A kind of account somebody from outside may have, and whether it may be an external administrator."""

    id: str
    external: Permitted
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKind:
    """A kind of support agent; one of a partner holds a role there that may ask for an elevation."""

    id: str
    origin: Origin
    evidence: Evidence
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalog:
    """All facts, by id. Compared by identity, so that others may keep what they derive from it.

    Attributes:
        homes: the kinds of account of external people.
        agents: the kinds of support agent.
        partner_assigners: who gives roles in a partner organization.
        request_lifetime: how long an undecided elevation request lives (nbhqds0).
        elevation_lifetime: how long a granted elevation gives access at most, from approval (nbhqds0).
        clock_tolerance: by how much clocks that count as right may differ.
    """

    sources: Mapping[str, Source]
    roles: Mapping[str, Role]
    homes: Mapping[str, AccountKind]
    agents: Mapping[str, AgentKind]
    partner_assigners: tuple[Assigner, ...]
    restricted_settings: Mapping[str, RestrictedSetting]
    request_lifetime: timedelta
    elevation_lifetime: timedelta
    clock_tolerance: timedelta

    @property
    def matrices(self) -> "Matrices":
        """What the roles give. Read when first asked for: most commands need none of it."""
        return matrices()

    def risk_of(self, role: str) -> Risk:
        """Return what a mistake with *role* would cost; an unknown role counts as the worst."""
        known_role = self.roles.get(role)
        return known_role.risk if known_role else Risk.HIGH

    def exclusion(self, one: str, other: str) -> Exclusion | None:
        """Return why the two roles may not stand side by side, None when they may. The order of the two does not matter."""
        for left, right in ((one, other), (other, one)):
            for exclusion in self.roles[left].excludes if left in self.roles else ():
                if exclusion.role in {right, ANY}:
                    return exclusion
        return None


@cache
def load() -> Catalog:
    """Return the catalog, read once a process."""
    sources = {source: Source(id=source, **facts) for source, facts in data("sources.yaml")["sources"].items()}
    durations = data("durations.yaml")["durations"]
    facts = data("roles.yaml")
    roles = Roles(facts, sources)
    return Catalog(
        sources=sources,
        roles=roles.read(),
        homes={kind: _home(kind, one, sources) for kind, one in facts["homes"].items()},
        agents={kind: _agent(kind, one, sources) for kind, one in facts["agents"].items()},
        partner_assigners=roles.assigners("partner"),
        restricted_settings=read_settings(data("restricted-settings.yaml"), sources),
        request_lifetime=timedelta(seconds=durations["request"]["seconds"]),
        elevation_lifetime=timedelta(seconds=durations["elevation"]["seconds"]),
        clock_tolerance=timedelta(seconds=durations["clock-tolerance"]["seconds"]),
    )


@cache
def matrices() -> "Matrices":
    """Return the permission matrices, read once a process, with every reference between the data files checked."""
    from reconciler.catalog.matrix import FILES, Matrices, Reader  # noqa: PLC0415 - most commands need none of it

    catalog = load()
    reader = Reader(catalog.roles, catalog.sources)
    by_id = {name: reader.read(data(f"permissions/{name}.yaml")) for name in FILES}
    labels = {role.uncharted.permission: role.uncharted.label for role in catalog.roles.values() if role.uncharted}
    for matrix in reversed(list(by_id.values())):
        labels.update(matrix.labels)
    pairs = tuple(known(group, labels, "twins") for group in data("twins.yaml")["twins"])
    for setting in catalog.restricted_settings.values():
        for cap in setting.caps:
            known((cap.permission,), by_id[cap.matrix].labels, f"restricted setting {setting.id}, {cap.matrix}")
    for role in catalog.roles.values():
        _check_columns(role, tuple(name for name, matrix in by_id.items() if role.id in (matrix.rows if matrix.homes else matrix.columns)))
    return Matrices(by_id=by_id, pairs=pairs, labels=dict(sorted(labels.items())))


def _check_columns(role: Role, found: tuple[str, ...]) -> None:
    if set(role.matrices) != set(found):
        raise ValueError(f"role {role.id}: has columns in {', '.join(found) or 'no matrix'}, not in {', '.join(role.matrices) or 'none'}")


def _home(kind: str, facts: Facts, sources: Mapping[str, Source]) -> AccountKind:
    return AccountKind(id=kind, external=word(Permitted, facts["external"], kind), sources=sources_of(facts, sources, kind))


def _agent(kind: str, facts: Facts, sources: Mapping[str, Source]) -> AgentKind:
    place = f"agent {kind}"
    only(facts, ("origin", "evidence", "sources"), place)
    evidence, origin = word(Evidence, facts["evidence"], place), word(Origin, facts["origin"], place)
    return AgentKind(id=kind, origin=origin, evidence=evidence, sources=sources_of(facts, sources, place))
