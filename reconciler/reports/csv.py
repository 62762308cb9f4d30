"""Accesses as CSV, for recertification and offboarding: one line for each permission that somebody has, or of which it is not known.

Every field is quoted, lines end in CRLF. A spreadsheet never takes a field for a formula: such a beginning gets a `'` before it.
"""

import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TextIO

from reconciler.model.documents import Document
from reconciler.model.results import Accesses, AccessIn, PermissionHolders, Result
from reconciler.reports.because import Phrases
from reconciler.reports.style import Style
from reconciler.reports.visible import visible

COLUMNS: Final = ("organization", "person", "scope", "permission", "access", "because")

_LOG = logging.getLogger(__name__)
_FORMULA: Final = frozenset("=+-@\t\r\n\x00＝＋－＠")
_NOT_RECORDED: Final = "the administrators are not recorded"

Row = tuple[str, ...]


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write *result* as CSV.

    Raises:
        TypeError: it has no form as CSV.
    """
    del exit_code, style
    match result:
        case Accesses():
            rows = _accesses(result.found())
        case PermissionHolders():
            rows = _holders(result)
        case _:
            raise TypeError(f"{type(result).__name__} has no form as CSV")
    marked = _line(COLUMNS, out)
    for row in rows:
        marked += _line(row, out)
    if marked:
        _LOG.warning("%d fields begin like a formula and were written with a ' before them", marked)


def _accesses(found: Iterable[AccessIn]) -> Iterator[Row]:
    known = Phrases()
    seen: set[str] = set()
    for part in found:
        for access in part.accesses:
            yield from _access(access, known)
        for name in part.unrecorded:
            if name not in seen:
                seen.add(name)
                yield (name, "", "", "", "unknown", _NOT_RECORDED)


def _access(access: Document, known: Phrases) -> Iterator[Row]:
    """Yield what is not none; somebody without any of it is there all the same, with one line."""
    who = (access["organization"], access["person"])
    rights = [("", permission, right) for permission, right in access["permissions"].items()]
    rights += [(one["scope"], one["permission"], one) for one in access["scoped"]]
    given = [one for one in rights if one[2]["access"] != "none"]
    for scope, permission, right in given:
        yield (*who, scope, permission, right["access"], "; ".join(known.of(right)))
    for role in access["undescribed"]:
        yield (*who, "", "", "unknown", f"{role}: no article says what it gives here")
    if not given and not access["undescribed"]:
        yield (*who, "", "", "none", "; ".join(access["roles"]))


def _holders(result: PermissionHolders) -> Iterator[Row]:
    known = Phrases()
    seen: set[str] = set()
    for part in result.found():
        for one in (*part.holders, *part.unknown):
            yield (one["organization"], one["person"], one.get("scope", ""), result.permission, one["access"], "; ".join(known.of(one)))
        for name in part.unrecorded:
            if name not in seen:
                seen.add(name)
                yield (name, "", "", result.permission, "unknown", _NOT_RECORDED)


def _line(fields: Row, out: TextIO) -> int:
    """Write one row; return how many of its fields were given a mark."""
    cells = [_cell(text) for text in fields]
    out.write(",".join([cell for cell, _ in cells]) + "\r\n")
    return sum(marked for _, marked in cells)


@lru_cache(maxsize=4096)
def _cell(text: str) -> tuple[str, bool]:
    """Return the field in quotes, and whether it was given a mark; organizations, words and reasons stand in many rows."""
    marked = bool(text) and text[0] in _FORMULA
    mark, escaped = "'" if marked else "", visible(text).replace('"', '""')
    return f'"{mark}{escaped}"', marked
