"""What is shipped: the wheel holds the package and its data and nothing else, the source archive everything that builds and tests it."""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.scaffold import PIPELINES, files

ROOT = Path(__file__).parents[2]
DATA = {".json", ".yaml", ".yml", ".md", ".py", ".typed"}
IGNORED = ("__pycache__", ".DS_Store")


def build(kind: str, source: Path, target: Path) -> Path:
    """Build *kind* (`sdist` or `wheel`) of the project in *source* into *target*; return the file."""
    pytest.importorskip("hatchling")
    before = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)],
        cwd=source,
        env=before,
        check=True,
        capture_output=True,
    )
    [built] = target.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    source = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist) as archive:
        archive.extractall(source, filter="data")
    [folder] = source.iterdir()
    with zipfile.ZipFile(build("wheel", folder, tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


def files_below(folder: str) -> set[str]:
    """Return the files of the repository below *folder*, relative to the root."""
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in paths if not any(part in IGNORED for part in path.parts)}


def test_the_wheel_holds_the_package_the_schemas_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == files_below("reconciler") | {f"reconciler/{name}" for name in files_below("schemas")}


def test_the_wheel_holds_the_data_that_the_package_reads(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    assert "reconciler/py.typed" in shipped
    assert "reconciler/schemas/organization.v1.schema.json" in shipped
    assert "reconciler/schemas/elevation-grant.v1.schema.json" in shipped
    assert any(name.startswith("reconciler/catalog/data/") for name in shipped)
    assert "reconciler/scaffold/files/github/workflows/reconciler.yml" in shipped


def test_the_package_holds_no_stray_files() -> None:
    stray = [name for name in files_below("reconciler") if Path(name).suffix not in DATA and Path(name).name != "gitignore"]
    assert stray == []
    assert {Path(name).suffix for name in files_below("schemas")} == {".json"}


def test_the_wheel_names_the_licence_the_command_and_the_python_versions(wheel: zipfile.ZipFile) -> None:
    [information] = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    assert wheel.read(f"{information}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert "reconciler = reconciler.cli:entry" in wheel.read(f"{information}/entry_points.txt").decode()
    metadata = wheel.read(f"{information}/METADATA").decode()
    assert "Requires-Python: >=3.11" in metadata
    assert "License-Expression: Apache-2.0" in metadata


def test_the_source_archive_holds_what_builds_tests_and_explains_the_product(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    for folder in ("benchmarks", "docs", "examples", "reconciler", "schemas", "tests", "tools"):
        assert files_below(folder) <= held, folder
    assert {"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "SECURITY.md", ".ci/run", "pyproject.toml"} <= held


def test_the_scaffold_lists_every_file_it_ships() -> None:
    folder = ROOT / "reconciler" / "scaffold" / "files"
    dotted = {"github", "gitignore", "gitlab-ci.yml", "pre-commit-config.yaml", "vscode"}
    stored = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    written = {pipeline: files(pipeline) for pipeline in PIPELINES}
    assert set().union(*written.values()) == {f".{name}" if name.split("/")[0] in dotted else name for name in stored}
    assert all(list(texts) == sorted(texts) for texts in written.values())
