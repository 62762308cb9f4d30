"""What is special about states in SQLite files: rights, recovery, damage, versions."""

import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from reconciler.model.changes import FollowUp
from reconciler.model.errors import CorruptStateError, LockedError, MissingStateError, StateVersionError, StoreError
from reconciler.model.journal import EntryKind, Record
from reconciler.model.resources import Administrator, Organization
from reconciler.stores import here, open_reader, open_store, sqlite
from reconciler.stores.migrate import CURRENT_VERSION, MIGRATIONS

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RECORD = Record(
    run="r1", at=NOW, kind=EntryKind.CHANGE, operation="apply", operator="root@ci", version="1.0", after={"email": "a@b.example"}
)
STEP = FollowUp(address="acme/administrator/p1@acme.example", rule="some-rule", summary="look", since=NOW)
MINE = here("apply", "1.0", NOW)
AT_ONCE = timedelta(0)


def an_organization(people: int) -> Organization:
    emails = [f"p{number}@acme.example" for number in range(people)]
    return Organization(name="acme", administrators={email: Administrator(email=email, roles=frozenset({"r"})) for email in emails})


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def put(path: Path, people: int = 3) -> None:
    with closing(open_store(url(path), create=True)) as store, store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD) as lock:
        serial = store.read("acme").serial
        store.commit(lock, "acme", after=an_organization(people), expected_serial=serial, records=[RECORD], follow_ups=[STEP])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "folder" / "state.db"
    put(made)
    return made


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for statement in statements:
            raw.execute(statement)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def listing(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {entry.name: (entry.stat().st_ino, entry.stat().st_mtime_ns, entry.read_bytes()) for entry in folder.iterdir()}


def test_folders_and_file_are_the_owners_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        put(tmp_path / "a" / "b" / "state.db")
    finally:
        os.umask(umask)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/b/state.db")]
    assert modes == [0o700, 0o700, 0o600]
    assert names(tmp_path / "a" / "b") == ["state.db"]


def test_a_folder_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    put(tmp_path / "state.db")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_missing_state_is_empty_to_a_reader_and_an_error_to_a_writer(tmp_path: Path) -> None:
    with closing(open_reader(url(tmp_path / "state.db"))) as state:
        assert state.lineage is None
        assert state.location == url(tmp_path / "state.db")
        assert (list(state.heads()), state.read("acme").serial, state.locks(), state.chain_heads()) == ([], 0, [], [])
        assert (list(state.entries()), list(state.entries_of_plan("x")), list(state.problems())) == ([], [], [])
    with pytest.raises(MissingStateError, match="there is no stored state"):
        open_store(url(tmp_path / "state.db"), create=False)
    assert names(tmp_path) == []


def test_a_journal_without_its_state_is_damage_not_absence(path: Path) -> None:
    path.rename(path.with_name("state.db-journal"))
    for opening in (open_reader, lambda url: open_store(url, create=True), lambda url: open_store(url, create=False)):
        with pytest.raises(CorruptStateError, match="the state is gone, but its rollback journal"):
            opening(url(path))


def test_reading_changes_nothing(path: Path) -> None:
    before = listing(path.parent)
    with closing(open_reader(url(path))) as state:
        assert state.read("acme").organization == an_organization(3)
        assert list(state.problems()) == []
        assert listing(path.parent) == before
    assert listing(path.parent) == before


def test_opening_again_keeps_the_lineage_and_cleans_what_a_killed_creation_left(path: Path) -> None:
    stray = path.with_name(".state.db.abc.new")
    stray.write_bytes(b"half")
    with closing(open_reader(url(path))) as state:
        lineage = state.lineage
    with closing(open_store(url(path), create=True)) as store:
        assert store.lineage == lineage
    assert names(path.parent) == ["state.db"]


def test_a_state_that_another_process_made_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"
    build = sqlite._build

    def and_another(temporary: Path, location: str, fill: Callable[[Connection], None]) -> None:
        build(temporary, location, fill)
        monkeypatch.undo()
        put(path)
        assert not temporary.exists()

    monkeypatch.setattr(sqlite, "_build", and_another)
    with closing(open_store(url(path), create=True)) as store:
        assert store.read("acme").serial == 1
    assert names(tmp_path) == ["state.db"]


KILLED_IN_A_TRANSACTION = """
import os, signal, sqlite3, sys
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("PRAGMA cache_size=1")
raw.execute("BEGIN IMMEDIATE")
raw.execute("UPDATE organizations SET serial = 99, body = 'half'")
raw.executemany("INSERT INTO chains VALUES (?, 1, ?)", [(f"org-{n}", "x" * 500) for n in range(500)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def torn(path: Path) -> Path:
    subprocess.run([sys.executable, "-c", KILLED_IN_A_TRANSACTION, path], check=False)
    assert names(path.parent) == ["state.db", "state.db-journal"]
    return path


def test_beside_a_hot_journal_a_reader_reads_a_recovered_copy(
    torn: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    before = listing(torn.parent)
    with closing(open_reader(url(torn))) as state:
        assert (state.read("acme").serial, state.read("acme").organization) == (1, an_organization(3))
        assert list(state.problems()) == []
        (copy,) = private.iterdir()
        assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    assert list(private.iterdir()) == []
    assert listing(torn.parent) == before
    assert [(record.levelno, record.name) for record in caplog.records] == [(logging.WARNING, "reconciler")]
    assert "a writer died" in caplog.text


def test_the_next_writer_repairs(torn: Path) -> None:
    put(torn, people=4)
    assert names(torn.parent) == ["state.db"]
    with closing(open_reader(url(torn))) as state:
        assert (state.read("acme").serial, state.read("acme").organization) == (2, an_organization(4))


def test_a_copy_of_files_that_change_is_not_used(torn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copyfile, copied = shutil.copyfile, []

    def disturbed(source: Path, target: Path) -> None:
        copyfile(source, target)
        copied.append(source.name)
        if len(copied) == 1:
            os.utime(torn, ns=(1, 1))

    monkeypatch.setattr("shutil.copyfile", disturbed)
    with closing(open_reader(url(torn))) as state:
        assert state.read("acme").serial == 1
    assert copied == ["state.db", "state.db-journal"] * 2


def flip(path: Path, text: bytes) -> None:
    data = path.read_bytes()
    assert text in data
    path.write_bytes(data.replace(text, bytes([text[0] ^ 1]) + text[1:]))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "truncated": (lambda path: os.truncate(path, 20_000), "is truncated: 20000 of"),
    "truncated-to-its-header": (lambda path: os.truncate(path, 50), "(truncated|not a database|not a SQLite)"),
    "text": (lambda path: path.write_text("apiVersion: reconciler/v1\n" * 200), "is not a SQLite database"),
    "another-application": (lambda path: change(path, "PRAGMA application_id=7"), "of another application"),
    "no-version": (lambda path: change(path, "PRAGMA user_version=0"), "no schema version that ever was: 0"),
    "no-tables": (lambda path: change(path, "DROP TABLE meta"), "damaged: no such table: meta"),
    "no-lineage": (lambda path: change(path, "DELETE FROM meta"), "names no lineage"),
    "flipped-schema": (lambda path: flip(path, b"CREATE TABLE organizations"), "damaged: malformed"),
    "wild-pages": (lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096)), "damaged: "),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("writing", [False, True], ids=["reader", "writer"])
def test_damage_is_named_and_never_read_as_nothing(path: Path, damage: str, *, writing: bool) -> None:
    inflict, words = DAMAGES[damage]
    inflict(path)
    before = path.read_bytes()
    with pytest.raises(CorruptStateError, match=words) as caught:
        open_store(url(path), create=True) if writing else open_reader(url(path))
    assert caught.value.hint
    assert path.read_bytes() == before


ROWS: dict[str, tuple[str, str]] = {
    "body": ("UPDATE organizations SET body = replace(body, 'p1@', 'q1@')", "does not match its digest"),
    "no-body": ("UPDATE organizations SET body = NULL", "does not match its digest"),
    "digest": ("UPDATE organizations SET digest = NULL", "does not match its digest"),
    "bytes": ("UPDATE organizations SET body = x'00ff'", "damaged"),
    "not-utf-8": ("UPDATE organizations SET body = CAST(x'ff' AS TEXT)", "damaged"),
    "serial": ("UPDATE organizations SET serial = 'one'", "its serial is of type str"),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_damaged_row_is_found_when_read_and_when_checked(path: Path, row: str) -> None:
    statement, words = ROWS[row]
    change(path, statement)
    with closing(open_reader(url(path))) as state:
        with pytest.raises(CorruptStateError, match=words):
            state.read("acme")
        assert any("damaged" in problem for problem in state.problems())


def test_a_document_under_another_name_is_damage(path: Path) -> None:
    change(path, "UPDATE organizations SET name = 'beta'")
    with closing(open_reader(url(path))) as state, pytest.raises(CorruptStateError, match="the document is that of acme"):
        state.read("beta")


@pytest.mark.parametrize("end", ["'soon'", "'2026-11-20'", "7"])
def test_a_damaged_next_end_is_found(path: Path, end: str) -> None:
    change(path, f"UPDATE organizations SET next_end = {end}")  # noqa: S608 - a test's own text
    with closing(open_reader(url(path))) as state:
        with pytest.raises(CorruptStateError):
            list(state.heads())
        assert list(state.problems()) == ["the stored state of acme is damaged: its next end is not that of its document"]


IN_ORDER = '{"address":"acme/a/x","rule":"r","since":"2026-11-20T09:00:00Z","summary":"s"}'
FOLLOW_UPS = {
    "no-json": "[",
    "nothing": "",
    "null": "null",
    "an-object": "{}",
    "a-text": '""',
    "no-objects": "[1]",
    "without-a-rule": IN_ORDER.replace(',"rule":"r"', "").join("[]"),
    "a-number-for-a-text": IN_ORDER.replace('"s"', "7").join("[]"),
    "no-instant": IN_ORDER.replace("09:00:00Z", "").join("[]"),
    "a-local-instant": IN_ORDER.replace("00Z", "00").join("[]"),
    "of-another": IN_ORDER.replace("acme", "beta").join("[]"),
    "twice": f"[{IN_ORDER},{IN_ORDER}]",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", FOLLOW_UPS.values(), ids=FOLLOW_UPS)
def test_damaged_follow_ups_are_found_when_read_and_when_checked(path: Path, text: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE organizations SET follow_ups = ?", [text])
    with closing(open_reader(url(path))) as state:
        with pytest.raises(CorruptStateError, match="the stored state of acme is damaged"):
            state.read("acme")
        with pytest.raises(CorruptStateError, match="table organizations, is damaged"):
            list(state.heads())
        (problem,) = state.problems()
    assert problem.startswith("the stored state of acme is damaged")


def test_follow_ups_in_another_spelling_are_found_when_checked(path: Path) -> None:
    change(path, "UPDATE organizations SET follow_ups = replace(follow_ups, '\"rule\":', '\"rule\": ')")
    with closing(open_reader(url(path))) as state:
        assert state.read("acme").follow_ups == (STEP,)
        assert list(state.problems()) == ["the stored state of acme is damaged: its follow-ups are not in canonical form"]


def test_a_forgotten_organization_with_something_open_is_damage(path: Path) -> None:
    change(path, "UPDATE organizations SET digest = NULL, body = NULL, next_end = NULL")
    with closing(open_reader(url(path))) as state, pytest.raises(CorruptStateError):
        state.read("acme")


def test_reading_all_heads_touches_no_document(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        columns = "name, serial, digest, follow_ups, next_end"
        (plan,) = raw.execute(f"EXPLAIN QUERY PLAN SELECT {columns} FROM organizations ORDER BY name")  # noqa: S608 - a test's own text
    assert "USING COVERING INDEX organizations_heads" in plan[3]


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("before", "'[1]'", "a document is no JSON object"),
        ("after", "'{'", "damaged"),
        ("after", '\'{"email": "a@b.example"}\'', "entry 1 in the journal of acme is not in canonical form: after"),
        ("at", "'2026-11-20T09:00:00+00:00'", "entry 1 in the journal of acme is not in canonical form: at"),
        ("at", "'yesterday'", "damaged"),
        ("kind", "'gift'", "damaged"),
        ("actions", "'[]'", "damaged"),
        ("serial", "5", "acme: serial 1 and its document are not those of the last entry in the journal"),
        ("digest", "NULL", "acme: serial 1 and its document are not those of the last entry in the journal"),
    ],
)
def test_a_journal_row_that_was_touched_is_a_problem(path: Path, column: str, value: str, problem: str) -> None:
    change(path, f"UPDATE journal SET {column} = {value}")  # noqa: S608 - a test's own text
    with closing(open_reader(url(path))) as state:
        (found,) = state.problems()
    assert problem in found


def test_a_folder_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a regular file"):
        open_reader(url(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"Not a directory|File exists"):
        open_store(url(tmp_path / "file" / "state.db"), create=True)


def test_write_ahead_logging_is_refused_because_it_leaves_files(path: Path) -> None:
    change(path, "PRAGMA journal_mode=WAL")
    before = listing(path.parent)
    with pytest.raises(StoreError, match="write-ahead logging"):
        open_reader(url(path))
    assert listing(path.parent) == before


def test_a_newer_state_is_refused_with_both_versions_and_stays_as_it_is(path: Path) -> None:
    change(path, f"PRAGMA user_version={CURRENT_VERSION + 1}")
    before = listing(path.parent)
    for opening in (open_reader, lambda url: open_store(url, create=True)):
        with pytest.raises(
            StateVersionError, match=f"has schema version {CURRENT_VERSION + 1}; this version of reconciler knows {CURRENT_VERSION}"
        ):
            opening(url(path))
    assert listing(path.parent) == before


def add_a_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE organizations ADD COLUMN remark TEXT DEFAULT 'new'")


def fail(connection: Connection) -> None:
    add_a_column(connection)
    connection.exec_driver_sql("DROP TABLE nothing")


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as raw:
        return [row[1] for row in raw.execute("PRAGMA table_info(organizations)")]


def test_an_older_state_is_migrated_once_after_a_backup(path: Path) -> None:
    old = path.read_bytes()
    with closing(sqlite.open_store(path, location=url(path), migrations=(*MIGRATIONS, add_a_column))) as store:
        assert store.read("acme").organization == an_organization(3)
        lineage = store.lineage
    sqlite.open_store(path, location=url(path), migrations=(*MIGRATIONS, add_a_column)).close()
    backup = path.with_name(f"state.db.v{CURRENT_VERSION}.backup")
    assert names(path.parent) == ["state.db", backup.name]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert columns(path)[-1] == "remark"
    with closing(open_reader(url(backup))) as state:
        assert (state.read("acme").serial, state.lineage) == (1, lineage)
    assert len(backup.read_bytes()) == len(old)
    with pytest.raises(StateVersionError):
        open_reader(url(path))


def test_a_reader_migrates_a_private_copy_only(path: Path) -> None:
    before = listing(path.parent)
    with closing(sqlite.open_reader(path, location=url(path), migrations=(*MIGRATIONS, add_a_column))) as state:
        assert state.read("acme").organization == an_organization(3)
    assert listing(path.parent) == before


def test_a_migration_that_fails_leaves_the_older_state(path: Path) -> None:
    old = path.read_bytes()
    with pytest.raises(StoreError):
        sqlite.open_store(path, location=url(path), migrations=(*MIGRATIONS, fail))
    assert path.read_bytes() == old
    with closing(open_store(url(path), create=False)) as store:
        assert store.read("acme").serial == 1


def test_a_lock_is_waited_for_until_it_is_free(path: Path) -> None:
    waited: list[float] = []
    with closing(open_store(url(path), create=False)) as other:
        held = other.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD)
        held.__enter__()

        def pause(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 3:
                held.__exit__(None, None, None)

        with (
            closing(sqlite.open_store(path, location=url(path), pause=pause, monotonic=lambda: sum(waited))) as store,
            store.lock(["acme"], MINE, timeout=timedelta(seconds=30), record=RECORD) as lock,
        ):
            assert lock.organizations == {"acme"}
    assert len(waited) == 3


def test_waiting_ends_with_the_timeout(path: Path) -> None:
    waited: list[float] = []
    with (
        closing(sqlite.open_store(path, location=url(path), pause=waited.append, monotonic=lambda: sum(waited))) as store,
        store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD),
        pytest.raises(LockedError),
        store.lock(["acme"], MINE, timeout=timedelta(seconds=0.5), record=RECORD),
    ):
        pass
    assert sum(waited) == pytest.approx(0.5)


def test_a_database_kept_busy_is_locked_not_broken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.stores.opening._BUSY_SECONDS", 0.01)
    with closing(open_store(url(path), create=False)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LockedError, match="keep the database busy"):
            store.note("acme", [RECORD])


def test_a_release_that_fails_hides_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("reconciler.stores.opening._BUSY_SECONDS", 0.01)
    with closing(open_store(url(path), create=False)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:

        def interrupt() -> None:
            other.execute("BEGIN EXCLUSIVE")
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"), store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD):
            interrupt()
        other.execute("ROLLBACK")
        (left,) = store.locks()
    assert f"reconciler unlock {left.id}" in caplog.text


def test_a_link_leads_to_the_state_and_its_journal(torn: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(torn)
    with closing(open_reader(url(link))) as state:
        assert state.read("acme").serial == 1
