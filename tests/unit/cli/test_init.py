"""Writing a scaffold: all of it, or none."""

from pathlib import Path

import pytest

from reconciler.cli.commands.init import ScaffoldError, write_new


def test_nothing_is_written_beside_something_that_exists(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("mine")
    with pytest.raises(ScaffoldError, match=r"already has b\.yaml"):
        write_new(tmp_path, {"a.yaml": "a", "b.yaml": "b"})
    assert [path.name for path in tmp_path.iterdir()] == ["b.yaml"]


def test_a_place_that_takes_no_files_is_an_error_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScaffoldError, match="cannot be written"):
        write_new(tmp_path / "file", {"a.yaml": "a"})
