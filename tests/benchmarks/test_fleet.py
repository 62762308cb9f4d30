"""Fleets for measuring: the same bytes everywhere, valid, and changed where they should be."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fleet import write

ROOT = Path(__file__).parents[2]


def texts(directory: Path) -> dict[str, list[str]]:
    return {
        path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8").splitlines() for path in sorted(directory.rglob("*.yaml"))
    }


def digest(directory: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(directory.rglob("*.yaml")))).hexdigest()


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_numbers_give_the_same_bytes_in_every_process(tmp_path: Path, hash_seed: str) -> None:
    command = [sys.executable, "-m", "benchmarks.fleet", "120", str(tmp_path / "fleet")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=True, stdout=subprocess.DEVNULL)
    assert digest(tmp_path / "fleet") == "8b395eb7b3ddcec4fdc1f59bb6a590fa99d715643b4c68c81a3f2f1c97f9d6ec"


def test_another_seed_gives_another_fleet(tmp_path: Path) -> None:
    write(tmp_path / "7", 3)
    write(tmp_path / "8", 3, seed=8)
    assert digest(tmp_path / "7") != digest(tmp_path / "8")


@pytest.mark.parametrize(
    ("n", "administrators", "compact", "said"), [(30, 20, False, "31 organizations in 31"), (1, 200, True, "1 organization in 1")]
)
def test_every_manifest_is_valid_without_a_warning(tmp_path: Path, n: int, administrators: int, said: str, *, compact: bool) -> None:
    fleet = write(tmp_path / "fleet", n, administrators=administrators, compact=compact)
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "validate", "fleet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"Valid: {said} file{'s' * (n > 1)}.\n"
    assert done.returncode == 0
    assert fleet.administrators == n * administrators + 6 * (fleet.files - n)


def test_ten_thousand_administrators_fit_into_one_document(tmp_path: Path) -> None:
    assert write(tmp_path, 1, administrators=10_000, compact=True).size <= 1024 * 1024


def test_a_change_gives_another_role_to_one_administrator_in_its_share_and_touches_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, 200)
    before = texts(tmp_path)
    assert write(tmp_path, 200, change=2).written == 4
    after = texts(tmp_path)
    assert before.keys() == after.keys()
    changed = [name for name in before if before[name] != after[name]]
    assert len(changed) == 4
    for name in changed:
        assert [pair for pair in zip(before[name], after[name], strict=True) if pair[0] != pair[1]] == [
            ("      roles: [device-administrator]", "      roles: [support-administrator]")
        ]
    assert write(tmp_path, 200).written == 4
    assert texts(tmp_path) == before


def test_a_fleet_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, 5)
    assert write(tmp_path, 5).written == 0
