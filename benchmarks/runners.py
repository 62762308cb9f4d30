"""Several runners over one state in PostgreSQL: `python -m benchmarks.runners` writes `runners.json` and a part of `docs/performance.md`.

Each runner is a process of its own that applies its part of a fleet; all begin at once, on the first apply of a new state.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import fleet
from benchmarks.measure import PYTHON, ROOT, BenchmarkError, surroundings
from benchmarks.report import PAGE
from tests import postgres

RESULTS: Final = ROOT / "benchmarks" / "runners.json"
BEGIN, END = "<!-- Written by `python -m benchmarks.runners` from here. Do not edit. -->\n", "<!-- To here: runners. -->"
RUNNERS: Final = (1, 2, 4, 8)


def run(size: int, rounds: int) -> dict[str, Any]:
    """Return what `benchmarks/runners.json` holds: for every number of runners, what each of its runs took."""
    costs = []
    with tempfile.TemporaryDirectory(prefix="runners-") as work, postgres.running("-c", "shared_buffers=256MB") as server:
        folder = Path(work)
        written = fleet.write(folder / "fleet", size)
        for number in range(rounds):
            for count in RUNNERS:
                environment = surroundings() | {"RECONCILER_STATE": server.url()}
                # The tables are made before anybody is measured.
                subprocess.run(
                    (*PYTHON, "reconciler", "state", "migrate", "--create"), env=environment, stdout=subprocess.DEVNULL, check=True
                )
                before = _seconds_of(server.pid)
                cost = _apply(folder, count, environment, expected=written.files + written.administrators)
                cost |= {"runners": count, "server": round(_seconds_of(server.pid) - before, 2)}
                _verify(environment, written.files)
                print(f"{number + 1}/{rounds}  {cost}", file=sys.stderr)
                costs.append(cost)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": len(os.sched_getaffinity(0)),
        "organizations": written.files,
        "changes": written.files + written.administrators,
        "rounds": rounds,
        "costs": costs,
    }


def _apply(folder: Path, count: int, environment: Mapping[str, str], *, expected: int) -> dict[str, Any]:
    """Apply the fleet with *count* runners, each partner with its customers by one of them.

    Raises:
        BenchmarkError: one failed, or together they did not do everything once.

    """
    names = sorted(path.name for path in (folder / "fleet").iterdir())
    with ExitStack() as opened:
        reports = [opened.enter_context((folder / f"report-{number}").open("w+b")) for number in range(count)]
        started = time.perf_counter()
        runs = [
            subprocess.Popen(
                (*PYTHON, "reconciler", "apply", *(f"fleet/{name}" for name in names[number::count]), "--auto-approve"),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=report,
                stderr=report,
            )
            for number, report in enumerate(reports)
        ]
        ended = [os.wait4(run.pid, 0) for run in runs]
        wall = time.perf_counter() - started
        added = 0
        for process, (_, status, _), report in zip(runs, ended, reports, strict=True):
            process.returncode = os.waitstatus_to_exitcode(status)
            report.seek(0)
            text = report.read().decode()
            if process.returncode:
                raise BenchmarkError(f"a runner of {count}: exit code {process.returncode}\n{text[-2000:]}")
            added += sum(int(match[1]) for match in re.finditer(r"^Apply: (\d+) added", text, re.MULTILINE))
    if added != expected:
        raise BenchmarkError(f"{count} runners added {added} instead of {expected}")
    return {"wall": round(wall, 2), "cpu": round(sum(usage.ru_utime + usage.ru_stime for _, _, usage in ended), 2)}


def _verify(environment: Mapping[str, str], files: int) -> None:
    done = subprocess.run((*PYTHON, "reconciler", "verify", "--format", "json"), env=environment, capture_output=True, check=False)
    found = json.loads(done.stdout)
    if not found["intact"] or found["organizations"] != files or found["locks"]:
        raise BenchmarkError(f"{found['organizations']} of {files} organizations are there; problems: {found['problems'][:3]}")


def _seconds_of(pid: int) -> float:
    """Return the processor seconds of a process and of its children that have ended, as a server's sessions have. Source: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def generated(results: dict[str, Any]) -> str:
    """Return the generated part of the page."""
    rounds = "one round" if results["rounds"] == 1 else f"medians of {results['rounds']} rounds"
    what = f"{results['organizations']:,} organizations, {results['changes']:,} changes"
    lines = [
        f"Measured on {results['date']}: {what}, {results['cores']} cores for runners and server together; {rounds}.",
        "",
        "| runners | on the clock | organizations a second | of one runner | processor, runners | processor, server | cores in use |",
        "|---|---|---|---|---|---|---|",
        *_rows(results),
    ]
    return "\n".join(lines) + "\n"


def _rows(results: dict[str, Any]) -> Iterator[str]:
    alone = _median(results, RUNNERS[0], "wall")
    for count in RUNNERS:
        wall, cpu, server = (_median(results, count, field) for field in ("wall", "cpu", "server"))
        rate = results["organizations"] / wall
        used = (cpu + server) / wall
        yield f"| {count} | {wall:.0f} s | {rate:,.0f} | {alone / wall:.2f} × | {cpu:.0f} s | {server:.1f} s | {used:.2f} |"


def _median(results: dict[str, Any], count: int, field: str) -> float:
    return median(float(cost[field]) for cost in results["costs"] if cost["runners"] == count)


def write(results: Path, page: Path) -> None:
    """Write the generated part of *page*."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    found = json.loads(results.read_text(encoding="utf-8"))
    page.write_text(before + BEGIN + generated(found) + END + rest.partition(END)[2], encoding="utf-8")


def check(results: Path, page: Path) -> int:
    """Return 0 when *page* shows what *results* say, else 1."""
    found = json.loads(results.read_text(encoding="utf-8"))
    if BEGIN + generated(found) + END in page.read_text(encoding="utf-8"):
        return 0
    print("docs/performance.md is not what benchmarks/runners.json says: python -m benchmarks.runners --report-only", file=sys.stderr)
    return 1


def main() -> int:
    """Return 0, or 1 when the page is not what the results say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runners", description=__doc__)
    parser.add_argument("--size", type=int, default=10_000, help="customers; default 10000")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; default 3")
    parser.add_argument("--report-only", action="store_true", help="measure nothing; write the page again")
    parser.add_argument("--check", action="store_true", help="measure and write nothing; say whether the page is current")
    given = parser.parse_args()
    if given.check:
        return check(RESULTS, PAGE)
    if not given.report_only:
        RESULTS.write_text(json.dumps(run(given.size, given.repeat), indent=1) + "\n", encoding="utf-8")
    write(RESULTS, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())  # noqa: TID251 -- a program of its own
