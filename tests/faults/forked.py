"""The product in processes that are forks of a warm one: `python -B -m tests.faults.forked`, asked by `Forks`.

A fault sweep runs thousands of commands, and loading the libraries takes ten times as long as what they do. So one process loads them all
and does nothing else; each command is a fork of it, which runs the product's own entry point to its own end, with its own streams, exit
code and signal. A fork that is to be hit stops itself first, strace attaches, and it goes on: nothing but the command is counted.
"""

import ctypes
import gc
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module  # noqa: TID251 -- everything there is, whatever it is called
from pathlib import Path
from typing import IO, Any, NoReturn, Self

from tests.cli.running import ROOT, environment

_SECONDS = 60
"""So long nothing here takes; whoever hangs is killed."""

_ANY_TRACER = 0x59616D61, ctypes.c_ulong(-1)
"""PR_SET_PTRACER, PR_SET_PTRACER_ANY: where Yama guards ptrace, only an ancestor may trace, and strace is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended: its exit code, or the negative number of the signal that ended it."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        assert document["exit_code"] == self.code
        return document


class Forks:
    """The warm process, and how it is asked."""

    def __init__(self) -> None:
        kept = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
        # Where texts are hashed alike, sets have one order, and every run makes the same calls.
        kept["PYTHONHASHSEED"] = "0"
        line = [sys.executable, "-B", "-m", "tests.faults.forked"]
        self._process = subprocess.Popen(line, cwd=ROOT, env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def run(self, folder: Path, *arguments: str, tracing: Sequence[str] = ()) -> Ended:
        """Run one command in *folder* to its end.

        Args:
            folder: the current directory of the command.
            arguments: of `reconciler`.
            tracing: options of strace, under which it runs; none, and it runs by itself.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), arguments, list(tracing)]) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)


def _command(folder: str, arguments: Sequence[str], out: IO[bytes], err: IO[bytes], *, stopped: bool) -> NoReturn:
    from reconciler.cli import entry  # noqa: PLC0415 -- this module is also imported by those who only ask

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    os.chdir(folder)
    sys.argv = ["reconciler", *arguments]
    if stopped:
        ctypes.CDLL(None).prctl(*_ANY_TRACER)
        os.kill(os.getpid(), signal.SIGSTOP)
    try:
        entry()
    except SystemExit as end:
        # What was loaded once is not taken down piece by piece in every fork.
        os._exit(int(end.code or 0))


def _run(folder: str, arguments: Sequence[str], tracing: Sequence[str]) -> Ended:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            _command(folder, arguments, out, err, stopped=bool(tracing))
        if tracing:
            os.waitpid(pid, os.WUNTRACED)
            strace = subprocess.Popen(["strace", *tracing, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
            assert strace.stderr is not None
            said = strace.stderr.readline()
            # Where strace cannot do what it is told, nothing runs.
            os.kill(pid, signal.SIGCONT if "attached" in said else signal.SIGKILL)
            try:
                strace.communicate(timeout=_SECONDS)
            except subprocess.TimeoutExpired:
                os.kill(pid, signal.SIGKILL)
                strace.communicate()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        out.seek(0)
        err.seek(0)
        return Ended(code=code, out=out.read().decode(), err=err.read().decode())


def _load() -> None:
    import reconciler  # noqa: PLC0415 -- as above
    from reconciler.catalog import load  # noqa: PLC0415

    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    import_module("sqlalchemy.dialects.sqlite")
    load()
    gc.freeze()


def serve() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _load()
    for line in sys.stdin:
        ended = _run(*json.loads(line))
        print(json.dumps({"code": ended.code, "out": ended.out, "err": ended.err}), file=answers, flush=True)


if __name__ == "__main__":
    serve()
