"""Folders to run commands in: an empty one, and one in which three organizations were applied."""

import shutil
from pathlib import Path

import pytest

from tests.cli.running import Place, declare_fleet

FLEET = ("acme", "globex", "initech")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "here"
    folder.mkdir()
    return Place(folder)


@pytest.fixture(scope="session")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Place(tmp_path_factory.mktemp("applied"))
    declare_fleet(place, *FLEET)
    place.apply()
    return place.folder


@pytest.fixture
def applied(place: Place, applied_once: Path) -> Place:
    """A folder with the manifests of acme, globex and initech, and a stored state in which they are applied."""
    shutil.copytree(applied_once, place.folder, dirs_exist_ok=True)
    return place
