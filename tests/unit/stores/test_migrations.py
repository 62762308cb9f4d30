"""States of every layout that was ever released, made by the code of that time: what they hold survives, and nothing newer is touched."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.errors import StateVersionError
from reconciler.stores import open_reader, open_store
from reconciler.stores.migrate import BASE_VERSION, CURRENT_VERSION
from tests.cli.running import Place
from tests.faults.judging import look
from tests.faults.scenarios import GOLDEN

OLDER = range(BASE_VERSION, CURRENT_VERSION)
AT = ("--now", "2026-02-02T09:00:00Z")
READING = (("history",), ("show", *AT), ("show", "acme", *AT), ("access", "acme", *AT), ("verify",))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.state.parent.mkdir()
    return place


def put(place: Place, version: int) -> bytes:
    """Put the golden state of a layout where the commands look for it."""
    place.state.write_bytes((GOLDEN / f"v{version}.db").read_bytes())
    return place.state.read_bytes()


def everything_in(path: Path) -> list[str]:
    """Return what makes a database what it is, row by row."""
    with closing(sqlite3.connect(path)) as raw:
        return [*raw.iterdump(), str(raw.execute("PRAGMA user_version").fetchone()), str(raw.execute("PRAGMA application_id").fetchone())]


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        return [dict(row) for row in raw.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]  # noqa: S608 -- a test's own text


def told(place: Place) -> list[str]:
    """Return what the reading commands say about the state."""
    return [place.ok(*arguments, "--format", "json") for arguments in READING]


def test_there_is_a_golden_state_of_every_layout_before_todays() -> None:
    assert {path.name for path in GOLDEN.glob("v*.db")} >= {f"v{version}.db" for version in OLDER}


@pytest.mark.parametrize("version", OLDER)
def test_a_golden_state_has_something_of_everything(place: Place, version: int) -> None:
    put(place, version)
    stored = place.json("show", "acme", *AT).document
    assert {grant["status"] for grant in stored["grants"]} == {"expired", "lapsed"}
    assert {row["name"]: row["digest"] is None for row in rows(place.state, "organizations")}["initech"]
    assert [step["rule_id"] for step in stored["follow_ups"]] == ["first-sign-in"]
    kinds = {entry["kind"] for entry in place.json("history").document["entries"]}
    assert kinds == {"attest", "change", "failure", "intent", "lock"}


@pytest.mark.parametrize("version", OLDER)
def test_an_older_state_is_migrated_once_and_holds_what_it_held(place: Place, version: int) -> None:
    old = put(place, version)
    before, seen, kept = told(place), look(f"sqlite:///{place.state}"), everything_in(place.state)
    assert place.state.read_bytes() == old
    place.ok("state", "migrate")
    backup = place.state.with_name(f"{place.state.name}.v{version}.backup")
    assert {entry.name for entry in place.state.parent.iterdir()} == {place.state.name, backup.name}
    assert everything_in(backup) == kept
    assert told(place) == before
    assert look(f"sqlite:///{place.state}") == seen
    for table in ("organizations", "journal", "chains"):
        assert rows(place.state, table) == rows(backup, table)
    assert rows(place.state, "meta") == [{**rows(backup, "meta")[0], "schema_version": CURRENT_VERSION}]
    files = place.everything()
    place.ok("state", "migrate")
    open_store(f"sqlite:///{place.state}", create=False).close()
    assert place.everything() == files


@pytest.mark.parametrize("version", OLDER)
def test_access_that_ended_before_the_migration_is_ended_by_the_first_sweep(place: Place, version: int) -> None:
    put(place, version)
    swept = place.json("sweep").document
    assert sorted(outcome["address"].partition("/")[2] for outcome in swept["outcomes"]) == [
        "administrator/eve@contractor.example",
        "administrator/frank@contractor.example",
        "elevation-grant/inc-3",
    ]
    assert place.json("verify").document["intact"]


@pytest.mark.parametrize("version", OLDER)
def test_a_newer_state_is_refused_with_both_versions_and_stays_as_it_is(place: Place, version: int) -> None:
    put(place, version)
    with closing(sqlite3.connect(place.state)) as raw:
        raw.execute(f"PRAGMA user_version={CURRENT_VERSION + 1}")
    before = place.everything()
    words = f"has schema version {CURRENT_VERSION + 1}; this version of reconciler knows {CURRENT_VERSION}"
    for opening in (open_reader, lambda url: open_store(url, create=True)):
        with pytest.raises(StateVersionError, match=words):
            opening(f"sqlite:///{place.state}")
    for arguments in (["show"], ["verify"], ["sweep"], ["state", "migrate"], ["state", "copy", "sqlite:///copy.db"]):
        refused = place.run(*arguments)
        assert refused.code == 1
        assert words in refused.failure
    assert place.everything() == before
