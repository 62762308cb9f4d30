"""Where reports go: standard output or a file, whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from reconciler.model.errors import ReconcilerError


class OutputError(ReconcilerError):
    """The report cannot be written."""

    rule = "output"


def reconfigure() -> None:
    """UTF-8 and a plain newline on every platform; no character can raise."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def write_report(write: Callable[[TextIO], None], output: str | None) -> None:
    """Let *write* write the report to standard output, or atomically to the file *output*.

    Raises:
        OutputError: the file cannot be written; what was there before is still there.
    """
    if output is None or output == "-":
        _to_stdout(write)
    else:
        replace_file(Path(output), write)


def _to_stdout(write: Callable[[TextIO], None]) -> None:
    try:
        write(sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever was reading has enough. Nothing more can be said there, also not by the interpreter at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"the report cannot be written to standard output: {error.strerror}") from error


def replace_file(path: Path, write: Callable[[TextIO], None]) -> None:
    """Write a file whole, or leave what was there.

    Raises:
        OutputError: it cannot be written.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101 -- mkstemp makes 0600; a report is an ordinary file
        os.replace(temporary, path)  # noqa: PTH105 -- atomic
        temporary = None
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
