"""What is special about PostgreSQL: making and migrating the tables, and sessions of two kinds, with SQLAlchemy over them.

Writers work side by side: each locks the rows it goes by (`locks`, `writer`); what two must not do at once the keys of the tables refuse.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from reconciler.model.errors import MissingStateError
from reconciler.stores.connecting import READS, TABLES, VISIBLE, WRITES, connect, is_there, version_at
from reconciler.stores.faults import fence
from reconciler.stores.migrate import MIGRATIONS, Migration, apply_all, begin, is_current
from reconciler.stores.reader import SqlReader
from reconciler.stores.schema import metadata
from reconciler.stores.urls import masked
from reconciler.stores.writer import SqlStore, wait

# What it has to tell about a connection that broke, with a traceback, is told by the error that follows.
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())

_EXCLUSIVE: Final = int.from_bytes(b"RCNL", "big")
"""The advisory lock under which tables are made and migrated."""


def open_reader(url: str, *, migrations: tuple[Migration, ...] = MIGRATIONS) -> SqlReader | None:
    """Open the state at *url* to read; None when there is none.

    Raises:
        StateVersionError: it is of another version.
    """
    location = masked(url)
    with closing(connect(url, READS)) as raw:
        if not is_there(raw, location, migrations):
            return None
    engine = _engine(url, READS)
    with ExitStack() as opened:
        reading = opened.enter_context(closing(_reading(engine, location)))
        return SqlReader(reading, location=location, held=opened, streaming=_streaming(engine, location))


def open_store(
    url: str,
    *,
    create: bool,
    migrations: tuple[Migration, ...] = MIGRATIONS,
    pause: Callable[[float], None] = wait,
    monotonic: Callable[[], float] = time.monotonic,
) -> SqlStore:
    """Open the state at *url* to change it; make its tables when *create* and there are none, migrate them when they are older.

    Raises:
        MissingStateError: there is none, and *create* is false.
    """
    location = masked(url)
    engine = _engine(url, WRITES)
    version = version_at(url, migrations)
    if version is None:
        if not create:
            raise MissingStateError(f"there is no stored state at {location}", hint="reconciler apply makes it; --state names another one")
        make(url, begin)
    elif not is_current(version, migrations, location):
        migrate(url, migrations)
    with ExitStack() as opened:
        reads = opened.enter_context(closing(_reading(engine, location)))
        with fence(location):
            writes = opened.enter_context(closing(engine.connect()))
        streaming = _streaming(engine, location)
        return SqlStore(reads, writes, location=location, held=opened, streaming=streaming, pause=pause, monotonic=monotonic)


def _engine(url: str, settings: str) -> Engine:
    # No pool, and nothing to put right on return: a session ends with its connection, and the server undoes what was left open.
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(url, settings),
        poolclass=NullPool,
        pool_reset_on_return=None,
        use_native_hstore=False,
    )


def _reading(engine: Engine, location: str) -> Connection:
    """Return a connection on which each statement is a transaction of its own."""
    with fence(location):
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def _streaming(engine: Engine, location: str) -> Callable[[Connection], AbstractContextManager[Connection]]:
    @contextmanager
    def stream(reading: Connection) -> Iterator[Connection]:
        # The server keeps a result that is read piece by piece for as long as a transaction lasts.
        with fence(location), closing(engine.connect()) as connection:
            yield connection

    return stream


def make(url: str, fill: Callable[[Connection], None]) -> bool:
    """Make a state at *url* out of what *fill* writes into its empty tables; tell whether there was none before."""
    with _alone(url) as connection:
        if version_at(url) is not None:
            return False
        metadata.create_all(connection, checkfirst=False)
        fill(connection)
    return True


def migrate(url: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Lead an older state at *url* to today's version, with a backup of its tables, in one transaction."""
    with _alone(url) as connection:
        version = version_at(url, migrations)
        if version is not None and not is_current(version, migrations, masked(url)):
            _back_up(connection, version)
            apply_all(connection, version, migrations)


def snapshot(url: str, opened: ExitStack) -> Connection | None:
    """Return a connection that reads the state at *url* as it is at one moment; None when there is none."""
    location = masked(url)
    with closing(connect(url, READS)) as raw:
        if not is_there(raw, location, MIGRATIONS):
            return None
    engine = _engine(url, READS)
    return opened.enter_context(closing(engine.connect().execution_options(isolation_level="REPEATABLE READ")))


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    """Give a transaction during which nobody else makes or migrates these tables."""
    with fence(masked(url)), closing(_engine(url, WRITES).connect()) as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EXCLUSIVE})
        yield connection


def _back_up(connection: Connection, version: int) -> None:
    """Copy each table to `backup_vVERSION_TABLE`, in the transaction of the migration."""
    for name in connection.exec_driver_sql(VISIBLE, (list(TABLES),)).scalars().all():
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS backup_v{version}_{name}")
        connection.exec_driver_sql(f"CREATE TABLE backup_v{version}_{name} AS TABLE {name}")
