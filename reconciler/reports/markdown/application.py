"""What became of a plan, or of a sweep, as a comment: failures first."""

from reconciler.model.changes import Outcome, Status
from reconciler.model.results import Application
from reconciler.reports.markdown.parts import findings, marker, resource, steps
from reconciler.reports.markdown.sheet import Block, Room, Sheet
from reconciler.reports.markdown.spans import brief, prose, row, table
from reconciler.reports.style import Style
from reconciler.reports.text.application import numbers, said
from reconciler.reports.visible import visible

_TITLES = ("", "What", "Organization", "Outcome")
_MARKS = {Status.DONE: "done", Status.FAILED: "failed", Status.SKIPPED: "skipped", Status.MANUAL: "to do"}


def application(result: Application, room: Room, style: Style) -> str:
    """Return the comment on what was done."""
    sheet = Sheet(room)
    sheet.say(f"## reconciler {visible(result.operation)}: {_word(result)}\n")
    sheet.say(f"{numbers(result)}\n" if result.run is not None or result.operation != "sweep" else "Nothing is due.\n")
    if result.repeated:
        sheet.say(f"This plan was already applied by run {brief(visible(result.run or 'unknown'))}; nothing was done.\n")
    if result.interrupted is not None:
        sheet.say("> **Interrupted:** what had begun was finished and recorded, the rest was not attempted.\n")
    findings(sheet, result.failures, rank=1, title="### Failures")
    left = _table(sheet, "Not done", rank=2)
    done = _table(sheet, "Done", rank=3)
    for outcome in result.outcomes():
        sheet.add(done if outcome.status is Status.DONE else left, _row(outcome))
    steps(sheet, "Left open by this run", result.open_steps(), rank=4)
    findings(sheet, result.findings, rank=5)
    return sheet.write(
        lambda cut: marker(result.operation, cut, scope=style.scope, hash=result.plan_hash), lambda cut: _end(result, cut=cut)
    )


def _word(result: Application) -> str:
    counts = result.counts
    committed = counts.create + counts.update + counts.delete + counts.expire
    if counts.failed or counts.skipped or result.failures:
        return "partly done" if committed else "failed"
    return "done" if committed or counts.manual else "nothing to do"


def _table(sheet: Sheet, title: str, *, rank: int) -> Block:
    head = f"### {title}\n\n"
    return sheet.block(Block(rank=rank, share=0.5, noun=("change", "changes"), head=head + table(*_TITLES), short=head))


def _row(outcome: Outcome) -> str:
    organization, name = resource(outcome.address)
    return row(f"**{_MARKS[outcome.status]}**", name, organization, prose(said(outcome)))


def _end(result: Application, *, cut: bool) -> str:
    parts = ["---\n\n"]
    if cut:
        parts.append("**This comment is cut.** All of it: `reconciler history`\n\n")
    run = f"Run {brief(visible(result.run))} · " if result.run is not None else ""
    parts.append(f"{run}plan {brief(visible(result.plan_hash))}\n")
    if result.target == "none":
        parts.append("\nNothing was changed in Control Hub (target: none).\n")
    return "".join(parts)
