"""Run one command and say what it cost. For Linux: cores are chosen, and memory is counted, as it does."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = (sys.executable, "-m")


class BenchmarkError(Exception):
    """A command did not do what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One command at one size.

    Attributes:
        directory: where it runs.
        output: a pattern and what it has to come to in the output: the sum of its group, or the number of matches if it has none.
        prepare: what has to be so before each run; not measured.
        runs: at most so many.
        one_core: keep the processor from doing two things at once.

    """

    name: str
    size: int
    directory: Path
    command: Sequence[str]
    output: tuple[str, int]
    prepare: Callable[[], object] = tuple
    runs: int = 1_000
    one_core: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process cost: seconds on the clock, seconds of processor with its children, and bytes of the largest process."""

    wall: float
    cpu: float
    peak: int


def surroundings() -> dict[str, str]:
    """Return the environment of every command: nobody's own settings, and the tool of this checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    return environment | {"PYTHONPATH": str(ROOT)}


def measure(case: Case) -> Cost:
    """Run the command of *case* once.

    Raises:
        BenchmarkError: it failed, or its output is not what the case says.

    """
    case.prepare()
    environment = surroundings() | dict(case.environment)
    report = case.directory / "output"
    cores = os.sched_getaffinity(0)
    if case.one_core:
        os.sched_setaffinity(0, {min(cores)})  # the child inherits it
    # A file, not a pipe: nobody has to read while the command runs. The child starts with the peak memory of this process (Linux keeps it
    # over exec), so this process stays small: it reads line by line and imports nothing large.
    with report.open("wb") as out:
        started = perf_counter()
        process = subprocess.Popen(case.command, cwd=case.directory, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        os.sched_setaffinity(0, cores)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    pattern, expected = case.output
    with report.open(encoding="utf-8") as lines:
        found = sum(int(match[1]) if match.re.groups else 1 for line in lines for match in re.finditer(pattern, line))
    if process.returncode or found != expected:
        end = report.read_text(encoding="utf-8")[-2000:]
        message = f"{case.name}, {case.size}: exit code {process.returncode}, {pattern!r} came to {found} instead of {expected}\n{end}"
        raise BenchmarkError(message)
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss * 1024)
