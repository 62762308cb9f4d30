"""Findings: expected problems as values, collected and returned together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error stops, a warning is reported, an info is background."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


SEVERITY_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}

Path = tuple[str | int, ...]
"""A way into a manifest document: field names, list positions, or the value (for a person: the e-mail) of a list item."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in a file; both count from 1, columns in Unicode code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Range:
    """A stretch of a file; `end` is exclusive. `filename` is relative to the working directory, with `/`."""

    filename: str
    start: Position
    end: Position


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Waived:
    """Why a finding counts as `info` until an instant, though its rule says more.

    Attributes:
        severity: what it would be without the waiver.
        expires: the instant from which it is that again, UTC.
    """

    severity: Severity
    reason: str
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem, said to a person.

    Attributes:
        rule: stable kebab-case id, never empty.
        message: one line, lower case, no final period; names the offending value.
        detail: what is allowed, and why; may be empty.
        hint: the correction alone, or None.
        address: the resource, as soon as organization and name could be read.
        path: where in the manifest document; resolved to `pointer` and `range` by `manifests.locate`.
        waived: set when `reconciler.yaml` waives it; its severity is `info` then, so that it stops nothing.
    """

    rule: str
    severity: Severity
    message: str
    detail: str = ""
    hint: str | None = None
    address: str | None = None
    path: Path = ()
    pointer: str | None = None
    range: Range | None = None
    waived: Waived | None = None


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def in_file_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without repetitions, by file and place; those without a place come last."""

    def place(finding: Finding) -> tuple[object, ...]:
        where = finding.range
        at = (0, where.filename, where.start.line, where.start.column) if where else (1, "", 0, 0)
        return (*at, SEVERITY_ORDER[finding.severity], finding.rule, finding.address or "", finding.message)

    return sorted(dict.fromkeys(findings), key=place)
