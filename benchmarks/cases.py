"""The commands of reconciler that are measured, and the floors under them."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks import fleet
from benchmarks.floors import COMMITS
from benchmarks.measure import PYTHON, Case, surroundings

DONE = r"^(\d+) done"
FLOOR = (*PYTHON, "benchmarks.floors")
TOOL = (*PYTHON, "reconciler")
STATE = ("--state", "sqlite:///state/state.db")


def starting(directory: Path) -> Iterator[Case]:
    """Yield what costs the same however many organizations there are."""
    here = partial(Case, size=0, directory=directory)
    yield here(name="bare click group", command=(*FLOOR, "group", "."), output=(DONE, 1))
    yield here(name="--help", command=(*TOOL, "--help"), output=("^Usage: reconciler", 1))
    yield here(name="--version", command=(*TOOL, "--version"), output=("^reconciler ", 1))
    yield here(name="durable write", command=(*FLOOR, "commit", "."), output=(DONE, COMMITS))


def fleets(directory: Path, size: int) -> Iterator[Case]:
    """Write a fleet of *size* below *directory*, and yield what is measured on it, in the order in which it has to run."""
    manifests = directory / "fleet"
    written = fleet.write(manifests, size)

    here = partial(Case, size=size, directory=directory)
    plan = partial(here, command=(*TOOL, "plan", "fleet", *STATE), output=("^No changes", 1))
    yield here(name="read and hash", command=(*FLOOR, "read", "fleet"), output=(DONE, written.files))
    yield from _from_nothing(directory, size, "", written)
    yield plan(name="warm plan", prepare=partial(attest, directory))
    changed = (r"^Plan: 0 to add, (\d+) to change", max(1, round(size / 100)))
    yield plan(name="warm plan, 1 % changed", output=changed, prepare=partial(fleet.write, manifests, size, change=1))
    cold = partial(plan, command=(*TOOL, "plan", "fleet", "--recheck", *STATE), prepare=partial(fleet.write, manifests, size))
    yield cold(name="cold plan")
    yield cold(name="cold plan, one core", one_core=True)
    yield here(name="who-can", command=(*TOOL, "who-can", "device-management", "--format", "csv", *STATE), output=('"rota@', size))
    yield here(name="access", command=(*TOOL, "access", "customer-00000", "rota@c00000.example", *STATE), output=("^rota@", 1))
    yield here(name="sweep, nothing due", command=(*TOOL, "sweep", *STATE), output=("^Nothing is due", 1))


def grown(directory: Path, administrators: int) -> Iterator[Case]:
    """Write one organization of so many *administrators*, and yield what is measured on it; the size is theirs."""
    written = fleet.write(directory / "fleet", 1, administrators=administrators, compact=True)
    yield from _from_nothing(directory, administrators, ", one organization", written)


def _from_nothing(directory: Path, size: int, suffix: str, written: fleet.Fleet) -> Iterator[Case]:
    here = partial(Case, size=size, directory=directory, prepare=partial(shutil.rmtree, directory / "state", ignore_errors=True))
    everything = written.files + written.administrators
    plan = partial(here, command=(*TOOL, "plan", "fleet", *STATE), output=(r"^Plan: (\d+) to add", everything))
    valid = (r"^Valid: (\d+) organization", written.files)
    yield here(name=f"CSafeLoader{suffix}", command=(*FLOOR, "parse", "fleet"), output=(DONE, written.files))
    yield here(name=f"validate{suffix}", command=(*TOOL, "validate", "fleet", *STATE), output=valid)
    yield plan(name=f"first plan{suffix}")
    if not suffix:
        yield plan(name="first plan, one core", one_core=True)
    apply = (*TOOL, "apply", "fleet", "--auto-approve", *STATE)
    yield here(name=f"first apply{suffix}", command=apply, output=(r"^Apply: (\d+) added", everything))


def attest(directory: Path) -> None:
    """Say that what a first apply leaves to people was done: a fleet that has been there for a while has little of it."""
    with closing(sqlite3.connect(directory / "state" / "state.db")) as state:
        names = [name for (name,) in state.execute("SELECT name FROM organizations WHERE follow_ups <> '[]'")]
    if names:
        command = (*TOOL, "attest", *names, "--note", "done", "--actor", "somebody@c00000.example", *STATE)
        subprocess.run(command, cwd=directory, env=surroundings(), stdout=subprocess.DEVNULL, check=True)
