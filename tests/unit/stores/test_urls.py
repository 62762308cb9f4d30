"""URLs of states: where they lead, how they are shown, what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.model.errors import UsageError
from reconciler.stores import masked, open_reader, open_store
from reconciler.stores.urls import path_of


def test_three_slashes_are_relative_and_four_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_of("sqlite:///a/state.db") == tmp_path.resolve() / "a" / "state.db"
    assert path_of("sqlite:////var/lib/state.db") == Path("/var/lib/state.db").resolve()


def test_odd_letters_in_a_path_are_letters(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ě #1 50%41.db"
    open_store(url, create=True).close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["ě #1 50%41.db"]
    reader = open_reader(url)
    assert reader.lineage
    reader.close()


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("state.db", "sqlite:///state.db"),
        ("sqllite:///state.db", "sqlite:///state.db"),
        ("sqlite://state.db", "sqlite:///state.db"),
        ("SQLITE:///state.db", "sqlite:///state.db"),
        ("postgres://me:secret@db/x", "postgresql://me:***@db/x"),
        ("postgresql+psycopg://me:secret@db/x", "postgresql://me:***@db/x"),
        ("mysql://me:secret@db/x", None),
        ("sqlite:///", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///folder/", None),
        ("sqlite:///state.db?mode=ro", None),
        ("sqlite:///a\0b", None),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(url: str, hint: str | None) -> None:
    for opening in (open_reader, lambda url: open_store(url, create=True)):
        with pytest.raises(UsageError) as caught:
            opening(url)
        assert caught.value.hint == hint
        assert "sqlite:////absolute/path.db" in caught.value.detail
        assert "secret" not in str(caught.value.findings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db:5432/x", "postgresql://me:***@db:5432/x"),
        ("postgresql://me:se/c@re:t@db/x", "postgresql://me:***@db/x"),
        ("postgresql://:secret@db/x", "postgresql://:***@db/x"),
        ("postgresql://me@db/x?password=secret&sslmode=require", "postgresql://me@db/x?password=***&sslmode=require"),
        ("postgresql://db/x", "postgresql://db/x"),
        ("sqlite:///dir:a@b.db", "sqlite:///dir:a@b.db"),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_naming_the_package_does_not_load_sqlalchemy() -> None:
    program = "import sys, reconciler.stores; sys.exit('sqlalchemy' in sys.modules or 'sqlite3' in sys.modules)"
    repository = Path(__file__).parents[3]
    # Measuring coverage would load sqlite3 by itself.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    assert subprocess.run([sys.executable, "-c", program], cwd=repository, env=plain, check=False).returncode == 0
