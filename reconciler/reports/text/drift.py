"""The answer of `drift`: where the declared and the stored side differ, and which of them moved."""

from collections.abc import Sequence
from itertools import groupby

from reconciler.model.changes import Action
from reconciler.model.results import Difference, Drift
from reconciler.reports import style as styles
from reconciler.reports.stateless import without_stateless
from reconciler.reports.text.findings import findings
from reconciler.reports.text.page import MARKS, Page, count, organization_of, type_and_name, why, widest
from reconciler.reports.text.steps import still_open
from reconciler.reports.visible import visible

_SIDES = {Action.CREATE: "declared, not stored", Action.DELETE: "stored, not declared"}


def drift(page: Page, result: Drift) -> None:
    """Write the differences by organization, then the ends that only wait to be recorded, then the verdict."""
    page.no_stored_state(result.lineage, result.location)
    _differences(page, result.unapplied, "")
    _differences(page, result.expected, ", ended by itself and not recorded yet (no drift)")
    findings(page, without_stateless(result.findings))
    still_open(page, result.open_steps)
    page.gap()
    if not result.complete:
        page.line("Other declared organizations were left out by --org or -l.")
    page.line(page.paint(verdict(result), styles.BOLD))


def verdict(result: Drift) -> str:
    """Return the line of numbers, which programs may read."""
    compared = f"{count(result.organizations, 'organization')} compared"
    return f"Drift: {count(len(result.unapplied), 'difference')}, {compared}." if result.unapplied else f"In sync: {compared}."


def _differences(page: Page, differences: Sequence[Difference], title: str) -> None:
    for organization, group in groupby(differences, key=lambda difference: organization_of(difference.address)):
        members = list(group)
        page.heading(visible(organization), title)
        width = widest([type_and_name(difference.address)[1] for difference in members])
        for difference in members:
            page.resource(MARKS[difference.action], difference.address, width, said(difference, expected=bool(title)))


def said(difference: Difference, *, expected: bool) -> list[str]:
    """Return which side has what, as visible words."""
    if expected:
        side = why(difference.reason)
    elif difference.action is Action.UPDATE:
        side = f"differs in {', '.join(map(visible, difference.fields))}" if difference.fields else "differs"
    else:
        side = _SIDES[difference.action]
    return (f"{side}: {visible(difference.detail)}" if difference.detail else side).split()
