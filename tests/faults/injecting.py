"""One fault at one system call, by strace: which calls there are is found by a run that is only watched, never assumed."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.forked import Ended, Forks

KILL: Final = "KILL"
"""The process is gone before the call is carried out."""

_LINE: Final = re.compile(r"\d+ +(\w+)\(")

Told = Callable[[str], bool]
"""A question about a call, as strace writes it."""


class Point(NamedTuple):
    """The call at which a command meets a fault.

    Attributes:
        fault: `KILL`, or the error that is the answer instead of the call.
        number: of all calls of that name that the process makes, counted from 1.
    """

    fault: str
    call: str
    number: int


class MissedError(Exception):
    """The run made other calls than the one that was watched, so that nothing was tried."""


def name_of(call: str) -> str:
    """Return which call a line of strace is about; empty for a line about anything else."""
    found = _LINE.match(call)
    return found[1] if found else ""


def watch(forks: Forks, folder: Path, command: Sequence[str], log: Path) -> tuple[Ended, list[str]]:
    """Run *command* undisturbed; return how it ended, and every call that it made."""
    ended = forks.run(folder, *command, tracing=("-f", "-y", "-o", str(log)))
    return ended, _read(log)


def points_of(calls: list[str], fault: str, where: Told) -> Iterator[Point]:
    """Yield the points at which a call that is meant can be hit."""
    made: Counter[str] = Counter()
    for call in calls:
        name = name_of(call)
        made[name] += 1
        if name and where(call):
            yield Point(fault, name, made[name])


def hit(forks: Forks, folder: Path, command: Sequence[str], point: Point, log: Path, *, where: Told) -> Ended:
    """Run *command* and let it meet *point*.

    Raises:
        MissedError: what was hit is no call that is meant.
    """
    what = "signal=KILL" if point.fault == KILL else f"error={point.fault}"
    options = ("-f", "-y", "-o", str(log), "-e", f"trace={point.call}", "-e", f"inject={point.call}:{what}:when={point.number}")
    ended = forks.run(folder, *command, tracing=options)
    calls = [call for call in _read(log) if name_of(call) == point.call]
    hits = calls[-1:] if point.fault == KILL else [call for call in calls if call.endswith("(INJECTED)")]
    if len(hits) != 1 or len(calls) < point.number or not where(hits[0]):
        raise MissedError(f"{point}: {len(calls)} calls, {hits}")
    if (point.fault == KILL) is not (ended.code == -9):
        raise MissedError(f"{point}: the process ended with {ended.code}")
    return ended


def _read(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()
