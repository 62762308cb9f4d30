"""Overdue: ends that have come and are not recorded. Every read treats them as ended; that they wait is said all the same."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from reconciler.model.findings import Finding, Severity
from reconciler.model.instants import span_text
from reconciler.model.protocols import StoredHead

OVERDUE: Final = "overdue"


def due(heads: Iterable[StoredHead], now: datetime) -> list[tuple[datetime, str]]:
    """Return the organizations in which an end has come by *now*, with the first of them, the longest overdue first."""
    return sorted((head.next_end, head.name) for head in heads if head.next_end is not None and head.next_end <= now)


def overdue(heads: Iterable[StoredHead], now: datetime) -> tuple[Finding, ...]:
    """Return one finding when ends are overdue; it changes no exit code. The heads know when, not how many."""
    waiting = due(heads, now)
    if not waiting:
        return ()
    first, name = waiting[0]
    where = name if len(waiting) == 1 else f"{len(waiting)} organizations"
    return (
        Finding(
            rule=OVERDUE,
            severity=Severity.INFO,
            message=f"ends are overdue in {where}, the longest by {span_text(now - first)}",
            detail="the access counts as gone; its end is recorded, and performed at a target, by sweep or by the next apply",
            hint="reconciler sweep",
        ),
    )


def without_overdue(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* without that one: what waited before a run may be done after it."""
    return tuple(finding for finding in findings if finding.rule != OVERDUE)
