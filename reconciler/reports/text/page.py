"""The sheet a text report is written on: lines, hanging indents, columns and counts."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, TextIO

from reconciler.model.changes import Action, Reason
from reconciler.model.findings import Range
from reconciler.reports import style as styles
from reconciler.reports.stateless import sentence
from reconciler.reports.style import Style
from reconciler.reports.visible import display_width, fill, inert, pad, pad_left, visible, wrap

MARKS: Final = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}
COLORS: Final = {"+": styles.GREEN, "~": styles.YELLOW, "-": styles.RED, "!": styles.LOUD, "*": styles.CYAN}
TYPE_WIDTH: Final = len("elevation-grant")

_NARROWEST: Final = 40
"""However narrow the terminal and deep the indentation, this much of a line is left for text."""
_CRAMPED: Final = 32
"""Less than this behind a head is no room; its text stands below."""
_UNDER: Final = 8
"""The indentation of what has no room behind its head."""


class Page:
    """Writes lines; decides about nothing but colors and blanks."""

    def __init__(self, out: TextIO, style: Style) -> None:
        self._out = out
        self._style = style
        self._written = False
        self.paint: Callable[[str, str], str] = style.paint
        self.offers = style.offers
        self.bars = style.bars

    def line(self, text: str = "") -> None:
        """Write one line, made of visible text; it never ends in blanks and never is a command to a CI runner."""
        self._out.write(inert(text.rstrip()) + "\n")
        self._written = True

    def gap(self) -> None:
        """Write a blank line between blocks; none at the very beginning."""
        if self._written:
            self.line()

    def heading(self, text: str, after: str = "") -> None:
        """Write the first line of a block."""
        self.gap()
        self.line(self.paint(text, styles.BOLD) + after)

    def room(self, indent: int) -> int:
        """Return how many columns are left for text behind *indent*."""
        return max(self._style.width - indent, _NARROWEST)

    def hang(self, head: str, body: Sequence[str], *, between: str = " ", note: str = "", painted: str | None = None) -> None:
        """Write *head*, then the atoms of *body* in lines that all begin in the column behind it, then *note*, dimmed.

        The head is written as *painted* where that is given; both take as many columns. Where it leaves too little room, it has a
        line of its own.
        """
        indent = display_width(head)
        if self._style.width - indent < _CRAMPED and indent > _UNDER and (body or note):
            self.line(painted or head)
            head, painted, indent = " " * _UNDER, None, _UNDER
        room = max(self._style.width - indent, _CRAMPED)
        lines = fill(body, room, between=between) or [""]
        if note:
            fits = not lines[-1] or display_width(lines[-1]) + 2 + display_width(note) <= room
            lines = [*lines, ""] if not fits else lines
            lead = "  " if lines[-1] else ""
            lines[-1] += lead + self.paint(note, styles.DIM)
        self.line((painted or head) + lines[0])
        for line in lines[1:]:
            self.line(" " * indent + line)

    def behind(self, indent: int, body: Sequence[str]) -> str:
        """Return the atoms of *body* in lines that all begin in the column *indent*, to be written behind a head of that width."""
        first, *others = fill(body, self.room(indent)) or [""]
        return "\n".join([first.rstrip(), *(inert(" " * indent + line.rstrip()) for line in others)])

    def paragraph(self, text: str, indent: int) -> None:
        """Write visible *text*, wrapped, behind *indent* blanks."""
        for line in wrap(text, self.room(indent)):
            self.line(" " * indent + line)

    def resource(self, mark: str, address: str, name_width: int, body: Sequence[str], *, note: str = "", lead: str = "  ") -> None:
        """Write the line of one resource: *lead*, mark, type, name, and what there is to say of it."""
        type_, name = type_and_name(address)
        rest = f" {pad(type_, TYPE_WIDTH)}  {pad(name, name_width)}  "
        painted = lead + self.paint(mark, COLORS.get(mark, styles.DIM)) + rest
        self.hang(lead + mark + rest, body, note=note, painted=painted)

    def details(self, labeled: Sequence[tuple[str, Sequence[str]]], *, indent: int, between: str = " ") -> None:
        """Write visible labels and what stands behind them, aligned."""
        width = widest([label for label, _ in labeled]) + 1
        for label, atoms in labeled:
            self.hang(" " * indent + pad(f"{label}:", width) + " ", atoms, between=between)

    def no_stored_state(self, lineage: str | None, location: str) -> None:
        """Begin the report with the fixed sentence when nothing was ever stored."""
        if lineage is None:
            self.line(sentence(visible(location)))


def organization_of(address: str) -> str:
    """Return the organization that *address* belongs to, as it is; not yet visible text."""
    return address.partition("/")[0]


def type_and_name(address: str) -> tuple[str, str]:
    """Return the type and the name in *address*, visible; the name of `ORG/organization` is ORG."""
    organization, _, rest = address.partition("/")
    type_, _, name = rest.partition("/")
    return visible(type_), visible(name or organization)


def widest(texts: Collection[str], *, limit: int = 48) -> int:
    """Return the width of a column for visible *texts*; one that is far too long may stick out instead of pushing all others."""
    return min(max(map(display_width, texts), default=0), limit)


def columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> Iterator[str]:
    """Yield *rows* of visible cells as lines with aligned columns; those in *right* are numbers.

    A column without any text takes no room.
    """
    if not rows:
        return
    used = [index for index in range(len(rows[0])) if any(row[index] for row in rows)]
    widths = {index: max(display_width(row[index]) for row in rows) for index in used}
    for row in rows:
        cells = ((pad_left if index in right else pad)(row[index], widths[index]) for index in used)
        yield "  ".join(cells).rstrip()


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return the number and its noun: `1 error`, `2 errors`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def place(range_: Range | None) -> str:
    """Return `file:line`, visible; empty without a place."""
    return "" if range_ is None else f"{visible(range_.filename)}:{range_.start.line}"


def why(reason: Reason) -> str:
    """Return a reason in a word for reports of what was done."""
    return "no longer declared" if reason is Reason.OMITTED else reason.value
