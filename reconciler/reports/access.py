"""The answers of `access` and `who-can` as members of JSON documents, element by element."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reconciler.model.documents import Document
from reconciler.model.instants import format_instant
from reconciler.model.results import Accesses, AccessOf, PermissionHolders
from reconciler.model.writing import Members, finding_document
from reconciler.reports.stateless import with_stateless


def access_members(result: AccessOf | Accesses | PermissionHolders) -> tuple[str, Members]:
    """Return the kind of the document and its members.

    Members are written in the order of their keys: what is gathered while one list is written stands in a list behind it.
    """
    diagnostics = map(finding_document, with_stateless(result.findings, result.lineage, result.location))
    match result:
        case AccessOf():
            return "access", {**result.access, "diagnostics": diagnostics}
        case Accesses():
            return "accesses", {**_accesses(result), "diagnostics": diagnostics}
        case PermissionHolders():
            return "who-can", {**_permission_holders(result), "diagnostics": diagnostics}


def _accesses(result: Accesses) -> Members:
    unrecorded: set[str] = set()

    def found() -> Iterator[Document]:
        for part in result.found():
            unrecorded.update(part.unrecorded)
            yield from part.accesses

    return {
        "at": format_instant(result.at),
        "organization": result.organization,
        "person": result.person,
        "accesses": found(),
        "unrecorded": _later(lambda: sorted(unrecorded)),
    }


def _permission_holders(result: PermissionHolders) -> Members:
    unknown: list[Document] = []
    unrecorded: set[str] = set()

    def holders() -> Iterator[Document]:
        for part in result.found():
            unknown.extend(part.unknown)
            unrecorded.update(part.unrecorded)
            yield from part.holders

    return {
        "permission": result.permission,
        "label": result.label,
        "at": format_instant(result.at),
        "holders": holders(),
        "see_also": list(result.see_also),
        "unknown": _later(lambda: unknown),
        "unrecorded": _later(lambda: sorted(unrecorded)),
    }


def _later(values: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """Yield what *values* returns once it is asked for."""
    yield from values()
