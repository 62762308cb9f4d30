"""Foreign text made visible: nothing that a manifest, a file name or a state holds can steer a terminal or a CI log.

This is for reports only; comparison and storage use the real value.
"""

import re
from collections.abc import Iterable
from typing import Final

_HIDDEN: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f\u2028\u2029"  # C0, DEL, C1, line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u00ad\u034f\u115f\u1160\u180e\u200b-\u200d\u2060-\u2064\u3164\ufeff\uffa0"  # invisible and filler characters
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef"  # tags and variation selectors
    "\ud800-\udfff"  # lone surrogates
    "]"
)


def visible(text: str) -> str:
    r"""Return *text* with every character that cannot be seen as `\u{202e}`; a literal `\u{` becomes `\\u{`.

    The older workflow command of CI runners, `##[`, works anywhere in a line and is printed `#\u{23}[`.
    """
    if text.isascii() and text.isprintable() and "\\u{" not in text and "##[" not in text:
        return text
    escaped = _HIDDEN.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", text.replace("\\u{", "\\\\u{"))
    return escaped.replace("##[", "#\\u{23}[")


def inert(line: str) -> str:
    r"""Return *line* so that no CI runner takes it for a command: runners trim a line and look for `::` at its start."""
    if "::" not in line and "##[" not in line:
        return line
    start = len(line) - len(line.lstrip())
    if line.startswith("::", start):
        line = f"{line[:start]}\\u{{3a}}{line[start + 1 :]}"
    return line.replace("##[", "#\\u{23}[")


def display_width(text: str) -> int:
    """Return how many columns the visible *text* takes on a terminal."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # noqa: PLC0415 - its tables take 60 ms to load, and most reports are plain ASCII

    return max(wcswidth(text), 0)


def pad(text: str, width: int) -> str:
    """Return the visible *text* followed by blanks up to *width* columns."""
    return text + " " * (width - display_width(text))


def pad_left(text: str, width: int) -> str:
    """Return the visible *text* behind blanks up to *width* columns, as numbers stand."""
    return " " * (width - display_width(text)) + text


def fill(atoms: Iterable[str], width: int, *, between: str = " ") -> list[str]:
    """Return the visible *atoms* in lines of at most *width* columns; an atom is never broken, a longer one stands alone."""
    lines: list[str] = []
    used = 0
    for atom in atoms:
        size = display_width(atom)
        if lines and used + len(between) + size <= width:
            lines[-1] += between + atom
            used += len(between) + size
        else:
            lines.append(atom)
            used = size
    return lines


def wrap(text: str, width: int) -> list[str]:
    """Return the visible *text* as lines of at most *width* columns, broken at blanks; a longer word stands whole."""
    return fill(text.split(), width)
