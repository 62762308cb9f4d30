"""Where reports go: standard output or a file, whole or not at all."""

import os
import stat
import sys
import tempfile
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from reconciler.cli.standard import silence
from reconciler.model.errors import ReconcilerError

_IN_MEMORY = 4 << 20
"""Reports of up to so many bytes wait in memory, larger ones in a file without a name."""
_CHUNK = 1 << 16

Write = Callable[[TextIO], None]


class OutputError(ReconcilerError):
    """The report cannot be written."""

    rule = "output"


class LostOutputError(OutputError):
    """Standard output took nothing, or only a part; nothing more can be said there."""


def is_stdout(output: str | None) -> bool:
    """Tell whether a report for *output* goes to standard output."""
    return output is None or output == "-"


def refuse_output(output: str | None) -> None:
    """Find out before any work is done that a report could not be written.

    Raises:
        OutputError: there is no such folder, or *output* is one.
    """
    if output is None or is_stdout(output):
        return
    path = Path(output)
    if os.path.isdir(path):  # noqa: PTH112 - a name that no system takes is no folder
        raise OutputError(f"{output} cannot be written: it is a folder", hint=f"--output {path / 'report'}")
    if not os.path.isdir(path.parent):  # noqa: PTH112 - likewise
        raise OutputError(f"{output} cannot be written: there is no folder {path.parent}")


def write_report(write: Write, output: str | None) -> None:
    """Let *write* write the report to standard output, or atomically to the file *output*.

    A report that fails while it is made leaves nothing: what was there before is still there, and standard output is untouched.

    Raises:
        OutputError: it cannot be written.
    """
    if output is None or is_stdout(output):
        _to_stdout(write)
    else:
        replace_file(Path(output), write)


def _to_stdout(write: Write) -> None:
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 -- closed with its wrapper
    with TextIOWrapper(spool, encoding="utf-8", errors="backslashreplace", newline="\n") as text:
        try:
            write(text)
            text.seek(0)
        except OSError as error:
            raise OutputError(f"the report cannot be kept before it is written: {error.strerror}") from error
        try:
            while chunk := text.read(_CHUNK):
                sys.stdout.write(chunk)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever was reading has enough. Nothing more can be said there, also not by the interpreter at its end.
            silence(sys.stdout)
        except OSError as error:
            silence(sys.stdout)
            raise LostOutputError(f"the report cannot be written to standard output: {error.strerror}") from error


def replace_file(path: Path, write: Write) -> None:
    """Write a file whole, or leave what was there. A device or a pipe is written to, never replaced.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
                write(stream)
        else:
            # A link stays one: what it leads to is replaced.
            _replace(Path(os.path.realpath(path)), write)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _replace(path: Path, write: Write) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".reconciler-", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(path))  # mkstemp makes 0600
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or those of an ordinary new one."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def create_file(path: Path, text: str) -> None:
    """Write a file that does not exist yet; a failure leaves none.

    Raises:
        OutputError: there is one already, or it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            try:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            except BaseException:  # half a file is no file, whatever ended it
                path.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        raise OutputError(f"{path} exists already and is not overwritten") from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
