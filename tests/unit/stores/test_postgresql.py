"""What is special about PostgreSQL: who may do what, writers side by side, versions, and a server that goes away."""

import logging
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import quote

import pytest
from sqlalchemy import Connection

from reconciler.model.documents import organization_document
from reconciler.model.errors import (
    CorruptStateError,
    FencedError,
    LockedError,
    MissingStateError,
    StateVersionError,
    StorageFaultError,
    StoreError,
    UsageError,
)
from reconciler.model.journal import EntryKind, Record
from reconciler.model.protocols import Store
from reconciler.model.resources import Administrator, Organization
from reconciler.stores import connecting, facts, here, locks, open_facts, open_reader, open_store, postgresql
from reconciler.stores.migrate import CURRENT_VERSION, MIGRATIONS
from reconciler.stores.schema import metadata
from reconciler.stores.writer import SqlStore
from tests import postgres
from tests.postgres import Server

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINE = here("apply", "1.0", NOW)
RECORD = Record(run="r1", at=NOW, kind=EntryKind.CHANGE, operation="apply", operator="root@ci", version="1.0")
AT_ONCE = timedelta(0)


def add_a_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE organizations ADD COLUMN remark TEXT DEFAULT 'new'")


MORE = (*MIGRATIONS, add_a_column)


def an_organization(serial: int = 1, name: str = "acme") -> Organization:
    alice = Administrator(email="alice@acme.example", name=f"Alice {serial}", roles=frozenset({"full-administrator"}))
    return Organization(name=name, administrators={alice.key: alice})


def put(url: str, *names: str) -> None:
    with closing(open_store(url, create=True)) as store, store.lock(names, MINE, timeout=AT_ONCE, record=RECORD) as lock:
        for name in names:
            serial = store.read(name).serial
            after = an_organization(serial + 1, name)
            store.commit(lock, name, after=after, expected_serial=serial, records=[RECORD], follow_ups=())


@pytest.fixture
def url(postgres_server: Server) -> str:
    made = postgres_server.url()
    put(made, "acme")
    return made


def rows(server: Server, url: str, prefix: str = "") -> dict[str, list[tuple[object, ...]]]:
    return {table: server.execute(url, f"TABLE {prefix}{table} ORDER BY 1, 2") for table in connecting.TABLES}


def test_the_tables_that_are_looked_for_are_those_that_are_made() -> None:
    assert set(connecting.TABLES) == {table.name for table in metadata.sorted_tables}


def test_without_a_state_nothing_is_read_and_nothing_made(postgres_server: Server) -> None:
    empty = postgres_server.url()
    with closing(open_reader(empty)) as reader, closing(open_facts(empty)) as found:
        assert (reader.lineage, found.lineage, list(reader.heads())) == (None, None, [])
    with pytest.raises(MissingStateError):
        open_store(empty, create=False)
    assert postgres_server.execute(empty, "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace") == []


def test_two_that_make_the_state_at_once_make_one(postgres_server: Server) -> None:
    empty = postgres_server.url()
    made: list[str | None] = []

    def make() -> None:
        with closing(open_store(empty, create=True)) as store:
            made.append(store.lineage)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len(set(made)) == 1


def test_the_facts_are_those_of_the_reader(url: str) -> None:
    with closing(open_facts(url)) as found, closing(open_reader(url)) as state:
        assert (found.lineage, found.location) == (state.lineage, state.location)
        assert list(found.documents()) == [organization_document(an_organization())]
        assert (found.last_recorded(), found.highest_instant()) == (state.last_recorded(), state.highest_instant())


def test_the_server_lets_a_reader_write_nothing(url: str) -> None:
    with closing(open_reader(url)) as reader:
        connection = reader._connection  # type: ignore[attr-defined]  # the session itself is what is asked
        with pytest.raises(Exception, match="read-only transaction"):
            connection.exec_driver_sql("DELETE FROM organizations")


def test_names_and_instants_sort_by_code_point_whatever_the_database_prefers(postgres_server: Server, url: str) -> None:
    put(url, "a-b", "ab", "a0")
    with closing(open_reader(url)) as reader:
        assert [head.name for head in reader.heads()] == ["a-b", "a0", "ab", "acme"]
    columns = "SELECT attname, collname FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation WHERE attrelid = 'journal'::regclass"
    assert {name for name, collation in postgres_server.execute(url, columns) if collation == "C"} == {"organization", "at"}


WRONG: dict[str, tuple[Callable[[Server], str], type[StoreError], str]] = {
    "no server": (lambda server: "postgresql://me:secret@127.0.0.1:1/db", StorageFaultError, "the server cannot be reached"),
    "no socket": (lambda server: "postgresql://me:secret@/db?host=/nowhere", StorageFaultError, "the server cannot be reached"),
    "no database": (lambda server: server.url(schema="x", database="nothing"), StoreError, "there is no such database"),
    "no user": (lambda server: server.url(schema="x", user="nobody"), StoreError, "does not let this user in"),
    "no schema": (lambda server: server.url(schema="nothing"), StoreError, "no schema that this role may use"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_the_place_is_told_without_the_password(postgres_server: Server, case: str) -> None:
    make, kind, words = WRONG[case]
    url = make(postgres_server)
    for opening in (open_reader, open_facts, lambda url: open_store(url, create=True)):
        with pytest.raises(kind, match=words) as caught:
            opening(url)
        assert caught.value.hint
        assert "secret" not in str(caught.value.findings)


@pytest.mark.parametrize(
    "wrong", ["postgresql://me:secret%zz@h/db", "postgresql://me:secret@h/db?nothing=1", "postgresql://me:secret@h:a/db"]
)
def test_a_url_that_libpq_cannot_read_is_a_usage_error_without_the_password(wrong: str) -> None:
    with pytest.raises((UsageError, StoreError)) as caught:
        open_reader(wrong)
    assert "secret" not in str(caught.value.findings)


def test_passwords_and_tls_are_the_business_of_libpq(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.running() as server:
        with server.connect() as connection:
            connection.execute("CREATE ROLE me LOGIN SUPERUSER PASSWORD 'se:c@ret'")
        server.stop()
        port = _free_port()
        (server.folder / "d" / "pg_hba.conf").write_text("local all owner trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        server.options, server.port = ("-c", "listen_addresses=127.0.0.1"), port
        server.start()
        url = f"postgresql://me@127.0.0.1:{port}/postgres"
        with pytest.raises(StoreError, match="does not let this user in"):
            open_reader(url)
        with pytest.raises(StoreError, match="does not let this user in") as caught:
            open_reader(f"postgresql://me:wrong@127.0.0.1:{port}/postgres")
        assert "wrong" not in caught.value.message
        open_reader(f"postgresql://me:{quote('se:c@ret')}@127.0.0.1:{port}/postgres").close()
        passwords = tmp_path_factory.mktemp("home") / "pgpass"
        passwords.write_text(f"127.0.0.1:{port}:*:me:se\\:c@ret\n")
        passwords.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(passwords))
        open_reader(url).close()
        monkeypatch.setenv("PGHOST", "127.0.0.1")
        monkeypatch.setenv("PGPORT", str(port))
        open_reader("postgresql://me@/postgres").close()
        # This server has no certificate: who demands TLS gets no connection without it.
        with pytest.raises(StoreError, match="SSL"):
            open_reader(f"{url}?sslmode=verify-full")


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_tables_of_another_application_are_left_alone(postgres_server: Server) -> None:
    theirs = postgres_server.url()
    postgres_server.execute(theirs, "CREATE TABLE locks (id int)")
    for opening in (open_reader, lambda url: open_store(url, create=True)):
        with pytest.raises(StoreError, match="tables of another application are in the way: locks"):
            opening(theirs)
    postgres_server.execute(theirs, "ALTER TABLE locks RENAME TO meta")
    with pytest.raises(CorruptStateError):
        open_reader(theirs)


def test_a_newer_state_is_refused_with_both_versions_and_stays_as_it_is(postgres_server: Server, url: str) -> None:
    postgres_server.execute(url, "UPDATE meta SET schema_version = schema_version + 1")
    before = rows(postgres_server, url)
    for opening in (open_reader, open_facts, lambda url: open_store(url, create=True)):
        with pytest.raises(StateVersionError, match=f"version {CURRENT_VERSION + 1}; this version of reconciler knows {CURRENT_VERSION}"):
            opening(url)
    assert rows(postgres_server, url) == before


def test_an_older_state_is_migrated_once_with_its_tables_kept(postgres_server: Server, url: str) -> None:
    before = rows(postgres_server, url)
    with pytest.raises(StateVersionError, match=f"version {CURRENT_VERSION}; .* reads {CURRENT_VERSION + 1}") as caught:
        postgresql.open_reader(url, migrations=MORE)
    assert "state migrate" in str(caught.value.hint)
    with pytest.raises(StateVersionError):
        facts.open_shared_facts(url, migrations=MORE)
    assert rows(postgres_server, url) == before
    for _ in range(2):
        with closing(postgresql.open_store(url, create=False, migrations=MORE)) as store:
            assert store.read("acme").organization == an_organization()
    assert postgres_server.execute(url, "SELECT remark FROM organizations") == [("new",)]
    assert rows(postgres_server, url, f"backup_v{CURRENT_VERSION}_") == before
    with pytest.raises(StateVersionError):
        open_reader(url)


def test_a_migration_that_fails_leaves_the_older_state(postgres_server: Server, url: str) -> None:
    def fail(connection: Connection) -> None:
        add_a_column(connection)
        connection.exec_driver_sql("SELECT * FROM nothing")

    before = rows(postgres_server, url)
    with pytest.raises(StoreError):
        postgresql.open_store(url, create=False, migrations=(*MIGRATIONS, fail))
    assert rows(postgres_server, url) == before
    assert postgres_server.execute(url, "SELECT to_regclass('backup_v3_meta')") == [(None,)]
    open_reader(url).close()


@pytest.fixture
def both(url: str) -> tuple[SqlStore, SqlStore]:
    return postgresql.open_store(url, create=False), postgresql.open_store(url, create=False)


def test_who_unlocks_waits_for_the_change_that_is_being_written(url: str, both: tuple[SqlStore, SqlStore]) -> None:
    first, second = both
    far = replace(MINE, host="another-host")
    with closing(first), closing(second), first.lock(["acme"], far, timeout=AT_ONCE, record=RECORD) as lock:
        # The rows of a lock that a change goes by are not to be had until that is committed.
        with first._transaction() as connection:
            assert locks.held(connection, lock.id, ["acme"]) == {"acme"}
            with second._transaction() as other:
                other.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
                with pytest.raises(Exception, match="lock timeout"):
                    locks.find(other, lock.id)
        second.unlock(lock.id, RECORD)
        with pytest.raises(FencedError, match="no longer held"):
            first.commit(lock, "acme", after=None, expected_serial=1, records=[RECORD], follow_ups=())


def test_a_serial_that_another_writer_moved_meanwhile_fences(url: str, both: tuple[SqlStore, SqlStore]) -> None:
    first, second = both
    with closing(first), closing(second), first.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD) as lock:
        # Both hold the lock, as a paused holder and the one after it would without the rows of the lock itself.
        first.commit(lock, "acme", after=an_organization(2), expected_serial=1, records=[RECORD], follow_ups=())
        with pytest.raises(FencedError, match="serial"):
            second.commit(lock, "acme", after=an_organization(9), expected_serial=1, records=[RECORD], follow_ups=())
        assert second.read("acme").organization == an_organization(2)
        assert list(second.problems()) == []


def test_entries_that_are_written_side_by_side_make_one_chain(url: str) -> None:
    def write(number: int) -> None:
        with closing(open_store(url, create=False)) as store:
            for step in range(20):
                store.note("acme", [replace(RECORD, kind=EntryKind.INTENT, detail=f"{number}/{step}")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with closing(open_reader(url)) as reader:
        entries = list(reader.entries("acme"))
        assert [entry.seq for entry in entries] == list(range(1, 82))
        assert all(later.previous == earlier.hash for earlier, later in pairwise(entries))
        assert len({entry.record.detail for entry in entries}) == 81
        assert list(reader.problems()) == []


def test_locks_that_are_wanted_in_any_order_by_many_are_had_in_turn(url: str) -> None:
    names = [f"org-{number:02}" for number in range(12)]
    failed: list[BaseException] = []

    def take(number: int) -> None:
        try:
            with closing(open_store(url, create=False)) as store:
                for step in range(10):
                    wanted = names[number : number + 6][:: -1 if step % 2 else 1]
                    with store.lock(wanted, MINE, timeout=timedelta(seconds=30), record=RECORD) as lock:
                        assert lock.organizations == set(wanted)
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with closing(open_reader(url)) as reader:
        assert reader.locks() == []


def test_what_a_text_of_the_engine_cannot_hold_is_refused_and_nothing_written(url: str) -> None:
    with closing(open_store(url, create=False)) as store:
        with pytest.raises(StoreError):
            store.note("acme", [replace(RECORD, detail="a\0b")])
        assert [entry.seq for entry in store.entries()] == [1]


def test_a_server_that_goes_away_is_told_and_what_was_committed_is_there_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    def two_commits(store: Store) -> None:
        with store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD) as lock:
            store.commit(lock, "acme", after=an_organization(2), expected_serial=1, records=[RECORD], follow_ups=())
            server.stop(signal.SIGQUIT)
            store.commit(lock, "acme", after=an_organization(3), expected_serial=2, records=[RECORD], follow_ups=())

    with postgres.running() as server:
        url = server.url()
        put(url, "acme")
        with closing(open_store(url, create=False)) as store:
            with caplog.at_level(logging.WARNING, logger="reconciler"), pytest.raises(StorageFaultError, match="was lost") as caught:
                two_commits(store)
            assert "may or may not be stored" in str(caught.value.hint)
        with pytest.raises(StorageFaultError, match="cannot be reached"):
            open_reader(url)
        server.start()
        with closing(open_store(url, create=False)) as store:
            assert store.read("acme").organization == an_organization(2)
            assert list(store.problems()) == []
            (left,) = store.locks()
            assert f"reconciler unlock {left.id}" in caplog.text
            # The lock of a process that is alive, this one, is nobody else's.
            with pytest.raises(LockedError), store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD):
                pass


OWNER = """
CREATE ROLE {schema}_writer LOGIN;
CREATE ROLE {schema}_reader LOGIN;
"""


@pytest.fixture
def roles(postgres_server: Server, url: str) -> dict[str, str]:
    """Make the roles as docs/operations.md says it, and return the URL of each."""
    schema = url.rpartition("%3D")[2]
    with postgres_server.connect() as connection:
        connection.execute(OWNER.format(schema=schema).encode())
    script = postgres.grants(reader=f"{schema}_reader", writer=f"{schema}_writer", schema=schema)
    postgres_server.execute(url, script)
    return {name: postgres_server.url(schema=schema, user=f"{schema}_{name}") for name in ("reader", "writer")}


def test_a_reader_reads_all_and_writes_nothing(roles: dict[str, str]) -> None:
    with closing(open_reader(roles["reader"])) as reader, closing(open_facts(roles["reader"])) as found:
        assert reader.read("acme").organization == an_organization()
        assert list(reader.problems()) == []
        assert found.names() == ("acme",)
        assert list(reader.verdicts("x")) == []
    with closing(open_store(roles["reader"], create=False)) as store:
        with pytest.raises(StoreError, match="the role may not do this") as caught:
            store.note("acme", [RECORD])
        assert caught.value.hint
        with pytest.raises(StoreError, match="the role may not do this"), store.lock(["acme"], MINE, timeout=AT_ONCE, record=RECORD):
            pass


def test_a_writer_applies_and_alters_neither_tables_nor_journal(postgres_server: Server, roles: dict[str, str]) -> None:
    put(roles["writer"], "acme", "beta")
    with closing(open_store(roles["writer"], create=False)) as store:
        assert [head.name for head in store.heads()] == ["acme", "beta"]
        assert store.remember("view", [], gone=(), expected=None, at=NOW)
        assert list(store.problems()) == []
    forbidden = (
        "UPDATE journal SET detail = ''",
        "DELETE FROM journal",
        "DELETE FROM organizations",
        "DROP TABLE journal",
        "UPDATE meta SET lineage = ''",
        "CREATE TABLE more (id int)",
    )
    for statement in forbidden:
        with pytest.raises(Exception, match=r"permission denied|must be owner"):
            postgres_server.execute(roles["writer"], statement)
    with pytest.raises(StoreError, match="the role may not do this"):
        postgresql.open_store(roles["writer"], create=False, migrations=MORE)
