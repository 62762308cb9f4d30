"""What a plan of a branch leaves out: what was due before, and what ends by itself. Named in short; it is no part of what is approved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final

from reconciler.model.changes import Action, Change
from reconciler.model.findings import Range
from reconciler.model.results import Base, FleetPlan
from reconciler.reports.text import words
from reconciler.reports.text.page import MARKS, Page, place, type_and_name, widest
from reconciler.reports.visible import visible

SHOWN: Final = 10
"""So many of each kind are listed; `drift` and a plan without a base list all."""
_COMMIT: Final = 12
"""So many digits of a commit are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of what is left out.

    Attributes:
        title: what they have in common.
        expires: whether they are ends that come by themselves.
        said: the side that differs, and why.
        way_out: what lists all of them.
    """

    title: str
    expires: bool
    said: Callable[[Change], tuple[str, str]]
    way_out: str

    def of(self, result: FleetPlan) -> Iterator[tuple[Change, Range | None]]:
        """Yield those of *result*, with their places."""
        return (
            (change, part.ranges.get(change.address)) for part in result.left() for change in part.changes if change.expires is self.expires
        )


def commit_text(base: Base) -> str:
    """Return the commit of *base* in short, empty without one."""
    return visible(base.commit[:_COMMIT]) if base.commit else ""


def heading(page: Page, result: FleetPlan) -> None:
    """Write above the changes since when they are made, if the plan holds no others."""
    if result.base is not None:
        commit = commit_text(result.base)
        since = f"{visible(result.base.given)} (commit {commit})" if commit else visible(result.base.given)
        page.heading(f"Changed since {since}:", "" if result.changed else " nothing")


def beside(page: Page, result: FleetPlan) -> None:
    """Write what is left out, in two sections."""
    for kind in KINDS:
        _section(page, result, kind)


def _section(page: Page, result: FleetPlan, kind: Kind) -> None:
    rest = kind.of(result)
    shown = list(islice(rest, SHOWN))
    if not shown:
        return
    page.heading(f"{kind.title}:")
    width = widest([type_and_name(change.address)[1] for change, _ in shown])
    for organization, members in groupby(shown, key=lambda member: member[0].organization):
        page.line(f"  {visible(organization)}")
        for change, where in members:
            side, why = kind.said(change)
            note = "; ".join(filter(None, (why, "" if kind.expires else place(where))))
            page.resource(MARKS[change.action], change.address, width, side.split(), note=f"# {note}" if note else "", lead="    ")
    more = sum(1 for _ in rest)
    if more:
        page.line(f"  and {more} more: {kind.way_out}")


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


KINDS: Final = (
    Kind(title="Due before, not caused by this change", expires=False, said=_said, way_out="reconciler drift lists all"),
    Kind(title="Ended by itself, not caused by this change", expires=True, said=_ended, way_out="reconciler sweep records all"),
)
