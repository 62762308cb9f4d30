"""A writer that is killed, or whose disk fails, at any of its system calls leaves the old or the new state, and the next run goes on.

The calls are counted and hit by strace; where there is none, kills come at statements instead (the last tests of this file).
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.model.documents import digest_of, organization_document
from reconciler.model.journal import GENESIS, entry_hash
from reconciler.model.protocols import StateReader
from reconciler.stores import open_reader
from tests.faults.worker import an_organization, follow_ups, step

REPOSITORY = Path(__file__).parents[2]
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

# Around every durable step, and within the writes between them. In a commit, transactions are: take the lock, change, let go; each
# syncs its journal, the database and the folder, and unlinks the journal to be done.
KILLS_IN_CREATE = [("pwrite64", 4), ("fsync", 1), ("link", 1), ("unlink", 1), ("fsync", 2)]
KILLS_IN_COMMIT = [
    ("fdatasync", 4),
    *(("pwrite64", number) for number in (30, 54, 56, 62)),
    *(("fdatasync", number) for number in range(6, 11)),
    ("unlink", 2),
    ("unlink", 3),
]


def run_worker(path: Path, *injection: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-E", "-B", "-m", "tests.faults.worker", str(path)]
    if injection:
        calls = injection[0].partition(":")[0]
        command = [
            "strace",
            "-f",
            "-o",
            str(path.parent.parent / "strace.log"),
            "-e",
            f"trace={calls}",
            "-e",
            f"inject={injection[0]}",
            *command,
        ]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "state"
    inner.mkdir()
    return inner


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "state.db"
    step(str(path))
    return path


def look(path: Path) -> int:
    """Return the serial of a legal state: readable, whole, journal and document of one mind."""
    with closing(open_reader(f"sqlite:///{path}")) as state:
        found = state.read("acme")
        assert list(state.problems()) == []
        if found.organization is not None:
            assert found.digest == digest_of(organization_document(an_organization(found.serial)))
            assert found.follow_ups == follow_ups(found.serial)
        assert sum(entry.record.detail == "x" * 200 for entry in state.entries()) == 10 * found.serial
        check_chain(state)
        return found.serial


def check_chain(state: StateReader) -> None:
    previous = GENESIS
    for entry in state.entries("acme"):
        assert entry.previous == previous
        previous = entry_hash(
            organization="acme", seq=entry.seq, record=entry.record, serial=entry.serial, digest=entry.digest, previous=previous
        )
        assert entry.hash == previous
    assert [head.hash for head in state.chain_heads()] == ([] if previous == GENESIS else [previous])


def resume(path: Path, *, at_least: int) -> None:
    """Let the next run complete, the dead run's lock and files notwithstanding."""
    before = {entry.name: (path.parent / entry.name).read_bytes() for entry in os.scandir(path.parent)}
    serial = look(path)
    assert {entry.name: (path.parent / entry.name).read_bytes() for entry in os.scandir(path.parent)} == before
    assert serial in {at_least, at_least + 1}
    step(str(path))
    assert look(path) == serial + 1
    assert [entry.name for entry in os.scandir(path.parent)] == [path.name]
    with closing(open_reader(f"sqlite:///{path}")) as state:
        assert state.locks() == []


@needs_strace
@pytest.mark.parametrize(("call", "number"), KILLS_IN_CREATE)
def test_a_creation_killed_at_a_system_call_leaves_no_state_or_a_good_one(folder: Path, call: str, number: int) -> None:
    path = folder / "state.db"
    assert run_worker(path, f"{call}:signal=KILL:when={number}").returncode == -signal.SIGKILL
    resume(path, at_least=0)


@needs_strace
@pytest.mark.parametrize(("call", "number"), KILLS_IN_COMMIT)
def test_a_change_killed_at_a_system_call_leaves_the_old_or_the_new_state(folder: Path, made: Path, call: str, number: int) -> None:
    path = folder / "state.db"
    shutil.copyfile(made, path)
    assert run_worker(path, f"{call}:signal=KILL:when={number}").returncode == -signal.SIGKILL
    resume(path, at_least=1)


@needs_strace
@pytest.mark.parametrize(
    ("call", "failure", "number"),
    [
        ("pwrite64", "ENOSPC", 25),
        ("pwrite64", "EIO", 50),
        ("fdatasync", "EIO", 6),
        ("fdatasync", "EIO", 8),
    ],
)
def test_a_disk_that_fails_is_told_and_loses_nothing(folder: Path, made: Path, call: str, failure: str, number: int) -> None:
    path = folder / "state.db"
    shutil.copyfile(made, path)
    done = run_worker(path, f"{call}:error={failure}:when={number}")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert re.match(r"reconciler\.model\.errors\.StorageFaultError: sqlite:.*: (the disk is full|reading or writing failed) \(", last)
    resume(path, at_least=1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full_is_told_and_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "state.db"
    done = run_worker(path)
    assert done.returncode == 1
    assert "StorageFaultError" in done.stderr
    assert "the disk is full" in done.stderr
    assert [entry.name for entry in os.scandir(small_disk)] == [path.name]
    assert look(path) == 0


KILL_AT_STATEMENT = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
left = int(sys.argv[2])
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, "before_cursor_execute", count)
event.listen(Engine, "commit", count)
from tests.faults.worker import step
step(sys.argv[1])
"""


@pytest.mark.parametrize("number", [3, 19, 24])
def test_a_first_run_killed_at_a_statement_leaves_no_state_or_a_good_one(folder: Path, number: int) -> None:
    path = folder / "state.db"
    command = [sys.executable, "-E", "-B", "-c", KILL_AT_STATEMENT, str(path), str(number)]
    assert subprocess.run(command, cwd=REPOSITORY, timeout=60, check=False).returncode == -signal.SIGKILL
    resume(path, at_least=0)
