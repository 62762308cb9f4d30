"""Findings as CI systems take them: at a place in a file, and with a fingerprint that outlives moved lines."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.model.documents import compact_text
from reconciler.model.findings import SEVERITY_ORDER, Finding, Range, Severity
from reconciler.model.results import Failure, FleetPlan, Validation

CRITICAL: Final = frozenset({"no-full-administrator", "no-full-administrator-left", "grant-self-approved", "self-assigned-role"})
"""Rules against lockout and self-approval: their errors weigh more than others."""

_INDEX: Final = re.compile(r"/\d+(?=/|$)")
"""A position in a list, which moves when something is put before it; the address says whom it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """One finding for a machine.

    Attributes:
        place: in a manifest; of what a plan says about a resource, where that resource is declared. None when there is none.
        fingerprint: 64 hexadecimal digits; unique in a report, and the same as long as the finding is.
    """

    finding: Finding
    place: Range | None
    fingerprint: str

    @property
    def critical(self) -> bool:
        """Whether it is about lockout or self-approval."""
        return self.finding.severity is Severity.ERROR and self.finding.rule in CRITICAL


def located(result: Validation | FleetPlan | Failure) -> list[Located]:
    """Return the findings of *result*, the most severe first, each severity in the order of the report.

    Waived findings are left out: a CI system that does not know waivers would show them as open. So are notes about the run itself,
    which belong to no resource and to no place.
    """
    found = (*result.refusals, *result.findings) if isinstance(result, FleetPlan) else result.findings
    open_ones = [finding for finding in dict.fromkeys(found) if finding.waived is None and not _about_the_run(finding)]
    placed = _placed(open_ones, result) if isinstance(result, FleetPlan) else [(finding, finding.range) for finding in open_ones]
    seen: Counter[str] = Counter()
    counted = []
    for finding, place in placed:
        subject = _subject(finding, place)
        seen[subject] += 1
        fingerprint = hashlib.sha256(f"{subject} {seen[subject]}".encode()).hexdigest()
        counted.append(Located(finding=finding, place=place, fingerprint=fingerprint))
    return sorted(counted, key=lambda one: SEVERITY_ORDER[one.finding.severity])


def _about_the_run(finding: Finding) -> bool:
    return finding.severity is Severity.INFO and finding.range is None and finding.address is None


def _placed(findings: Iterable[Finding], plan: FleetPlan) -> Iterator[tuple[Finding, Range | None]]:
    """Yield findings with their place; one without a place of its own is told where its resource, or its organization, is declared."""
    findings = list(findings)
    wanted = {finding.address for finding in findings if finding.range is None and finding.address}
    organizations = {address.partition("/")[0] for address in wanted}
    declared: dict[str, Range] = {}
    for part in plan.plans() if wanted else ():
        if part.organization in organizations and part.ranges:
            declared[part.organization] = min(part.ranges.values())
            declared.update((address, part.ranges[address]) for address in wanted & part.ranges.keys())
    for finding in findings:
        address = finding.address or ""
        yield finding, finding.range or declared.get(address) or declared.get(address.partition("/")[0])


def _subject(finding: Finding, place: Range | None) -> str:
    """Return what the finding is, without lines and positions."""
    pointer = _INDEX.sub("/*", finding.pointer or "")
    message = " ".join(finding.message.split()).casefold()
    return compact_text([finding.rule, place.filename if place else "", finding.address or "", pointer, message])


def first_sentence(summary: str) -> str:
    """Return the first sentence of what a rule asks for, without its period."""
    return summary.partition(". ")[0].rstrip(".")
