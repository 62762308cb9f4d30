"""access, who-can: what the stored facts give to whom, at an instant."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from operator import itemgetter

from reconciler.access import (
    PermissionHolder,
    Right,
    Search,
    access_document,
    effective,
    effective_if_any,
    everybody,
    holder_document,
    right_document,
    staff_over_customers,
    unrecorded,
)
from reconciler.catalog import Catalog
from reconciler.model.documents import UNREADABLE, Document, read_organization
from reconciler.model.errors import CorruptStateError, UsageError
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import identity
from reconciler.model.instants import format_instant
from reconciler.model.protocols import Facts
from reconciler.model.resources import Organization
from reconciler.model.results import Accesses, AccessIn, AccessOf, HoldersIn, PermissionHolders
from reconciler.model.writing import Shared
from reconciler.pipeline.missing import unknown_organization
from reconciler.pipeline.request import Request

_RIGHTS = 4096
"""So many documents of rights are kept for people who share them."""

_PARTNERS = 256
"""So many partners' staff over customers are kept; they are few people each."""


def access_of_person(name: str, person: str, facts: Facts, request: Request, at: datetime) -> AccessOf:
    """Return what *person* may do in the organization *name*; somebody without any access is no error.

    Raises:
        MissingStateError: there is a state, and no such organization in it.
    """
    state = _Stored(facts, request.catalog, at)
    organization = state.only(name)
    access = effective(person, organization, partner=state.partner_of(organization), now=at, catalog=request.catalog)
    return AccessOf(
        location=facts.location,
        lineage=facts.lineage,
        at=at,
        access=access_document(access, request.catalog),
        findings=state.as_stored_now(organization),
    )


def access_of_everybody(name: str, facts: Facts, request: Request, at: datetime) -> Accesses:
    """Return what everybody may do who has any access to the organization *name*.

    Raises:
        MissingStateError: there is a state, and no such organization in it.
    """
    state = _Stored(facts, request.catalog, at)
    organization = state.only(name)
    return Accesses(
        location=facts.location,
        lineage=facts.lineage,
        at=at,
        organization=name,
        person=None,
        found=lambda: iter((state.everybody_in(organization),) if facts.lineage is not None else ()),
        findings=state.as_stored_now(organization),
    )


def access_everywhere(person: str, facts: Facts, request: Request, at: datetime) -> Accesses:
    """Return what *person* may do in every organization in scope to which they have any access.

    Raises:
        MissingStateError: there is a state, and an organization that was named is not in it.
    """
    state = _Stored(facts, request.catalog, at)
    names = state.names(request)
    return Accesses(
        location=facts.location,
        lineage=facts.lineage,
        at=at,
        organization=None,
        person=person,
        found=lambda: (state.somebody_in(document, person) for document in state.documents(names, request.labels)),
        findings=state.as_stored_now(),
    )


def permission_holders(permission: str, facts: Facts, request: Request, at: datetime) -> PermissionHolders:
    """Return who has *permission* in every organization in scope.

    Raises:
        UsageError: no matrix has such a permission.
        MissingStateError: there is a state, and an organization that was named is not in it.
    """
    matrices = request.catalog.matrices
    if permission not in matrices.labels:
        raise unknown_permission(permission, matrices.labels)
    state = _Stored(facts, request.catalog, at)
    names = state.names(request)
    return PermissionHolders(
        location=facts.location,
        lineage=facts.lineage,
        at=at,
        permission=permission,
        label=matrices.labels[permission],
        see_also={twin: matrices.labels[twin] for twin in matrices.twins(permission)},
        found=lambda: state.holders(permission, state.documents(names, request.labels)),
        findings=state.as_stored_now(),
    )


def unknown_permission(permission: str, labels: Mapping[str, str]) -> UsageError:
    """Return the error for a permission that no matrix has; it names the one that may be meant, by its id or by its label."""
    from reconciler.rules import closest  # noqa: PLC0415 - the rules load slowly, and most permissions are right

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

    def __init__(self, facts: Facts, catalog: Catalog, at: datetime) -> None:
        self._facts = facts
        self._catalog = catalog
        self._at = at
        self._staff = lru_cache(_PARTNERS)(self._read_staff)
        self._rights: dict[int, tuple[Right, Document]] = {}

    def only(self, name: str) -> Organization:
        """Return the organization that was named; where nothing was ever stored, one without anybody."""
        if self._facts.lineage is None:
            return Organization(name=name, settings=None, administrators={}, grants={})
        document = self._facts.document(name)
        if document is None:
            raise unknown_organization(name, self._facts.names(), self._facts.location, command="access")
        with self._reading(document):
            return read_organization(document)

    def names(self, request: Request) -> tuple[str, ...] | None:
        """Return the organizations that were named, by name; None when all are meant."""
        if not request.organizations or self._facts.lineage is None:
            return None
        stored = self._facts.names()
        for name in sorted(request.organizations.difference(stored)):
            raise unknown_organization(name, stored, self._facts.location)
        return tuple(name for name in stored if name in request.organizations)

    def documents(self, names: tuple[str, ...] | None, labels: Mapping[str, str]) -> Iterator[Document]:
        """Yield the documents of the organizations of these names with all of these labels; what was forgotten meanwhile is left out."""
        # The facts live as long as the process: looking for garbage among them over and over costs an eighth of the whole.
        gc.freeze()
        found = self._facts.documents() if names is None else filter(None, map(self._facts.document, names))
        return (document for document in found if labels.items() <= _labels(document).items()) if labels else iter(found)

    def partner_of(self, organization: Organization) -> Organization | None:
        """Return the managing partner with the staff that counts at its customers; None without one, or where it is not stored."""
        managed_by = None if organization.settings is None else organization.settings.managed_by
        return None if managed_by is None else self._staff(managed_by)

    def _read_staff(self, name: str) -> Organization | None:
        document = self._facts.document(name)
        if document is None:
            return None
        with self._reading(document):
            return staff_over_customers(read_organization(document), self._catalog)

    @contextmanager
    def _reading(self, document: Document) -> Iterator[None]:
        """Tell a document that is damaged, though its digest fits, from a mistake of ours."""
        try:
            yield
        except UNREADABLE as error:
            if _is_whole(document):
                raise
            raise CorruptStateError(f"the stored state of {document['name']} is damaged: {error}", hint="reconciler verify") from error

    def everybody_in(self, organization: Organization) -> AccessIn:
        """Return the access of everybody."""
        partner = self.partner_of(organization)
        people = everybody(organization, partner=partner, now=self._at, catalog=self._catalog)
        return AccessIn(
            organization=organization.name,
            accesses=(access_document(access, self._catalog) for access in people),
            unrecorded=unrecorded(organization, partner=partner, now=self._at, catalog=self._catalog),
        )

    def somebody_in(self, document: Document, person: str) -> AccessIn:
        """Return the access of one person, if any."""
        with self._reading(document):
            organization = read_organization(_only(document, identity(person)))
        partner = self.partner_of(organization)
        access = effective_if_any(person, organization, partner=partner, now=self._at, catalog=self._catalog)
        return AccessIn(
            organization=organization.name,
            accesses=iter(() if access is None else (access_document(access, self._catalog),)),
            unrecorded=unrecorded(organization, partner=partner, now=self._at, catalog=self._catalog),
        )

    def holders(self, permission: str, documents: Iterator[Document]) -> Iterator[HoldersIn]:
        """Yield who has *permission*, organization by organization."""
        search = Search(permission, now=self._at, catalog=self._catalog)
        for document in documents:
            with self._reading(document):
                managed_by = (document["settings"] or {}).get("managed_by")
                found = search.in_document(document, None if managed_by is None else self._staff(managed_by))
            yield HoldersIn(
                organization=document["name"],
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
            document = right_document(holder.right)
            known = self._rights[id(holder.right)] = (holder.right, {**document, "because": Shared(document["because"])})
        return holder_document(holder, known[1])

    def as_stored_now(self, organization: Organization | None = None) -> tuple[Finding, ...]:
        """Return the note for an instant before the last record of an organization that counts: earlier facts are not replayed."""
        if organization is None:
            recorded = self._facts.last_recorded()
        else:
            managed_by = None if organization.settings is None else organization.settings.managed_by
            names = filter(None, (organization.name, managed_by))
            recorded = {name: at for one in names for name, at in self._facts.last_recorded(one).items()}
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


def _is_whole(document: Document) -> bool:
    try:
        read_organization(document)
    except UNREADABLE:
        return False
    return True


def _only(document: Document, key: str) -> Document:
    """Return *document* with nobody but the person of that *key*: of a fleet, most people are not asked about."""
    people = document["administrators"]
    return document if people is None else {**document, "administrators": [one for one in people if identity(one["email"]) == key]}


def _labels(document: Document) -> Mapping[str, str]:
    labels: Mapping[str, str] = (document["settings"] or {}).get("labels", {})
    return labels
