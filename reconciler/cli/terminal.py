"""What there is on the other side: somebody to ask, somebody to show colors to."""

import os
import shutil
import sys
from typing import TextIO

_WIDTH = 120
"""Columns where there is no terminal, so that the same report has the same bytes everywhere."""


def in_ci() -> bool:
    """Tell whether the environment says that this runs in a pipeline."""
    return os.environ.get("CI", "") not in {"", "0", "false"}


def is_interactive() -> bool:
    """Tell whether there is somebody to ask: a terminal on standard input, and no CI."""
    return sys.stdin is not None and sys.stdin.isatty() and not in_ci()


def shows_progress() -> bool:
    """Tell whether a line on standard error can be written over and somebody looks at it."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not in_ci()


def columns() -> int:
    """Return the columns of the terminal on standard error."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
    except OSError:
        return _WIDTH


def takes_color(stream: TextIO, *, refused: bool) -> bool:
    """Tell whether *stream* is a terminal that takes colors, and nobody *refused* them."""
    return not (refused or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb") and stream.isatty()


def draws(stream: TextIO) -> bool:
    """Tell whether *stream* is a terminal on which a drawing can be seen."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Return the columns of a text report."""
    return shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH
