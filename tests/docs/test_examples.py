"""Every folder in `examples/` is a story that works: valid, applied, and then there is nothing left to do."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STORIES = sorted(folder.name for folder in (ROOT / "examples").iterdir() if folder.is_dir())
SCHEMA_LINE = "# yaml-language-server: $schema="


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run the command line with JSON output in *folder*; return exit code, document and standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments, "--format", "json"],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("story", STORIES)
def test_an_example_is_valid_without_a_warning(story: str, tmp_path: Path) -> None:
    code, report, _ = run(tmp_path, "validate", str(ROOT / "examples" / story))
    assert (code, report["error_count"], report["warning_count"]) == (0, 0, 0), report["diagnostics"]


@pytest.mark.parametrize("story", STORIES)
def test_an_example_is_applied_and_then_nothing_is_left_to_do(story: str, tmp_path: Path) -> None:
    source = str(ROOT / "examples" / story)
    code, report, errors = run(tmp_path, "apply", source, "--auto-approve")
    assert code == 0, errors
    assert {outcome["status"] for outcome in report["outcomes"]} == {"done"}
    code, report, errors = run(tmp_path, "plan", source, "--detailed-exitcode")
    assert (code, report["resource_changes"]) == (0, []), errors
    code, report, errors = run(tmp_path, "drift", source)
    assert (code, report["in_sync"]) == (0, True), errors


def test_the_scaffold_is_valid_and_is_applied(tmp_path: Path) -> None:
    code, _, errors = run(tmp_path, "init", "fleet")
    assert code == 0, errors
    fleet = tmp_path / "fleet"
    assert run(fleet, "validate", "organizations")[0] == 0
    assert run(fleet, "apply", "organizations", "--auto-approve")[0] == 0
    assert run(fleet, "plan", "--detailed-exitcode")[0] == 0


@pytest.mark.parametrize("manifest", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_names_the_schema_that_is_there(manifest: Path) -> None:
    first = manifest.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(SCHEMA_LINE)
    assert (manifest.parent / first.removeprefix(SCHEMA_LINE)).resolve().parent == ROOT / "schemas"
    assert (manifest.parent / first.removeprefix(SCHEMA_LINE)).is_file()
