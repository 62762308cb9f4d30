"""What a plan of a branch leaves out: what was due before, and what ends by itself. Named in short; it is no part of what is approved."""

from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import Final

from reconciler.model.changes import Action, Change, Plan
from reconciler.model.findings import Range
from reconciler.model.results import FleetPlan
from reconciler.reports.text import words
from reconciler.reports.text.page import MARKS, Page, place, type_and_name, widest
from reconciler.reports.visible import visible

_SHOWN: Final = 10
"""So many of each kind are listed; `drift` and a plan without a base list all."""
_COMMIT: Final = 12
"""So many digits of a commit are shown."""


def heading(page: Page, result: FleetPlan) -> None:
    """Write above the changes since when they are made, if the plan holds no others."""
    if result.base is not None:
        commit = f" (commit {result.base.commit[:_COMMIT]})" if result.base.commit else ""
        page.heading(f"Changed since {visible(result.base.given)}{visible(commit)}:", "" if result.changed else " nothing")


def beside(page: Page, result: FleetPlan) -> None:
    """Write what is left out, in two sections."""
    _section(page, result, "Due before, not caused by this change:", _said, expires=False, way_out="reconciler drift lists all")
    _section(page, result, "Ended by itself, not caused by this change:", _ended, expires=True, way_out="reconciler sweep records all")


def _section(page: Page, result: FleetPlan, title: str, said: Callable[[Change], tuple[str, str]], *, expires: bool, way_out: str) -> None:
    rest = _of_kind(result.left(), expires=expires)
    shown = list(islice(rest, _SHOWN))
    if not shown:
        return
    page.heading(title)
    width = widest([type_and_name(change.address)[1] for change, _ in shown])
    for organization, members in groupby(shown, key=lambda member: member[0].organization):
        page.line(f"  {visible(organization)}")
        for change, where in members:
            side, why = said(change)
            note = "; ".join(filter(None, (why, "" if expires else place(where))))
            page.resource(MARKS[change.action], change.address, width, side.split(), note=f"# {note}" if note else "", lead="    ")
    more = sum(1 for _ in rest)
    if more:
        page.line(f"  and {more} more: {way_out}")


def _of_kind(left: Iterator[Plan], *, expires: bool) -> Iterator[tuple[Change, Range | None]]:
    return ((change, part.ranges.get(change.address)) for part in left for change in part.changes if change.expires is expires)


def _said(change: Change) -> tuple[str, str]:
    match change.action:
        case Action.CREATE:
            return "declared, not stored", ""
        case Action.DELETE:
            return "stored, not declared", ""
        case Action.UPDATE:
            return f"differs in {', '.join(visible(field.path) for field in change.fields)}", ""


def _ended(change: Change) -> tuple[str, str]:
    return "", words.end_of(change.type, change.before) if change.before else "expired"
