"""What several Markdown reports have in common: the marker, findings, follow-ups, and how a resource is named."""

import re
from collections.abc import Iterable
from typing import Final

from reconciler.model.changes import FollowUp, ManualStep
from reconciler.model.findings import SEVERITY_ORDER, Finding
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT
from reconciler.model.instants import format_instant
from reconciler.reports.markdown.sheet import Block, Sheet
from reconciler.reports.markdown.spans import prose, span
from reconciler.reports.stateless import sentence
from reconciler.reports.text.findings import way_out
from reconciler.reports.visible import visible

_LONGEST: Final = 100
_ODD: Final = re.compile(r"[^a-z0-9:.=_/-]")


def marker(kind: str, cut: bool, **values: str) -> str:  # noqa: FBT001 - what `Sheet.write` tells
    """Return the first line of a comment, by which programs find it; a person does not see it."""
    said = {**values, "scope": values.get("scope") or "all", "truncated": str(cut).lower()}
    pairs = (f"{key}={_ODD.sub('-', value.lower())[:_LONGEST]}" for key, value in said.items())
    return f"<!-- reconciler:{_ODD.sub('-', kind)} v1 {' '.join(pairs)} -->"


def no_stored_state(location: str) -> str:
    """Return the fixed sentence as a note; a location that is far too long is not said."""
    return f"> **Note:** {prose(sentence(visible(location) if len(location) <= _LONGEST else ''))}\n"


def left_out() -> str:
    """Return what a report says that is not about everything."""
    return "> **Note:** other declared organizations were left out by `--org` or `-l`.\n"


def resource(address: str) -> tuple[str, str]:
    """Return the organization in *address*, and what else it names."""
    organization, _, rest = address.partition("/")
    type_, _, name = rest.partition("/")
    shown = span(visible(name))
    if type_ == ADMINISTRATOR:
        return span(visible(organization)), shown
    if type_ == ELEVATION_GRANT:
        return span(visible(organization)), f"grant {shown}"
    return span(visible(organization)), "the organization itself" if not name else f"{prose(visible(type_))} {shown}"


def findings(sheet: Sheet, found: Iterable[Finding], *, rank: int, title: str = "### Findings") -> None:
    """Add *found*, the most severe first."""
    ordered = sorted(found, key=lambda finding: (SEVERITY_ORDER[finding.severity], finding.waived is not None))
    block = Block(rank=rank, noun=("finding", "findings"), head=f"{title}\n\n", more="- ", short=f"{title}\n\n")
    sheet.block(block, map(item, ordered))


def item(finding: Finding, mark: str = "- ") -> str:
    """Return one finding as an item of a list."""
    label = finding.severity.value.capitalize() if finding.waived is None else f"Waived {finding.waived.severity.value}"
    lines = [f"**{label}:** {prose(visible(finding.message))} ({where(finding)})"]
    if finding.waived is not None:
        lines.append(f"Waived until {format_instant(finding.waived.expires)}: {span(visible(finding.waived.reason))}")
    if finding.detail:
        lines.append(f"In detail: {prose(visible(finding.detail))}")
    if finding.hint:
        lines.append(f"What to do: {prose(way_out(finding.rule, finding.hint))}")
    return mark + f"\\\n{' ' * len(mark) if mark == '- ' else '>   '}".join(lines) + "\n"


def where(finding: Finding) -> str:
    """Return the rule of a finding, and where it found something."""
    rule = span(visible(finding.rule))
    if finding.range is None:
        return rule if finding.address is None else f"{rule} at {span(visible(finding.address))}"
    return f"{rule} at {span(f'{visible(finding.range.filename)}:{finding.range.start.line}')}"


def steps(sheet: Sheet, title: str, found: Iterable[ManualStep | FollowUp], *, rank: int) -> Block:
    """Add what is left to people."""
    block = Block(rank=rank, noun=("step", "steps"), head=f"### {title}\n\n", more="- ", short=f"### {title}\n\n")
    return sheet.block(block, map(step, found))


def collapse(block: Block, said: str) -> None:
    """Let *block* show its title and *said*, which is ours, until somebody opens it."""
    title, _, rest = block.head.partition("\n\n")
    block.head = f"{title}\n\n<details><summary>{said}</summary>\n\n{rest}"
    block.tail = "\n</details>\n\n"


def step(one: ManualStep | FollowUp) -> str:
    """Return a manual step or a follow-up as an item of a list."""
    return f"- {span(visible(one.address))}: {prose(visible(one.summary))} ({span(visible(one.rule))})\n"
