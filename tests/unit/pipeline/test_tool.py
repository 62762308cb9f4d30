"""A tool is known by every byte of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.pipeline import tool

ROOT = Path(__file__).parents[3]


def test_it_is_the_same_in_every_process() -> None:
    code = "from reconciler.pipeline.tool import fingerprint; print(fingerprint())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == tool.fingerprint()


def test_code_catalog_and_schemas_are_part_of_it() -> None:
    parts = list(tool._parts(ROOT / "reconciler"))
    for name in ("pipeline/tool.py", "rules/holding.py", "catalog/data/roles.yaml", "catalog/data/permissions/site-roles.yaml"):
        assert parts[parts.index(name.encode()) + 1] == (ROOT / "reconciler" / name).read_bytes()
    assert b"organization.v1" in parts
    assert any(part.startswith(b"pyyaml ") for part in parts)


def test_what_cannot_be_told_apart_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_THEIRS", ("no-such-library",))
    tool.fingerprint.cache_clear()
    assert tool.fingerprint() is None
    tool.fingerprint.cache_clear()
