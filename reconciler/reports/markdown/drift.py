"""Where the declared and the stored side differ, as a comment or an issue."""

from collections.abc import Iterable

from reconciler.model.results import Difference, Drift
from reconciler.reports.markdown.parts import findings, left_out, marker, no_stored_state, resource, steps
from reconciler.reports.markdown.sheet import Block, Room, Sheet
from reconciler.reports.markdown.spans import prose, row, table, when
from reconciler.reports.stateless import without_stateless
from reconciler.reports.style import Style
from reconciler.reports.text.drift import said, verdict


def drift(result: Drift, room: Room, style: Style) -> str:
    """Return the comment on what differs."""
    sheet = Sheet(room)
    sheet.say(f"## reconciler drift: {'differences found' if result.unapplied else 'in sync'}\n")
    sheet.say(f"{verdict(result)}\n")
    if result.lineage is None:
        sheet.say(no_stored_state(result.location))
    if not result.complete:
        sheet.say(left_out())
    _differences(sheet, "Differences", result.unapplied, rank=1)
    _differences(sheet, "Ended by itself and not recorded yet (no drift)", result.expected, rank=3)
    findings(sheet, without_stateless(result.findings), rank=2)
    steps(sheet, "Still open from earlier runs", result.open_steps, rank=4)
    return sheet.write(lambda cut: marker("drift", cut, scope=style.scope), lambda cut: _end(result, cut=cut))


def _differences(sheet: Sheet, title: str, differences: Iterable[Difference], *, rank: int) -> None:
    head = f"### {title}\n\n"
    expected = title != "Differences"
    block = Block(rank=rank, noun=("difference", "differences"), head=head + table("What", "Organization", "Difference"), short=head)
    sheet.block(block, (_row(difference, expected=expected) for difference in differences))


def _row(difference: Difference, *, expected: bool) -> str:
    organization, name = resource(difference.address)
    return row(name, organization, prose(" ".join(said(difference, expected=expected))))


def _end(result: Drift, *, cut: bool) -> str:
    note = "**This comment is cut.** All of it: `reconciler drift`\n\n" if cut else ""
    way = "To bring the stored side to the declared one, plan and apply: `reconciler plan PATH...`\n\n" if result.unapplied else ""
    return f"---\n\n{note}{way}As of {when(result.as_of)}\n"
