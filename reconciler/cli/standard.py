"""The standard streams of this process, at its start and at its end. Every command needs them, also one that only shows its help."""

import os
import sys
from io import TextIOWrapper
from typing import TextIO


def reconfigure() -> None:
    """UTF-8 and a plain newline on every platform; no character can raise, and a stream that was closed swallows what is written."""
    sys.stdout = _usable(sys.stdout)
    sys.stderr = _usable(sys.stderr)


def _usable(stream: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 -- it lives as long as the process
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    return stream


def settle() -> None:
    """Write out what still waits in the standard streams, or drop it: what nobody reads must not change the exit code at the very end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            silence(stream)


def silence(stream: TextIO) -> None:
    """Let *stream* swallow from here on what is written to it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
