"""The layers and fences of `pyproject.toml` hold."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts on the package in *folder*."""
    pytest.importorskip("importlinter", reason="import-linter comes with the extra check")
    command = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", command, "--cache-dir", str(cache)], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )


def test_nobody_imports_upward_or_across_a_fence(tmp_path: Path) -> None:
    done = lint(ROOT, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("model/changes.py", "import os"),
        ("rules/base.py", "import yaml"),
        ("planning/diff.py", "from reconciler import cli"),
        ("reports/json.py", "from reconciler import stores"),
        ("stores/writer.py", "import click"),
        ("access/__init__.py", "from reconciler import rules"),
        ("extra/__init__.py", '"""A package that no layer names."""'),
    ],
)
def test_the_contracts_catch_what_they_are_for(module: str, line: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "reconciler", tmp_path / "reconciler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "reconciler" / module
    planted.parent.mkdir(exist_ok=True)
    with planted.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path, tmp_path / "cache")
    assert done.returncode == 1, done.stdout


def test_only_the_command_line_ends_the_process_or_prints() -> None:
    found = []
    for path in sorted((ROOT / "reconciler").rglob("*.py")):
        place = path.relative_to(ROOT / "reconciler")
        if place.parts[0] in {"cli", "__main__.py"}:
            continue
        names = {node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)}
        found += [f"{place}: {name}" for name in sorted(names & {"SystemExit", "exit", "print", "quit"})]
    assert found == []
