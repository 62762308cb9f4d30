"""Facts from a SQLite file: as careful as the reader that knows everything, and without SQLAlchemy."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.model.documents import organization_document
from reconciler.model.errors import CorruptStateError, LockedError, StateVersionError, StoreError
from reconciler.stores import facts, open_facts, open_reader
from reconciler.stores.migrate import CURRENT_VERSION, MIGRATIONS
from tests.unit.stores.test_sqlite import (
    DAMAGES,
    KILLED_IN_A_TRANSACTION,
    ROWS,
    add_a_column,
    an_organization,
    change,
    listing,
    names,
    put,
    url,
)

BODIES = sorted(ROWS.keys() - {"serial"})
"""Facts hold no serials."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "folder" / "state.db"
    put(made)
    return made


def test_the_facts_are_those_of_the_reader(path: Path) -> None:
    before = listing(path.parent)
    with closing(open_facts(url(path))) as found, closing(open_reader(url(path))) as state:
        assert (found.lineage, found.location) == (state.lineage, state.location)
        stored = state.read("acme").organization
        assert stored is not None
        assert list(found.documents()) == [organization_document(stored)]
        assert found.last_recorded() == state.last_recorded()
        assert listing(path.parent) == before
    assert listing(path.parent) == before


def test_without_a_state_there_are_no_facts(tmp_path: Path) -> None:
    with closing(open_facts(url(tmp_path / "state.db"))) as found:
        assert (found.lineage, found.names(), found.document("acme"), list(found.documents())) == (None, (), None, [])
    assert names(tmp_path) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_and_never_read_as_nothing(path: Path, damage: str) -> None:
    inflict, words = DAMAGES[damage]
    inflict(path)
    with pytest.raises(CorruptStateError, match=words):
        open_facts(url(path))


@pytest.mark.parametrize("row", BODIES)
def test_a_damaged_row_is_found(path: Path, row: str) -> None:
    statement, words = ROWS[row]
    change(path, statement)
    with closing(open_facts(url(path))) as found:
        with pytest.raises(CorruptStateError, match=words):
            found.document("acme")
        with pytest.raises(CorruptStateError, match=words):
            list(found.documents())


def test_a_document_under_another_name_and_an_unreadable_instant_are_damage(path: Path) -> None:
    change(path, "UPDATE organizations SET name = 'beta'", "UPDATE journal SET at = 'yesterday'")
    with closing(open_facts(url(path))) as found:
        with pytest.raises(CorruptStateError, match="the document is that of acme"):
            list(found.documents())
        with pytest.raises(CorruptStateError, match="table journal, is damaged"):
            found.last_recorded()


def test_beside_a_hot_journal_a_recovered_copy_is_read(path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_IN_A_TRANSACTION, path], check=False)
    before = listing(path.parent)
    with closing(open_facts(url(path))) as found:
        assert list(found.documents()) == [organization_document(an_organization(3))]
    assert listing(path.parent) == before


def test_an_older_state_is_read_from_a_private_copy_and_a_newer_one_refused(path: Path) -> None:
    before = listing(path.parent)
    with closing(facts.open_facts(path, location=url(path), migrations=(*MIGRATIONS, add_a_column))) as found:
        assert found.names() == ("acme",)
    assert listing(path.parent) == before
    change(path, f"PRAGMA user_version={CURRENT_VERSION + 1}")
    with pytest.raises(StateVersionError):
        open_facts(url(path))


def test_a_database_kept_busy_is_locked_not_broken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.stores.opening._BUSY_SECONDS", 0.01)
    with closing(open_facts(url(path))) as found, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LockedError, match="keep the database busy"):
            found.names()


def test_a_folder_is_no_state_and_a_journal_without_its_state_is_damage(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a regular file"):
        open_facts(url(tmp_path))
    path.rename(path.with_name("state.db-journal"))
    with pytest.raises(CorruptStateError, match="the state is gone"):
        open_facts(url(path))
