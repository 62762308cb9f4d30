"""What is wrong with manifests, and failures of any command, as a comment."""

from reconciler.model.protocols import LockInfo
from reconciler.model.results import Failure, Validation
from reconciler.reports.markdown.parts import findings, marker
from reconciler.reports.markdown.sheet import Block, Room, Sheet
from reconciler.reports.markdown.spans import span, spans, when
from reconciler.reports.style import Style
from reconciler.reports.text.findings import tally
from reconciler.reports.text.validation import verdict
from reconciler.reports.visible import visible

_CUT = "---\n\n**This comment is cut.** All of it: `reconciler validate`\n"


def validation(result: Validation, room: Room, style: Style, exit_code: int) -> str:
    """Return the comment on manifests."""
    sheet = Sheet(room)
    word = "manifests are invalid" if not result.valid else "warnings count as failures" if exit_code else "manifests are valid"
    sheet.say(f"## reconciler validate: {word}\n")
    sheet.say(f"{verdict(result)}\n")
    findings(sheet, result.findings, rank=1)
    return sheet.write(lambda cut: marker("validate", cut, scope=style.scope), lambda cut: _CUT if cut else "")


def failure(result: Failure, room: Room, style: Style) -> str:
    """Return the comment in place of the one that the command could not make; it replaces an earlier one of it."""
    command = "plan" if style.command == "show" else style.command or "error"
    sheet = Sheet(room)
    sheet.say(f"## reconciler{f' {command}' if style.command else ''}: {'cancelled' if result.cancelled else 'failed'}\n")
    sheet.say("Cancelled: nothing was changed.\n" if result.cancelled else f"{tally(result.findings) or 'no findings'}.\n")
    findings(sheet, result.findings, rank=1)
    held = Block(rank=2, noun=("lock", "locks"), head="### Locks in the way\n\n", more="- ")
    sheet.block(held, map(_lock, result.locks))
    return sheet.write(lambda cut: marker(command, cut, scope=style.scope), lambda cut: _CUT if cut else "")


def _lock(lock: LockInfo) -> str:
    holder = lock.holder
    who = (
        f"{span(visible(holder.operation))} by {span(visible(holder.operator))} on {span(visible(holder.host))} since {when(holder.since)}"
    )
    release = span(f"reconciler unlock {visible(lock.id)}")
    return f"- {who} holds {spans(map(visible, lock.organizations))}. When that process is gone for good: {release}\n"
