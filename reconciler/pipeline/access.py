"""access, who-can: what the stored facts give to whom, at an instant."""

import gc
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from operator import itemgetter

from reconciler.access import (
    PermissionHolder,
    Right,
    access_document,
    effective,
    effective_if_any,
    everybody,
    holder_document,
    right_document,
    staff_over_customers,
    unrecorded,
    who_can,
)
from reconciler.catalog import Catalog
from reconciler.model.documents import Document
from reconciler.model.errors import UsageError
from reconciler.model.findings import Finding, Severity
from reconciler.model.instants import format_instant
from reconciler.model.protocols import StateReader
from reconciler.model.resources import Organization
from reconciler.model.results import Accesses, AccessIn, AccessOf, HoldersIn, PermissionHolders
from reconciler.pipeline.reading import unknown_organization
from reconciler.pipeline.request import Request
from reconciler.rules import closest

_RIGHTS = 4096
"""So many documents of rights are kept for people who share them."""

_PARTNERS = 256
"""So many partners' staff over customers are kept; they are few people each."""


def access_of_person(name: str, person: str, reader: StateReader, request: Request, at: datetime) -> AccessOf:
    """Return what *person* may do in the organization *name*; somebody without any access is no error.

    Raises:
        MissingStateError: there is a state, and no such organization in it.
    """
    state = _Stored(reader, request.catalog, at)
    organization = state.only(name)
    access = effective(person, organization, partner=state.partner_of(organization), now=at, catalog=request.catalog)
    return AccessOf(
        location=reader.location,
        lineage=reader.lineage,
        at=at,
        access=access_document(access, request.catalog),
        findings=state.as_stored_now(organization),
    )


def access_of_everybody(name: str, reader: StateReader, request: Request, at: datetime) -> Accesses:
    """Return what everybody may do who has any access to the organization *name*.

    Raises:
        MissingStateError: there is a state, and no such organization in it.
    """
    state = _Stored(reader, request.catalog, at)
    organization = state.only(name)
    return Accesses(
        location=reader.location,
        lineage=reader.lineage,
        at=at,
        organization=name,
        person=None,
        found=lambda: iter((state.everybody_in(organization),) if reader.lineage is not None else ()),
        findings=state.as_stored_now(organization),
    )


def access_everywhere(person: str, reader: StateReader, request: Request, at: datetime) -> Accesses:
    """Return what *person* may do in every organization in scope to which they have any access.

    Raises:
        MissingStateError: there is a state, and an organization that was named is not in it.
    """
    state = _Stored(reader, request.catalog, at)
    names = state.names(request)
    return Accesses(
        location=reader.location,
        lineage=reader.lineage,
        at=at,
        organization=None,
        person=person,
        found=lambda: (state.somebody_in(organization, person) for organization in state.read(names, request.labels)),
        findings=state.as_stored_now(),
    )


def permission_holders(permission: str, reader: StateReader, request: Request, at: datetime) -> PermissionHolders:
    """Return who has *permission* in every organization in scope.

    Raises:
        UsageError: no matrix has such a permission.
        MissingStateError: there is a state, and an organization that was named is not in it.
    """
    matrices = request.catalog.matrices
    if permission not in matrices.labels:
        raise unknown_permission(permission, matrices.labels)
    state = _Stored(reader, request.catalog, at)
    names = state.names(request)
    return PermissionHolders(
        location=reader.location,
        lineage=reader.lineage,
        at=at,
        permission=permission,
        label=matrices.labels[permission],
        see_also={twin: matrices.labels[twin] for twin in matrices.twins(permission)},
        found=lambda: (state.holders_in(organization, permission) for organization in state.read(names, request.labels)),
        findings=state.as_stored_now(),
    )


def unknown_permission(permission: str, labels: Mapping[str, str]) -> UsageError:
    """Return the error for a permission that no matrix has; it names the one that may be meant, by its id or by its label."""
    by_label = {label.casefold(): one for one, label in labels.items()}
    close = closest(permission, list(labels)) or by_label.get(closest(permission.casefold(), list(by_label)) or "")
    meant = f"; did you mean {labels[close]!r}?" if close else ""
    return UsageError(
        f"no permission {permission}{meant}",
        detail=f"permissions: {', '.join(labels)}",
        hint=f"reconciler who-can {close}" if close else None,
    )


class _Stored:
    """The stored state at one instant, asked about one organization at a time. Nothing of an organization is kept but what others need."""

    def __init__(self, reader: StateReader, catalog: Catalog, at: datetime) -> None:
        self._reader = reader
        self._catalog = catalog
        self._at = at
        self._staff = lru_cache(_PARTNERS)(self._read_staff)
        self._rights: dict[int, tuple[Right, Document]] = {}

    def only(self, name: str) -> Organization:
        """Return the organization that was named; where nothing was ever stored, one without anybody."""
        if self._reader.lineage is None:
            return Organization(name=name, settings=None, administrators={}, grants={})
        organization = self._reader.read(name).organization
        if organization is None:
            raise unknown_organization(name, self._reader, command="access")
        return organization

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the stored organizations, or those of them that were named, by name."""
        stored = tuple(head.name for head in self._reader.heads() if head.digest is not None)
        if not request.organizations or self._reader.lineage is None:
            return stored
        for name in sorted(request.organizations.difference(stored)):
            raise unknown_organization(name, self._reader, command="show")
        return tuple(name for name in stored if name in request.organizations)

    def read(self, names: tuple[str, ...], labels: Mapping[str, str]) -> Iterator[Organization]:
        """Yield the organizations of these names with all of these labels; one that was forgotten meanwhile is left out."""
        # The facts live as long as the process: looking for garbage among them over and over costs an eighth of the whole.
        gc.freeze()
        for name in names:
            organization = self._reader.read(name).organization
            if organization is not None and labels.items() <= _labels(organization).items():
                yield organization

    def partner_of(self, organization: Organization) -> Organization | None:
        """Return the managing partner with the staff that counts at its customers; None without one, or where it is not stored."""
        managed_by = None if organization.settings is None else organization.settings.managed_by
        return None if managed_by is None else self._staff(managed_by)

    def _read_staff(self, name: str) -> Organization | None:
        partner = self._reader.read(name).organization
        return None if partner is None else staff_over_customers(partner, self._catalog)

    def everybody_in(self, organization: Organization) -> AccessIn:
        """Return the access of everybody."""
        partner = self.partner_of(organization)
        people = everybody(organization, partner=partner, now=self._at, catalog=self._catalog)
        return AccessIn(
            organization=organization.name,
            accesses=(access_document(access, self._catalog) for access in people),
            unrecorded=unrecorded(organization, partner=partner, now=self._at, catalog=self._catalog),
        )

    def somebody_in(self, organization: Organization, person: str) -> AccessIn:
        """Return the access of one person, if any."""
        partner = self.partner_of(organization)
        access = effective_if_any(person, organization, partner=partner, now=self._at, catalog=self._catalog)
        return AccessIn(
            organization=organization.name,
            accesses=iter(() if access is None else (access_document(access, self._catalog),)),
            unrecorded=unrecorded(organization, partner=partner, now=self._at, catalog=self._catalog),
        )

    def holders_in(self, organization: Organization, permission: str) -> HoldersIn:
        """Return who has *permission*."""
        found = who_can(permission, organization, partner=self.partner_of(organization), now=self._at, catalog=self._catalog)
        return HoldersIn(
            organization=organization.name,
            holders=tuple(map(self._holder, found.holders)),
            unknown=tuple(map(self._holder, found.unknown)),
            unrecorded=found.unrecorded,
        )

    def _holder(self, holder: PermissionHolder) -> Document:
        """Return the document of *holder*; people in the same circumstances share one right, here as in `access`."""
        known = self._rights.get(id(holder.right))
        if known is None:
            if len(self._rights) >= _RIGHTS:
                self._rights.clear()
            # The right is kept beside its document: nothing else can have its id meanwhile.
            known = self._rights[id(holder.right)] = (holder.right, right_document(holder.right))
        return holder_document(holder, known[1])

    def as_stored_now(self, organization: Organization | None = None) -> tuple[Finding, ...]:
        """Return the note for an instant before the last record of an organization that counts: earlier facts are not replayed."""
        if organization is None:
            recorded = self._reader.last_recorded()
        else:
            managed_by = None if organization.settings is None else organization.settings.managed_by
            names = filter(None, (organization.name, managed_by))
            recorded = {name: at for one in names for name, at in self._reader.last_recorded(one).items()}
        later = {name: at for name, at in recorded.items() if self._at < at}
        if not later:
            return ()
        name, last = max(sorted(later.items()), key=itemgetter(1))
        others = f", and {len(later) - 1} more have later records" if len(later) > 1 else ""
        return (
            Finding(
                rule="facts-as-stored-now",
                severity=Severity.INFO,
                message="facts as stored now",
                detail=f"{name} was last changed at {format_instant(last)}{others}; what was changed since is not taken back, only what "
                "has ended or not yet begun at the instant asked for is told apart",
                hint=f"reconciler history {name}",
            ),
        )


def _labels(organization: Organization) -> Mapping[str, str]:
    return {} if organization.settings is None else organization.settings.labels
