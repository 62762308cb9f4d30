"""The answer of `history`: the journal, run by run, newest last."""

from collections.abc import Iterator
from itertools import groupby

from reconciler.model.changes import Action, Reason
from reconciler.model.identifiers import ORGANIZATION
from reconciler.model.instants import format_instant
from reconciler.model.journal import Entry, EntryKind
from reconciler.model.results import History
from reconciler.reports import style as styles
from reconciler.reports.text import words
from reconciler.reports.text.page import MARKS, Page, count, type_and_name, why, widest
from reconciler.reports.visible import pad_left, visible

_MARKS = {EntryKind.INTENT: ".", EntryKind.FAILURE: "!", EntryKind.LOCK: "*", EntryKind.ATTEST: "*"}


def history(page: Page, result: History) -> None:
    """Write every entry under the organization and the run it belongs to."""
    page.no_stored_state(result.lineage, result.location)
    number = 0
    for organization, chain in groupby(result.entries(), key=lambda entry: entry.organization):
        page.heading(visible(organization))
        for run in _runs(chain):
            _run(page, run)
            number += len(run)
    page.gap()
    page.line(f"{count(number, 'entry', 'entries')}.")
    if result.head is not None:
        page.line(f"Head: {visible(result.head)}")


def _runs(chain: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries of each run; a chain is never held as a whole."""
    for _, entries in groupby(chain, key=lambda entry: entry.record.run):
        yield list(entries)


def _run(page: Page, entries: list[Entry]) -> None:
    record = entries[0].record
    line = f"{format_instant(record.at)}  {visible(record.operation)}  by {words.who(record.actor, record.operator)}"
    page.line(f"  {line}  {page.paint(f'run {visible(record.run)}', styles.DIM)}")
    digits = len(str(entries[-1].seq))
    width = widest([type_and_name(_address(entry))[1] for entry in entries])
    for entry in entries:
        _entry(page, entry, digits, width)


def _address(entry: Entry) -> str:
    return entry.record.address or f"{entry.organization}/{ORGANIZATION}"


def _entry(page: Page, entry: Entry, digits: int, width: int) -> None:
    record = entry.record
    mark = MARKS[record.action] if record.kind is EntryKind.CHANGE and record.action else _MARKS.get(record.kind, ".")
    page.resource(mark, _address(entry), width, _said(entry), lead=f"    {pad_left(str(entry.seq), digits)}  ")
    if record.action is Action.UPDATE and record.kind is EntryKind.CHANGE:
        labeled = [(visible(field.path), words.field_change(field)) for field in words.fields_between(record.before, record.after)]
        page.details(labeled, indent=8 + digits, between="  ")


def _said(entry: Entry) -> list[str]:
    record = entry.record
    if record.kind is EntryKind.ATTEST:
        return f"attested {visible(record.detail)}".split()
    if record.kind is not EntryKind.CHANGE:
        return f"{record.kind.value}{f': {visible(record.detail)}' if record.detail else ''}".split()
    said = []
    if record.reason is not None and record.reason is not Reason.DECLARED:
        said += f"{why(record.reason)};".split()
    type_, _ = type_and_name(_address(entry))
    if record.action is Action.CREATE and record.after is not None:
        said += words.resource(type_, record.after)
    elif record.action is Action.DELETE and record.before is not None:
        said += ["was", *words.loss(type_, record.before)]
    if record.detail:
        said += f"({visible(record.detail)})".split()
    if said and said[-1].endswith(";"):
        said[-1] = said[-1].removesuffix(";")
    return said
