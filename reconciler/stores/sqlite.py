"""What is special about SQLite: creating, opening and migrating one file, with SQLAlchemy over it.

Rollback journal, never write-ahead logging: checks leave no file behind. How a file is opened to read stands in `opening`.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event

from reconciler.stores import files
from reconciler.stores.faults import fence
from reconciler.stores.migrate import CURRENT_VERSION, MIGRATIONS, Migration, apply_all, begin, is_current
from reconciler.stores.opening import APPLICATION_ID, connect, layout, open_file, pragma, private_folder, readable_file
from reconciler.stores.reader import SqlReader
from reconciler.stores.schema import metadata
from reconciler.stores.writer import SqlStore, wait


def reading(raw: sqlite3.Connection) -> Connection:
    """Return a SQLAlchemy connection on which each statement is a transaction of its own."""
    return _engine(raw).connect()


def writing(raw: sqlite3.Connection) -> Connection:
    """Return a SQLAlchemy connection whose transactions are a writer's from their first statement on.

    Source: SQLAlchemy, dialect `pysqlite`, "Serializable isolation / Savepoints / Transactional DDL".
    """
    engine = _engine(raw)
    event.listen(engine, "begin", _begin)
    # FULL, and the folder as well: without it a power cut just after a commit may take that commit back.
    raw.execute("PRAGMA synchronous=EXTRA")
    return engine.connect()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _engine(raw: sqlite3.Connection) -> Engine:
    return create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)


def open_reader(path: Path, *, location: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> SqlReader:
    """Open the state in *path* to read, without a write to it or beside it.

    What needs one (a hot journal, an older version) happens to a private copy, which `close` removes.
    """
    with ExitStack() as opened:
        raw = readable_file(path, location, opened)
        if not is_current(layout(raw, location), migrations, location):
            raw = migrated_copy(raw, location, migrations, opened)
        return SqlReader(opened.enter_context(closing(reading(raw))), location=location, held=opened)


def migrated_copy(raw: sqlite3.Connection, location: str, migrations: tuple[Migration, ...], opened: ExitStack) -> sqlite3.Connection:
    """Return today's version of the older state behind *raw*: a private copy, which *opened* removes."""
    with fence(location):
        copy = opened.enter_context(closing(sqlite3.connect(private_folder(opened) / "state.db", isolation_level=None)))
        raw.backup(copy)
    _migrate(copy, location, migrations, backup=lambda version: None)
    return copy


def open_store(
    path: Path,
    *,
    location: str,
    migrations: tuple[Migration, ...] = MIGRATIONS,
    pause: Callable[[float], None] = wait,
    monotonic: Callable[[], float] = time.monotonic,
) -> SqlStore:
    """Open the state in *path* to change it; make it when there is none, migrate it when it is older."""
    with fence(location):
        if not path.exists():
            files.refuse_orphaned_journal(path, location)
            files.create(path, lambda temporary: _build(temporary, location, begin))
        files.clean(path)
    with ExitStack() as opened:
        raw = opened.enter_context(closing(open_file(path, "rw", location)))
        if not is_current(layout(raw, location), migrations, location):
            _migrate(raw, location, migrations, backup=lambda version: _back_up(path, version))
        reads = opened.enter_context(closing(reading(raw)))
        writes = opened.enter_context(closing(writing(raw)))
        return SqlStore(reads, writes, location=location, held=opened, pause=pause, monotonic=monotonic)


def make(path: Path, location: str, fill: Callable[[Connection], None]) -> bool:
    """Make a state in *path* out of what *fill* writes into its empty tables; tell whether there was none before."""
    with fence(location):
        if path.exists():
            files.clean(path)
            return False
        files.refuse_orphaned_journal(path, location)
        try:
            files.create(path, lambda temporary: _build(temporary, location, fill), same=False)
        except FileExistsError:
            return False
        files.clean(path)
    return True


def snapshot(path: Path, location: str, opened: ExitStack) -> Connection | None:
    """Return a connection that reads the state in *path* as it is at one moment; None when there is none."""
    if not path.exists():
        return None
    raw = readable_file(path, location, opened)
    if not is_current(pragma(raw, "user_version"), MIGRATIONS, location):
        raw = migrated_copy(raw, location, MIGRATIONS, opened)
    raw.execute("BEGIN")
    return opened.enter_context(closing(reading(raw)))


def _build(temporary: Path, location: str, fill: Callable[[Connection], None]) -> None:
    """Write a state into *temporary*; nobody else knows that file, so it needs no journal."""
    with fence(location), closing(connect(temporary, "rw")) as raw:
        raw.execute("PRAGMA journal_mode=OFF")
        with closing(writing(raw)) as connection, connection.begin():
            metadata.create_all(connection)
            fill(connection)
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={CURRENT_VERSION}")


def _migrate(raw: sqlite3.Connection, location: str, migrations: tuple[Migration, ...], backup: Callable[[int], None]) -> None:
    with fence(location), closing(writing(raw)) as connection, connection.begin():
        found = pragma(raw, "user_version")
        if is_current(found, migrations, location):
            return  # another process was faster
        backup(found)
        today = apply_all(connection, found, migrations)
        connection.exec_driver_sql(f"PRAGMA user_version={today}")


def _back_up(path: Path, version: int) -> None:
    """Copy the state to `NAME.vVERSION.backup`; the caller's transaction keeps other writers away."""
    target = path.with_name(f"{path.name}.v{version}.backup")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(connect(path, "ro")) as source, closing(connect(part, "rw")) as copy:
            copy.execute("PRAGMA journal_mode=OFF")
            source.backup(copy)
        files.sync(part)
        part.replace(target)
    finally:
        # Half a backup is none, and on a full disk it is in the way.
        part.unlink(missing_ok=True)
    files.sync(target.parent)
