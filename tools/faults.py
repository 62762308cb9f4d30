"""Hits every command that writes at every system call that touches its state, and tells what that left.

    python -m tools.faults [--every N] [--processes N] [--only WORD] [--write]

Exit code 1 when anything was lost. `--write` puts the table into docs/reliability.md. Needs Linux and strace.
"""

import argparse
import logging
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.judging import Verdict
from tests.faults.sweep import ENGINES, Case, Result, scenarios_of

PAGE: Final = Path(__file__).parents[1] / "docs" / "reliability.md"
MARKED: Final = r"(<!-- {engine}: written by `make faults` from here\. Do not edit\. -->\n).*?(<!-- To here\. -->\n)"


class Row(NamedTuple):
    """What one kind of fault left of one command on one engine."""

    command: str
    engine: str
    fault: str
    tried: int
    missed: int
    left: Counter[Verdict | None]

    @classmethod
    def of(cls, command: str, engine: str, fault: str, results: list[Result]) -> "Row":
        """Count what was tried; what was missed was not."""
        tried = [result for result in results if not result.missed]
        return cls(command, engine, fault, len(tried), len(results) - len(tried), Counter(result.verdict for result in tried))

    def text(self) -> str:
        """Return the row of the table."""
        counts = [self.left[verdict] for verdict in (*Verdict, None)]
        return f"| {self.command} | {self.fault} | {self.tried} | {' | '.join(map(str, counts))} |"


def rows(*, every: int, processes: int, only: str) -> Iterator[Row]:
    """Try every n-th point of each command, and yield what that left; what was lost is told on standard error."""
    for name, making in ENGINES.items():
        wanted = [scenario for scenario in scenarios_of(name) if only in f"{name} {scenario.name}"]
        if not wanted:
            continue
        with making() as engine:
            for scenario in wanted:
                with Case(scenario, engine) as case:
                    found: dict[str, list[Result]] = {point.fault: [] for point in case.points}
                    for result in case.meet_all(case.points[::every], processes):
                        found[result.point.fault].append(result)
                        if result.verdict is None:
                            what = "missed" if result.missed else "LOST"
                            print(f"{what}: {name}, {scenario.name}, {result.point}: {result.reason}", file=sys.stderr)
                    for fault, results in found.items():
                        yield Row.of(scenario.name, name, fault, results)


def page(made: list[Row], *, every: int, seconds: float, processes: int) -> str:
    """Return the generated part of the page about one engine."""
    strace = subprocess.run([shutil.which("strace") or "strace", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    tools = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {strace.splitlines()[0].replace(' -- version', '')}"
    total, lost = sum(row.tried for row in made), sum(row.left[None] for row in made)
    heading = "| command | fault | points tried | old | in part | new | lost |\n|---|---|--:|--:|--:|--:|--:|"
    table = "\n".join(row.text() for row in made)
    what = "Every point" if every == 1 else f"One point in {every}"
    missed = sum(row.missed for row in made)
    missing = f", {missed} missed because the run took another way" if missed else ""
    took = f"{round(seconds / 60)} minutes, {processes} at a time"
    system = f"{tools}, {platform.system()} {platform.machine()}"
    return f"\n{heading}\n{table}\n\n{what}: {total} tried, {lost} lost{missing}; {took}. {system}.\n\n"


def main(arguments: list[str]) -> int:
    """Sweep, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try every N-th point only")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="try N points at a time")
    parser.add_argument("--only", default="", metavar="WORD", help="try only commands or engines with WORD in the name")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    given = parser.parse_args(arguments)
    if given.write and given.only not in {"", *ENGINES}:
        parser.error("--write is for all commands of an engine")
    logging.getLogger("reconciler").setLevel(logging.ERROR)
    started = time.monotonic()
    made = []
    for row in rows(every=given.every, processes=given.processes, only=given.only):
        print(row.text(), flush=True)
        made.append(row)
    for engine in dict.fromkeys(row.engine for row in made):
        own = [row for row in made if row.engine == engine]
        text = page(own, every=given.every, seconds=time.monotonic() - started, processes=given.processes)
        print(text)
        if given.write:
            marked = re.compile(MARKED.format(engine=engine), re.DOTALL)
            PAGE.write_text(marked.sub(lambda found, text=text: f"{found[1]}{text}{found[2]}", PAGE.read_text("utf-8")), "utf-8")  # type: ignore[misc]
    return 1 if any(row.left[None] for row in made) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
