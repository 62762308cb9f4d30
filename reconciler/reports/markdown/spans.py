"""Foreign text inside Markdown: in code spans and fences, where nothing in it can be markup, a mention, a link or HTML.

Everything here takes visible text, as `reports.visible` makes it, and gives Markdown.
"""

import html
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

_BRIEF: Final = 300
_WORD: Final = re.compile(r"(?:[A-Za-z]+(?:'[a-z]{1,2})?|[0-9]{1,5}|%)", re.ASCII)
"""What can be nothing but a word or a number, in any dialect: no letters of other scripts, no sign that could mean something."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COMMIT: Final = re.compile("[a-f]{7,}")
"""Letters that could be the beginning of a commit's hash."""


def _ticks(texts: Iterable[str], ticks: str) -> str:
    """Return more backticks than stand together anywhere in *texts*, at least *ticks*; doubling finds them quickly in long texts."""
    for text in texts:
        while ticks in text:
            ticks += ticks
    return ticks


def span(shown: str) -> str:
    """Return visible text as a code span; nothing at all as `""`."""
    if not shown:
        return '`""`'
    ticks = _ticks((shown,), "`")
    # One blank on both sides is taken off again, but not from blanks alone.
    between = " " if (shown[0] in "` " or shown[-1] in "` ") and shown.strip(" ") else ""
    return f"{ticks}{between}{shown}{between}{ticks}"


def brief(shown: str) -> str:
    """Return visible text as a code span where room has to be left; a text that is no name of anything is told by its length."""
    return span(shown) if len(shown) <= _BRIEF else f"(a text of {len(shown)} characters)"


def spans(several: Iterable[str]) -> str:
    """Return visible texts as code spans with commas."""
    return ", ".join(map(span, several))


def prose(shown: str) -> str:
    """Return a sentence in which values stand: plain words as they are, everything else in code spans."""
    parts: list[str] = []
    held: list[str] = []
    lead = ""

    def release(after: str = "") -> None:
        if held:
            parts.append(lead + span(" ".join(held)) + after)
            held.clear()

    for word in shown.split():
        opening, core, closing = _around(word)
        if _WORD.fullmatch(core) and not _COMMIT.fullmatch(core):
            release()
            parts.append(word)
            continue
        if opening or not held:
            release()
            lead = opening
        held.append(core)
        if closing:
            release(closing)
    release()
    return " ".join(parts)


def _around(word: str) -> tuple[str, str, str]:
    """Return the bracket before a word, the word, and the punctuation behind it; what is all punctuation is a word."""
    core = word.removeprefix("(").rstrip("),.;:")
    if not core:
        return "", word, ""
    start = word.startswith("(")
    return "(" if start else "", core, word[start + len(core) :]


def fence(lines: Iterable[str], language: str) -> tuple[str, str]:
    """Return the opening and the closing line of a fence around *lines*."""
    ticks = _ticks(lines, "```")
    return f"{ticks}{language}\n", f"{ticks}\n"


def row(*cells: str) -> str:
    """Return a line of a table. A bar, which only foreign text has, is escaped; behind a backslash not every reader takes that."""
    escaped = (cell.replace("\\|", "\\u{5c}\\u{7c}").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |\n"


def table(*titles: str) -> str:
    """Return the head of a table."""
    return row(*titles) + "|" + "---|" * len(titles) + "\n"


def summary(shown: str, rest: str) -> str:
    """Return the line of a collapsed block: visible foreign text, then *rest*, which is ours. It is HTML in there."""
    return f"<details><summary><code>{html.escape(shown)}</code>{html.escape(rest)}</summary>\n\n"


def when(at: datetime) -> str:
    """Return an instant (UTC) for people who may not know the format of machines."""
    seconds = f":{at.second:02}" if at.second else ""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02}{seconds} UTC"
