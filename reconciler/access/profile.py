"""What a combination of roles gives, worked out once for all people who hold it in the same circumstances."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from reconciler.access.combine import combined, widest
from reconciler.access.restriction import Restriction, lines, restricted
from reconciler.access.values import Elevation, Kind, Reason, Restricted, Right, Scoped
from reconciler.catalog import Catalog, Column, Holder, Level
from reconciler.catalog.matrix import Matrix
from reconciler.catalog.words import CUSTOMER_MANAGEMENT, ORGANIZATION, SERVICE, SITE
from reconciler.model.resources import OrganizationType

_NOT_ELEVATED = "outside an elevation a temporary cell reads, as the basic help desk role does"


class PartnerRoles(NamedTuple):
    """Roles held in the managing partner's organization.

    Attributes:
        partner: its name; None for the organization itself.
        in_scope: for roles that are bound to a list of customers: whether this one is in it; None when the list is not managed.
    """

    partner: str | None
    roles: frozenset[str]
    in_scope: bool | None


class Circumstances(NamedTuple):
    """Everything that the organization-wide access of a person depends on; a tuple, because it is made, and looked up, for most people.

    Attributes:
        recorded: whether the organization's administrators are known at all.
        listed: whether the person is one of them.
        exempt: the settings left open; None when restricted mode is off or does not exist.
    """

    type: OrganizationType
    holder: Holder
    recorded: bool
    listed: bool
    roles: frozenset[str]
    services: frozenset[str]
    exempt: frozenset[str] | None
    partner: PartnerRoles | None
    elevations: tuple[Elevation, ...]

    @property
    def restriction(self) -> Restriction | None:
        """How restricted mode meets the roles held in the organization itself; None when it does not."""
        return None if self.exempt is None else Restriction(exempt=self.exempt, certain=self.holder is Holder.INTERNAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the circumstances give, apart from sites and locations."""

    permissions: Mapping[str, Right]
    services: tuple[Scoped, ...]
    restricted: tuple[Restricted, ...]
    undescribed: tuple[str, ...]


@lru_cache(maxsize=4096)
def profile_of(here: Circumstances, catalog: Catalog) -> Profile:
    """Return what *here* gives: the roles held in the organization less the restriction, the partner roles, the running elevations.

    Source: 2y8qmt (access is the roles' entitlements less the restrictions), nbhqds0 (a running elevation gives full administrator
    rights until its end). That neither externals, nor partners, nor elevations are capped is inferred; the first and the last say so.
    """
    own = _matrix(here, catalog)
    restriction = here.restriction
    answers: dict[str, list[Right]] = {}
    taken: tuple[Restricted, ...] = ()
    if _speaks(here):
        rights = {permission: combined(_standing(own, permission, here, catalog)) for permission in own.rows_on(here.type)}
        if restriction is not None and here.listed:
            taken = lines(rights, own.id, restriction, catalog)
        _add(answers, {one: _less(right, own.id, one, restriction, catalog) for one, right in rights.items()})
    for elevation in here.elevations:
        _add(answers, _elevated(elevation, here, catalog))
    if here.elevations and here.exempt is not None:
        taken = lines(_flat(answers), own.id, Restriction(exempt=here.exempt, certain=False), catalog)
    _add(answers, _of_partner(here, catalog))
    return Profile(
        permissions=_flat(answers),
        services=_services(here, catalog),
        restricted=taken,
        undescribed=tuple(sorted(role for role in here.roles if not _described(role, here, catalog))),
    )


@lru_cache(maxsize=1024)
def site_rights(roles: frozenset[str], holder: Holder, exempt: frozenset[str] | None, catalog: Catalog) -> tuple[tuple[str, Right], ...]:
    """Return what *roles* give on a site they are held on, by permission.

    Source: fs78p5 (site roles reach the users and settings of their sites, nothing else).
    """
    restriction = None if exempt is None else Restriction(exempt=exempt, certain=holder is Holder.INTERNAL)
    return tuple(
        (permission, _less(combined(_cells(matrix, permission, roles, holder, catalog)), matrix.id, permission, restriction, catalog))
        for matrix in catalog.matrices.by_id.values()
        if matrix.scope == SITE
        for permission in matrix.rows
    )


def _matrix(here: Circumstances, catalog: Catalog) -> Matrix:
    """The one matrix that speaks of roles of the organization itself, for people of that home."""
    return next(
        matrix
        for matrix in catalog.matrices.by_id.values()
        if matrix.scope == ORGANIZATION and here.type in matrix.organizations and here.holder in matrix.holders
    )


def _speaks(here: Circumstances) -> bool:
    """Rows of roles that somebody could hold here are shown to its administrators, and to those who have nothing else."""
    return here.listed or not here.recorded or (here.partner is None and not here.elevations)


def _standing(matrix: Matrix, permission: str, here: Circumstances, catalog: Catalog) -> list[Reason]:
    if not here.recorded:
        return [Reason(kind=Kind.UNRECORDED, access=Level.UNKNOWN)]
    return _cells(matrix, permission, here.roles, here.holder, catalog)


def _cells(matrix: Matrix, permission: str, roles: Iterable[str], holder: Holder, catalog: Catalog) -> list[Reason]:
    """One reason for each role that has a cell, in the order of the catalog."""
    found = [(role, matrix.cell(permission, role, holder)) for role in catalog.roles if role in roles]
    column = matrix.homes.get(holder)
    return [
        Reason(kind=Kind.CELL, access=cell.level, role=role, matrix=matrix.id, column=column, cell=cell)
        for role, cell in found
        if cell is not None
    ]


def _less(right: Right, matrix: str, permission: str, restriction: Restriction | None, catalog: Catalog) -> Right:
    return right if restriction is None else restricted(right, matrix, permission, restriction, catalog)


def _elevated(elevation: Elevation, here: Circumstances, catalog: Catalog) -> dict[str, Right]:
    """The rights of the column that a running elevation acts as, uncapped and flagged where restricted mode is on."""
    restriction = None if here.exempt is None else Restriction(exempt=here.exempt, certain=False)
    found = {}
    for role, acts_as in _elevations(catalog).items():
        matrix, column = catalog.matrices.by_id[acts_as.matrix], acts_as.column
        inferred = f"a running elevation has the rights of {column}"
        for row in matrix.rows.values():
            cell = row.cells[column]
            reason = Reason(
                kind=Kind.CELL,
                access=cell.level,
                role=role,
                matrix=matrix.id,
                column=column,
                cell=cell,
                inferred=inferred,
                elevation=elevation,
            )
            found[row.id] = _less(combined([reason]), matrix.id, row.id, restriction, catalog)
    return found


def _elevations(catalog: Catalog) -> dict[str, Column]:
    return {role.id: role.acts_as for role in catalog.roles.values() if role.acts_as is not None}


def _of_partner(here: Circumstances, catalog: Catalog) -> dict[str, Right]:
    """What partner roles give: on customers what is held in the managing partner's organization, on Partner Hub what is held there."""
    found: dict[str, Right] = {}
    for matrix in catalog.matrices.by_id.values():
        if matrix.scope != CUSTOMER_MANAGEMENT:
            continue
        held = here.partner
        if here.type is OrganizationType.PARTNER:
            held = PartnerRoles(partner=None, roles=here.roles.intersection(matrix.columns), in_scope=True)
        if held is None or not held.roles:
            continue
        for permission in matrix.rows_on(here.type):
            cells = _cells(matrix, permission, held.roles, here.holder, catalog)
            found[permission] = combined([_resolved(reason, held, here, catalog) for reason in cells])
    return found


def _resolved(reason: Reason, held: PartnerRoles, here: Circumstances, catalog: Catalog) -> Reason:
    """Bind one cell of a partner role to the customer and to the instant."""
    reason = replace(reason, held_in=held.partner)
    bound = "customers" in catalog.roles[reason.role or ""].takes
    if bound and held.in_scope is False:
        return replace(reason, kind=Kind.OUT_OF_SCOPE, access=Level.NONE)
    if bound and held.in_scope is None and reason.access is not Level.NONE:
        return replace(reason, kind=Kind.SCOPE_UNKNOWN, access=Level.UNKNOWN)
    if reason.access is not Level.TEMPORARY:
        return reason
    if not here.elevations:
        return replace(reason, access=Level.READ, inferred=_NOT_ELEVATED)
    return replace(reason, access=Level.FULL, elevation=max(here.elevations, key=lambda elevation: elevation.until))


def _services(here: Circumstances, catalog: Catalog) -> tuple[Scoped, ...]:
    found = []
    for matrix in catalog.matrices.by_id.values():
        kind, _, service = matrix.scope.partition("/")
        if kind != SERVICE or matrix.permission is None or not _has(service, here, catalog):
            continue
        reasons = _cells(matrix, matrix.permission, here.roles, here.holder, catalog)
        # No article says what an elevation gives in a service.
        for role in _elevations(catalog):
            reasons += [
                Reason(kind=Kind.UNDESCRIBED, access=Level.UNKNOWN, role=role, matrix=matrix.id, elevation=one) for one in here.elevations
            ]
        if reasons:
            right = _less(combined(reasons), matrix.id, matrix.permission, here.restriction, catalog)
            found.append(Scoped(scope=matrix.scope, permission=matrix.permission, right=right))
    return tuple(found)


def _has(service: str, here: Circumstances, catalog: Catalog) -> bool:
    """Whether the organization has the service: it says so, or somebody holds a role of it."""
    return service in here.services or any(role in catalog.roles and catalog.roles[role].service == service for role in here.roles)


def _described(role: str, here: Circumstances, catalog: Catalog) -> bool:
    return role in catalog.roles and any(
        matrix.scope != CUSTOMER_MANAGEMENT or here.type is OrganizationType.PARTNER
        for matrix in map(catalog.matrices.by_id.__getitem__, catalog.roles[role].matrices)
        if here.type in matrix.organizations and here.holder in matrix.holders
    )


def _add(answers: dict[str, list[Right]], rights: Mapping[str, Right]) -> None:
    for permission, right in rights.items():
        answers.setdefault(permission, []).append(right)


def _flat(answers: Mapping[str, list[Right]]) -> dict[str, Right]:
    return {permission: widest(rights) for permission, rights in answers.items()}
