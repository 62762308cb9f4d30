"""The answer of `apply` and of every other command that changes something: what became of each change."""

from datetime import timedelta
from itertools import groupby
from signal import Signals

from reconciler.model.changes import Action, Outcome, Reason, Status
from reconciler.model.instants import span_text
from reconciler.model.results import Application
from reconciler.reports import stateless
from reconciler.reports import style as styles
from reconciler.reports.text.findings import findings
from reconciler.reports.text.page import MARKS, Page, organization_of, type_and_name, why, widest
from reconciler.reports.text.steps import left_open
from reconciler.reports.visible import visible

_DONE = {Action.CREATE: "added", Action.UPDATE: "changed", Action.DELETE: "removed"}
_NOUN = {Action.CREATE: "adding", Action.UPDATE: "changing", Action.DELETE: "removing"}
_STATUS_MARKS = {Status.FAILED: "!", Status.SKIPPED: ".", Status.MANUAL: "*"}


def application(page: Page, result: Application) -> None:
    """Write a line for each change, then the numbers, the run and what they mean for Control Hub."""
    for finding in result.findings:
        if finding.rule == stateless.RULE:
            page.line(visible(finding.message))
    if result.repeated:
        page.line(f"This plan was already applied by run {visible(result.run or 'unknown')}; nothing was done.")
    for organization, outcomes in groupby(result.outcomes(), key=lambda outcome: organization_of(outcome.address)):
        _organization(page, organization, list(outcomes), forgets=result.operation == "forget")
    findings(page, result.failures)
    left_open(page, result.open_steps)
    page.gap()
    if result.run is None and not result.failures:
        page.line("Nothing is due." if result.operation == "sweep" else "No changes.")
    if result.interrupted is not None:
        page.line(f"Interrupted by {_signal(result.interrupted)}: what had begun was finished and recorded, the rest was not attempted.")
    if result.operation != "sweep" or result.run is not None:
        page.line(page.paint(numbers(result), styles.BOLD))
    if result.run is not None and not result.repeated:
        page.line(f"Run: {visible(result.run)}")
    if result.operation == "forget":
        page.line("The stored state no longer holds what was forgotten; nobody's access changed.")
    if result.target == "none":
        page.line("Nothing was changed in Control Hub (target: none).")


def _organization(page: Page, organization: str, outcomes: list[Outcome], *, forgets: bool) -> None:
    page.heading(visible(organization))
    width = widest([type_and_name(outcome.address)[1] for outcome in outcomes])
    for outcome in outcomes:
        mark = _STATUS_MARKS.get(outcome.status, MARKS[outcome.action])
        words = "forgotten" if forgets and outcome.status is Status.DONE else said(outcome)
        page.resource(mark, outcome.address, width, words.split())


def said(outcome: Outcome) -> str:
    """Return what became of a change, as visible text."""
    late = "" if outcome.lateness_seconds is None else span_text(timedelta(seconds=outcome.lateness_seconds))
    overdue = f", {late} overdue" if late else ""
    detail = f": {visible(outcome.detail)}" if outcome.detail else ""
    noun = "ending" if outcome.reason is Reason.EXPIRED else _NOUN[outcome.action]
    match outcome.status:
        case Status.DONE:
            done = "ended" if outcome.reason is Reason.EXPIRED else _DONE[outcome.action]
            reason = "" if outcome.reason in {Reason.DECLARED, Reason.EXPIRED} else f", {why(outcome.reason)}"
            return f"{done}{reason}{f', {late} late' if outcome.lateness_seconds else ''}{detail}"
        case Status.MANUAL:
            return f"to do by hand{detail or f': {noun}'}"
        case Status.FAILED:
            return f"{noun} failed{overdue}{detail}"
        case Status.SKIPPED:
            return f"{noun} skipped{overdue}{detail}"


def numbers(result: Application) -> str:
    """Return the line of numbers, which programs may read."""
    counts = result.counts
    if result.operation == "sweep":
        late = "" if not result.largest_lateness else f"; the latest {span_text(timedelta(seconds=result.largest_lateness))} late"
        manual = f", {counts.manual} to do by hand" if counts.manual else ""
        return f"Sweep: {counts.expire} ended, {counts.failed} failed, {counts.skipped} skipped{manual}{late}."
    parts = [
        f"{counts.create} added",
        f"{counts.update} changed",
        f"{counts.delete} removed",
        f"{counts.expire} expired",
        f"{counts.failed} failed",
        f"{counts.skipped} skipped",
    ]
    if counts.manual:
        parts.append(f"{counts.manual} to do by hand")
    return f"{visible(result.operation).capitalize()}: {', '.join(parts)}."


def _signal(number: int) -> str:
    return Signals(number).name if number in {known.value for known in Signals} else f"signal {number}"
