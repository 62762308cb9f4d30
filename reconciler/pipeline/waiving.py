"""Waivers that cover nothing: said, so that they do not outlive what they were written for."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import organization_address
from reconciler.model.instants import format_instant
from reconciler.model.policy import Waiver
from reconciler.pipeline.request import Request
from reconciler.rules import RULES

UNUSED_WAIVER = "unused-waiver"

_ABOUT_WHAT_IS_DECLARED = frozenset(rule.id for rule in RULES)


def unused_waivers(request: Request, found: Iterable[Finding], names: frozenset[str], now: datetime) -> Iterator[Finding]:
    """Yield an `info` for each waiver that covers nothing in one of *names*, where all of *found* is what the rules found.

    A run that `--org` or `-l` limits says nothing: it did not look everywhere. And a rule about changes finds something in the one run
    that makes the change; a waiver of it may be meant for a later one, until it expires.
    """
    if not request.policy.waivers or request.organizations or request.labels:
        return
    places = {(finding.rule, finding.address or "") for finding in found}
    for waiver in request.policy.waivers:
        settled = waiver.rule in _ABOUT_WHAT_IS_DECLARED or not waiver.counts_at(now)
        if settled and waiver.organization in names and not any(waiver.is_for(*place) for place in places):
            yield _unused(waiver, now)


def _unused(waiver: Waiver, now: datetime) -> Finding:
    end = "until" if waiver.counts_at(now) else "expired at"
    return Finding(
        rule=UNUSED_WAIVER,
        severity=Severity.INFO,
        message=f"the waiver of {waiver.rule} for {waiver.about} covers nothing",
        detail=f"{end} {format_instant(waiver.expires)}: {waiver.reason}",
        hint="take it out of policy.waivers",
        address=waiver.about if "/" in waiver.about else organization_address(waiver.about),
        range=waiver.range,
    )
