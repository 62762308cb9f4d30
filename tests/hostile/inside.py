"""The command line run within this process: a fuzzer has no time for a process each. Whatever is a bug fails here, with its traceback."""

import contextlib
import io
import logging
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli import main

CONTRACT = frozenset({0, 1, 2, 3, 4, 5, 6, 64})
"""Every code with which a command may answer hostile input. 70 is a bug; nobody interrupts."""

_LOG = re.compile(r"with the log (\S+?\.log)")
_HEARD = re.compile("RECONCILER_.*|NO_COLOR|CI|TERM|COLUMNS")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


@contextlib.contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Make *path* the current directory, in an environment to which nothing of the product listens."""
    before, silenced = Path.cwd(), {name: os.environ.pop(name) for name in list(os.environ) if _HEARD.fullmatch(name)}
    os.chdir(path)
    try:
        yield path
    finally:
        os.chdir(before)
        os.environ.update(silenced)


def run(*arguments: str, stdin: bytes = b"") -> Answer:
    """Run one command in the current directory; a code outside the contract, or a traceback, is an error here.

    Raises:
        AssertionError: the command met a bug; with the traceback that it logged.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    logger = logging.getLogger("reconciler")
    kept = logger.handlers, logger.propagate, logger.level
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _standard_input(stdin):
        code = main(arguments)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    logger.handlers, logger.propagate = kept[0], kept[1]
    logger.setLevel(kept[2])
    answer = Answer(code, _text(out), _text(err))
    assert code in CONTRACT, (arguments, code, _bug(answer))
    assert "Traceback" not in answer.out + answer.err, (arguments, answer)
    return answer


@contextlib.contextmanager
def _standard_input(data: bytes) -> Iterator[None]:
    import sys  # noqa: PLC0415 - patched here alone

    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    written = stream.buffer
    assert isinstance(written, io.BytesIO)
    return written.getvalue().decode()


def _bug(answer: Answer) -> str:
    """Return what the product logged about its bug; the log is removed."""
    found = _LOG.search(answer.out + answer.err)
    if found is None:
        return answer.out + answer.err
    log = Path(found[1])
    text = log.read_text(encoding="utf-8")
    log.unlink()
    return text
