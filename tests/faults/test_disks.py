"""Disks that are full, read-only, or closed to writers, under the whole command: told in words, exit code 1, nothing is lost."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.faults.engines import Site, Sqlite
from tests.faults.forked import Ended, Forks
from tests.faults.injecting import Point
from tests.faults.judging import Trial, Verdict, command_of, go_on, left_by, look
from tests.faults.sweep import Case, scenarios_of

POINT: Final = Point("ENOSPC", "disk", 0)
SCENARIOS: Final = {scenario.name: scenario for scenario in scenarios_of("SQLite")}

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture(scope="module")
def cases() -> Iterator[dict[str, Case]]:
    """Every scenario, prepared once."""
    with ExitStack() as opened:
        yield {name: opened.enter_context(Case(scenario, Sqlite())) for name, scenario in SCENARIOS.items()}


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as made:
        yield made


@pytest.fixture
def unmounting() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def mounted(case: Case, unmounting: ExitStack) -> tuple[Site, Path]:
    """Return a copy of the state before, on a small disk of its own."""
    site = case.copy()
    folder = site.folder / "state"
    folder.mkdir(exist_ok=True)
    aside = site.folder / "aside"
    shutil.copytree(folder, aside)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("only root may mount a small disk")
    unmounting.callback(lambda: subprocess.run(["umount", folder], check=True))
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    return site, folder


def fill(folder: Path, room: int) -> Path:
    """Fill the disk but for so many bytes, and return what takes the space."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - room)
    return ballast


def run(case: Case, site: Site, forks: Forks) -> tuple[Trial, Ended]:
    trial = Trial(scenario=case.scenario, engine=case.engine, site=site, legal=case.legal, forks=forks)
    return trial, forks.run(site.folder, *command_of(case.scenario, site))


@pytest.mark.parametrize("room", [0, 16_384])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_full_disk_is_told_and_when_there_is_room_again_the_next_run_goes_on(
    name: str, room: int, cases: dict[str, Case], forks: Forks, unmounting: ExitStack
) -> None:
    site, folder = mounted(cases[name], unmounting)
    ballast = fill(folder, room)
    trial, ended = run(cases[name], site, forks)
    ballast.unlink()
    verdict = left_by(trial, POINT, ended)
    if verdict is Verdict.OLD:
        assert ended.code == 1
        assert "the disk is full" in ended.out
    else:
        # What comes after the change may not fit any more: verdicts for the next run, and letting the lock go.
        assert room
    go_on(trial, verdict)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_disk_that_cannot_be_written_is_told_before_anything_and_reading_goes_on(
    name: str, cases: dict[str, Case], forks: Forks, unmounting: ExitStack
) -> None:
    site, folder = mounted(cases[name], unmounting)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    trial, ended = run(cases[name], site, forks)
    assert (ended.code, left_by(trial, POINT, ended)) == (1, Verdict.OLD)
    assert "cannot be written" in ended.out or "Read-only file system" in ended.out
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    for arguments in (["show"], ["history"], ["verify"]):
        assert forks.run(site.folder, *arguments, "--state", site.url).code == 0
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
    go_on(trial, Verdict.OLD)


def test_access_that_has_ended_is_gone_where_its_end_cannot_be_recorded(
    cases: dict[str, Case], forks: Forks, unmounting: ExitStack
) -> None:
    site, folder = mounted(cases["sweep"], unmounting)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    assert run(cases["sweep"], site, forks)[1].code == 1
    shown = forks.run(site.folder, "access", "acme", "eve@acme.example", "--format", "json", "--state", site.url)
    assert {one["access"] for one in shown.document["permissions"].values()} == {"none"}


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in {"first apply", "state copy"}])
def test_a_file_that_nobody_may_change_is_told_and_stays_as_it_is(name: str, cases: dict[str, Case], forks: Forks) -> None:
    site = cases[name].copy()
    path = site.folder / "state" / "state.db"
    done = subprocess.run(["chattr", "+i", path], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("chattr is not there, or this disk or this account does not know it")
    try:
        before = look(site.url)
        trial, ended = run(cases[name], site, forks)
        assert (ended.code, left_by(trial, POINT, ended)) == (1, Verdict.OLD)
        assert "it cannot be written" in ended.out
        assert look(site.url) == before
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    go_on(trial, Verdict.OLD)
