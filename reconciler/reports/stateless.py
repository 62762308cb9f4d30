"""What every report says when nothing was ever stored, in text as its first line and in JSON as a diagnostic."""

from collections.abc import Iterable
from typing import Final

from reconciler.model.findings import Finding, Severity

RULE: Final = "no-stored-state"


def sentence(location: str) -> str:
    """Return the fixed sentence; *location* is the URL of the state, password masked, and empty for a saved plan, which names none."""
    where = f" at {location}" if location else ""
    return f"No stored state{where}: everything counts as new, nothing can be removed or found drifted."


def with_stateless(findings: Iterable[Finding], lineage: str | None, location: str) -> tuple[Finding, ...]:
    """Return *findings* led by the note when there is no stored state; whoever brought it along already, it stands once."""
    others = without_stateless(findings)
    if lineage is not None:
        return others
    return (Finding(rule=RULE, severity=Severity.INFO, message=sentence(location)), *others)


def without_stateless(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* without that note."""
    return tuple(finding for finding in findings if finding.rule != RULE)
