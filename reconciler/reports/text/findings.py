"""Findings, one block each: place, severity, what is wrong and the rule on one line that can be searched; then details and the way out."""

from collections.abc import Iterable

from reconciler.model.findings import Finding, Severity
from reconciler.model.instants import format_instant
from reconciler.reports import style as styles
from reconciler.reports.text.page import Page, count
from reconciler.reports.visible import visible

_CORRECTED = frozenset({
    "configuration",
    "schema-enum",
    "schema-unknown-field",
    "unknown-kind",
    "unknown-api-version",
    "undeclared-site",
    "undeclared-location",
    "undeclared-organization",
})
"""Rules whose hint can be the word that was probably meant."""
_COLORS = {"error": styles.RED, "warning": styles.YELLOW, "info": styles.CYAN}


def findings(page: Page, found: Iterable[Finding]) -> None:
    """Write *found*, a blank line between any two."""
    for finding in found:
        label = finding.severity.value if finding.waived is None else f"waived {finding.waived.severity.value}"
        _finding(page, finding, label, _COLORS[finding.severity.value])


def refusals(page: Page, found: Iterable[Finding]) -> None:
    """Write what a safety rail or a policy says against a plan."""
    for finding in found:
        _finding(page, finding, "refused", styles.LOUD)


def _finding(page: Page, finding: Finding, label: str, color: str) -> None:
    page.gap()
    place = where(finding)
    said = page.paint(label, color)
    page.line(f"{place}{said}: {visible(finding.message)} {page.paint(f'[{visible(finding.rule)}]', styles.DIM)}")
    if finding.waived is not None:
        page.paragraph(f"until {format_instant(finding.waived.expires)}: {visible(finding.waived.reason)}", 4)
    if finding.detail:
        page.paragraph(visible(finding.detail), 4)
    if finding.hint is not None:
        # Whole, so that a command in it can be copied; one word alone is what was probably meant.
        page.line(f"    hint: {way_out(finding.rule, finding.hint)}")


def way_out(rule: str, hint: str) -> str:
    """Return a hint as visible text; one word alone is what was probably meant."""
    return f"did you mean {visible(hint)}?" if rule in _CORRECTED and " " not in hint else visible(hint)


def where(finding: Finding) -> str:
    """Return the place of a finding in front of it, or its address, as visible text."""
    if finding.range is not None:
        start = finding.range.start
        return f"{visible(finding.range.filename)}:{start.line}:{start.column}: "
    return f"{visible(finding.address)}: " if finding.address else ""


def tally(found: Iterable[Finding]) -> str:
    """Return `3 errors, 1 warning, 2 waived`; only what there is, and empty without any."""
    every = tuple(found)
    severities = [finding.severity for finding in every]
    numbers = [(severities.count(severity), severity.value) for severity in (Severity.ERROR, Severity.WARNING)]
    waived = sum(finding.waived is not None for finding in every)
    return ", ".join([*(count(number, word) for number, word in numbers if number), *([f"{waived} waived"] if waived else [])])
