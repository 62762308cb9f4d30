"""The sheet a Markdown report is written on: blocks in the order of reading, each with a rank, and room for so much of them.

A block that does not fit is cut between its items and says how many are missing, or is reduced to one line. Nothing is ever cut inside an
item, and an item is whole Markdown: so whatever is left out, the rest is well-formed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from reconciler.reports.markdown.spans import fence
from reconciler.reports.text.page import count
from reconciler.reports.visible import inert

COMMENT: Final = 60_000
"""Characters of a comment, counted in UTF-16 units: less than every platform's limit, however it counts."""

STEP_SUMMARY: Final = 1_000_000
"""Bytes of a step summary; the platform silently drops one that is larger than 1 MiB."""

_MARKER: Final = 200
"""Room for the first line, which is made last."""

Measure = Callable[[str], int]


def units(text: str) -> int:
    """Return the length of *text* in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def octets(text: str) -> int:
    """Return the length of *text* in bytes."""
    return len(text.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much there is room for, and how it is measured."""

    limit: int = COMMENT
    measure: Measure = units


@dataclass(slots=True, kw_only=True)
class Block:
    """A part of the report.

    Attributes:
        rank: 0 is never left out; of the others, the lower go first.
        noun: what the items are, singular and plural.
        head: before the items.
        tail: behind them and behind the words about what is missing.
        more: what precedes those words.
        share: at most so much of the room is taken, as a part of the whole, when there is not enough for everything.
        language: of the fence that the items stand in; None without a fence.
        short: what is written instead when no item fits; `count` items are meant.
    """

    rank: int
    noun: tuple[str, str] = ("line", "lines")
    head: str = ""
    tail: str = "\n"
    more: str = "\n"
    share: float = 1.0
    language: str | None = None
    short: str = ""
    items: list[str] = field(default_factory=list)
    count: int = 0
    kept: int = 0

    def text(self, shown: int) -> str:
        """Return the block with the first *shown* items."""
        if self.rank and not shown and self.count:
            return f"{self.short}{count(self.count, *self.noun)} not shown here.\n\n"
        left = self.count - shown
        missing = f"{self.more}… and {left} more {self.noun[left != 1]}\n" if left else ""
        opened, closed = ("", "") if self.language is None else fence(self.items[:shown], self.language)
        return f"{self.head}{opened}{''.join(self.items[:shown])}{closed}{missing}{self.tail}"


class Sheet:
    """Collects blocks, then writes as much of them as there is room for."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._blocks: list[Block] = []

    def say(self, markdown: str) -> None:
        """Add what is never left out: a title, a verdict, a sentence. It has to be short."""
        self._blocks.append(Block(rank=0, head=markdown, tail="\n"))

    def block(self, block: Block, items: Iterable[str] = ()) -> Block:
        """Add *block* with *items*, and return it; one that stays empty is not written."""
        self._blocks.append(block)
        for item in items:
            self.add(block, item)
        return block

    def add(self, block: Block, item: str) -> None:
        """Add an item to *block*; what cannot fit in any case is counted and forgotten, so that a fleet is never held in memory."""
        block.count += 1
        if block.kept < self._room.limit:
            block.kept += self._room.measure(item)
            block.items.append(item)

    def write(self, marker: Callable[[bool], str], end: Callable[[bool], str]) -> str:
        """Return the report.

        Args:
            marker: gives the first line; it is told whether anything was left out.
            end: gives the last lines, likewise.
        """
        blocks = [block for block in self._blocks if block.count or not block.rank]
        measure, limit = self._room.measure, self._room.limit
        shown = {id(block): 0 for block in blocks}
        left = limit - _MARKER - max(measure(end(cut)) for cut in (True, False))
        left -= sum(measure(block.text(0)) for block in blocks)
        for block in sorted(blocks, key=lambda block: block.rank):
            if block.rank:
                spared = measure(block.text(0))
                fitting = _fitting(block, left + spared, limit, measure)
                shown[id(block)] = fitting
                left += spared - measure(block.text(fitting))
        cut = any(shown[id(block)] < block.count for block in blocks)
        body = "".join(block.text(shown[id(block)]) for block in blocks)
        whole = f"{marker(cut)}\n{body}{end(cut)}"
        return "\n".join(map(inert, whole.rstrip("\n").split("\n"))) + "\n"


def _fitting(block: Block, left: int, limit: int, measure: Measure) -> int:
    """Return how many items of *block* there is room for."""
    whole = len(block.items)
    if whole == block.count and measure(block.text(whole)) <= left:
        return whole
    left = min(left, int(limit * block.share))
    low, high = 0, whole
    while low < high:  # the text only grows with its items
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(block.text(middle)) <= left else (low, middle - 1)
    return low
