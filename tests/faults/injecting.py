"""One fault at one system call, by strace: which calls there are is found by a run that is only watched, never assumed."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.engines import Engine, Site, name_of
from tests.faults.forked import Ended, Forks

KILL: Final = "KILL"
"""The process is gone before the call is carried out."""

FAULTS: Final = (KILL, "EIO", "ENOSPC")
"""What a point may meet: the end, or one of these answers instead of the call."""


class Point(NamedTuple):
    """The call at which a command meets a fault.

    Attributes:
        number: of all calls of that name that the process makes, counted from 1.
    """

    fault: str
    call: str
    number: int


class MissedError(Exception):
    """The run made other calls than the one that was watched, so that nothing was tried."""


def watch(forks: Forks, engine: Engine, site: Site, command: tuple[str, ...], log: Path) -> tuple[Ended, list[Point]]:
    """Run *command* undisturbed; return how it ended, and every point at which it can be hit.

    A kill matters at calls that change something; the others are reached with the same files as the change that comes next. So does a full
    disk. A disk that fails may fail at every call.
    """
    ended = forks.run(site.folder, *command, tracing=("-f", "-y", "-o", str(log)))
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return ended, [point for fault in FAULTS for point in _points(lines, fault, engine, site)]


def _points(lines: list[str], fault: str, engine: Engine, site: Site) -> Iterator[Point]:
    made: Counter[str] = Counter()
    for line in lines:
        name = name_of(line)
        made[name] += 1
        if name and engine.touches(line, site) and (fault == "EIO" or engine.changes(line)):
            yield Point(fault, name, made[name])


def hit(forks: Forks, engine: Engine, site: Site, command: tuple[str, ...], point: Point, log: Path) -> Ended:
    """Run *command* and let it meet *point*.

    Raises:
        MissedError: what was hit is no call about the state.
    """
    what = "signal=KILL" if point.fault == KILL else f"error={point.fault}"
    options = ("-f", "-y", "-o", str(log), "-e", f"trace={point.call}", "-e", f"inject={point.call}:{what}:when={point.number}")
    ended = forks.run(site.folder, *command, tracing=options)
    calls = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if name_of(line) == point.call]
    hits = calls[-1:] if point.fault == KILL else [line for line in calls if line.endswith("(INJECTED)")]
    if len(hits) != 1 or len(calls) < point.number or not engine.touches(hits[0], site):
        raise MissedError(f"{point}: {len(calls)} calls, {hits}")
    if point.fault == KILL and ended.code != -9:
        raise MissedError(f"{point}: the process ended with {ended.code}")
    return ended
