"""What is special about PostgreSQL: making and migrating the tables, and sessions of two kinds, with SQLAlchemy over them.

Writers work side by side: each locks the rows it goes by (`locks`, `writer`), and what two must not do at once the keys of the tables refuse.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, create_engine, insert, text

from reconciler.model.errors import MissingStateError
from reconciler.stores.connecting import READS, TABLES, VISIBLE, WRITES, connect, is_there, version_found
from reconciler.stores.faults import fence
from reconciler.stores.migrate import CURRENT_VERSION, MIGRATIONS, Migration, apply_all, is_current
from reconciler.stores.reader import SqlReader
from reconciler.stores.schema import meta, metadata
from reconciler.stores.urls import masked
from reconciler.stores.writer import SqlStore, wait

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
    with closing(connect(url, WRITES)) as raw:
        version = version_found(raw, location, migrations)
    if version is None and not create:
        raise MissingStateError(f"there is no stored state at {location}", hint="reconciler apply makes it; --state names another one")
    if version is None or not is_current(version, migrations, location):
        make_current(url, migrations)
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


def make_current(url: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[int | None, int]:
    """Make the tables at *url*, or migrate them, in one transaction, while nobody else does; return the versions before and after."""
    location = masked(url)
    today = CURRENT_VERSION if migrations is MIGRATIONS else 1 + len(migrations)
    with fence(location), closing(_engine(url, WRITES).connect()) as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EXCLUSIVE})
        with closing(connect(url, READS)) as raw:
            version = version_found(raw, location, migrations)
        if version is None:
            metadata.create_all(connection, checkfirst=False)
            connection.execute(insert(meta).values(lineage=str(uuid.uuid4()), schema_version=CURRENT_VERSION))
        elif not is_current(version, migrations, location):
            _back_up(connection, version)
            apply_all(connection, version, migrations)
    return version, today


def _back_up(connection: Connection, version: int) -> None:
    """Copy each table to `backup_vVERSION_TABLE`, in the transaction of the migration."""
    for name in connection.exec_driver_sql(VISIBLE, (list(TABLES),)).scalars().all():
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS backup_v{version}_{name}")
        connection.exec_driver_sql(f"CREATE TABLE backup_v{version}_{name} AS TABLE {name}")
