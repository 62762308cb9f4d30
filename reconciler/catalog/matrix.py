"""Matrices: what one role gives for one permission, with how it is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.catalog.reading import Facts, known, only, sources_of, word
from reconciler.catalog.words import Confidence, Evidence, Holder, Level
from reconciler.model.resources import OrganizationType

FILES: Final = ("organization-roles", "site-roles", "external-roles", "contact-center", "partner-management", "customer-management")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another reading of a cell, kept and not used."""

    level: Level
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one role gives for one permission, before elevations and restrictions.

    Attributes:
        confidence: of inferred cells only.
        basis: why the cell has this value.
        note: what the level means, such as the condition of `conditional`.
        abilities: the parts of the permission, where the text names them.
        sources: empty for unknown cells only.
    """

    level: Level
    evidence: Evidence
    confidence: Confidence | None
    sources: tuple[str, ...]
    basis: str | None
    note: str | None
    abilities: Mapping[str, Level]
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: a permission, or a role where the columns are homes.

    Attributes:
        section: the part of the table it stands in; what it acts on is said by `Matrix.sections`.
        own_sites_only: as printed: it holds for the sites assigned to the holder.
    """

    id: str
    label: str
    cells: Mapping[str, Cell]
    section: str | None
    own_sites_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One table.

    Attributes:
        scope: where its cells hold: one of the scopes in `words`.
        organizations: the kinds of organization it acts on.
        holders: whose roles it speaks of.
        columns: roles; where `homes` is given, homes of the holder, and the rows are roles of the one permission `permission`.
        sections: the kind of organization that the rows of a section act on.
    """

    id: str
    title: str
    scope: str
    organizations: frozenset[OrganizationType]
    holders: frozenset[Holder]
    columns: tuple[str, ...]
    rows: Mapping[str, Row]
    permission: str | None
    homes: Mapping[Holder, str]
    sections: Mapping[str, OrganizationType]
    labels: Mapping[str, str]

    def rows_on(self, kind: OrganizationType) -> tuple[str, ...]:
        """Return the permissions whose rows act on an organization of that *kind*, in the order of the table."""
        if self.permission is not None:
            return (self.permission,)
        return tuple(row.id for row in self.rows.values() if self.sections.get(row.section or "", kind) is kind)

    def cell(self, permission: str, role: str, holder: Holder) -> Cell | None:
        """Return what *role* gives to somebody of that home, None where the table does not speak of the role."""
        if self.permission is None:
            return self.rows[permission].cells.get(role)
        row = self.rows.get(role)
        return None if row is None else row.cells[self.homes[holder]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrices:
    """All matrices, by id, and the permissions that are twins of each other.

    Attributes:
        labels: every permission id, sorted, with its label in the first matrix that has it.
    """

    by_id: Mapping[str, Matrix]
    pairs: tuple[tuple[str, ...], ...]
    labels: Mapping[str, str]

    def matrices_of(self, permission: str) -> tuple[str, ...]:
        """Return the ids of the matrices that have a row for *permission*."""
        return tuple(matrix.id for matrix in self.by_id.values() if permission in matrix.labels)

    def twins(self, permission: str) -> tuple[str, ...]:
        """Return the ids of permissions about the same thing under another name, sorted."""
        return tuple(sorted({one for group in self.pairs if permission in group for one in group} - {permission}))


class Reader:
    """Reads matrices; every role and source that is named must exist."""

    def __init__(self, roles: Iterable[str], sources: Iterable[str]) -> None:
        self._roles = frozenset(roles)
        self._sources = frozenset(sources)

    def read(self, facts: Facts) -> Matrix:
        """Return the matrix of one data file."""
        place = f"matrix {facts['matrix']}"
        fields = ("matrix", "title", "scope", "organizations", "holders", "permission", "label", "homes", "sections", "columns")
        only(facts, (*fields, "grounds", "rows"), place)
        homes = {word(Holder, holder, place): home for holder, home in facts.get("homes", {}).items()}
        columns = known(facts["columns"], homes.values() if homes else self._roles, place)
        if homes:
            known(facts["rows"], self._roles, place)
        rows = self._rows(facts, columns, place)
        permission = facts.get("permission")
        return Matrix(
            id=facts["matrix"],
            title=facts["title"],
            scope=facts["scope"],
            organizations=frozenset(word(OrganizationType, one, place) for one in facts["organizations"]),
            holders=frozenset(word(Holder, one, place) for one in facts["holders"]),
            columns=columns,
            rows=rows,
            permission=permission,
            homes=homes,
            sections={name: word(OrganizationType, kind, place) for name, kind in facts.get("sections", {}).items()},
            labels={permission: facts["label"]} if permission else {row.id: row.label for row in rows.values()},
        )

    def _rows(self, facts: Facts, columns: tuple[str, ...], place: str) -> dict[str, Row]:
        grounds = {ground: self._ground(one, f"{place}, ground {ground}") for ground, one in facts["grounds"].items()}
        seen: dict[str, Cell] = {}
        rows = {}
        for row, one in facts["rows"].items():
            where = f"{place}, row {row}"
            only(one, ("label", "cells", "section", "own_sites_only"), where)
            if tuple(one["cells"]) != columns:
                raise ValueError(f"{where}: the cells are not those of the columns {', '.join(columns)}")
            for text in one["cells"].values():
                if text not in seen:
                    seen[text] = _cell(text, grounds, where)
            cells = {column: seen[text] for column, text in one["cells"].items()}
            section, own = one.get("section"), one.get("own_sites_only", False)
            rows[row] = Row(id=row, label=one["label"], cells=cells, section=section, own_sites_only=own)
        return rows

    def _ground(self, facts: Facts, place: str) -> dict[str, Any]:
        only(facts, ("evidence", "confidence", "sources", "basis", "note", "abilities", "variants"), place)
        evidence = word(Evidence, facts["evidence"], place)
        if (evidence is Evidence.INFERRED) != ("confidence" in facts):
            raise ValueError(f"{place}: a confidence goes with inferred cells, and with no others")
        return {
            "evidence": evidence,
            "confidence": word(Confidence, facts["confidence"], place) if "confidence" in facts else None,
            "sources": () if evidence is Evidence.UNKNOWN else sources_of(facts, self._sources, place),
            "basis": facts.get("basis"),
            "note": facts.get("note"),
            "abilities": {name: word(Level, level, place) for name, level in facts.get("abilities", {}).items()},
            "variants": tuple(self._variant(one, place) for one in facts.get("variants", ())),
        }

    def _variant(self, facts: Facts, place: str) -> Variant:
        return Variant(level=word(Level, facts["access"], place), sources=sources_of(facts, self._sources, place), note=facts["note"])


def _cell(text: str, grounds: Mapping[str, Mapping[str, Any]], place: str) -> Cell:
    level, _, ground = text.partition(", ")
    if ground not in grounds:
        raise ValueError(f"{place}: {text!r} names no ground")
    cell = Cell(level=word(Level, level, place), **grounds[ground])
    if (cell.level is Level.UNKNOWN) != (cell.evidence is Evidence.UNKNOWN):
        raise ValueError(f"{place}: {text!r}: unknown is both the access and the evidence, or neither")
    return cell
