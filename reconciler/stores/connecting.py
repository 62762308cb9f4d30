"""Connecting to a state in PostgreSQL, with nothing but psycopg: SQLAlchemy takes longer to load than most questions to answer.

The URL goes to libpq as it is: TLS, password files, services and `PG*` variables are its business, and search_path names the schema.
"""

import os
from contextlib import closing
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reconciler.model.errors import CorruptStateError, StateVersionError, StoreError, UsageError
from reconciler.stores.faults import fence
from reconciler.stores.files import RESTORE
from reconciler.stores.migrate import BASE_VERSION, MIGRATIONS, Migration, is_current
from reconciler.stores.server_faults import NO_SCHEMA
from reconciler.stores.urls import ALLOWED, masked

_CONNECT_SECONDS: Final = "10"
"""How long connecting may take where neither the URL nor the environment says it."""

# A statement waits for another writer's rows as long as it would for SQLite's lock. A writer that is stopped in the middle of a
# transaction is cut off after a minute and its transaction undone, so that it does not keep others from its rows for ever.
_SESSION: Final = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = 'warning'"

READS: Final = f"{_SESSION}; SET default_transaction_read_only = on"
"""What holds for a session that reads: the server lets it write nothing."""

WRITES: Final = (
    f"{_SESSION}; SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed';"
    " SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
"""What holds for a session that writes: what it commits is on the disk when the commit returns, whatever the server does for others."""

TABLES: Final = ("meta", "organizations", "journal", "chains", "locks", "views", "verdicts")
"""The tables of a state, without loading their definitions."""

VISIBLE: Final = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND pg_table_is_visible(oid) ORDER BY relname"
"""Which of some names are tables on the search path."""


def connect(url: str, settings: str) -> psycopg.Connection[Any]:
    """Connect by libpq's rules; each transaction begins with its first statement.

    Args:
        url: `postgresql://…`.
        settings: `READS` or `WRITES`; they hold for the session.

    Raises:
        UsageError: libpq cannot read *url*.
        StoreError: the server cannot be reached, or lets nobody in.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Not in libpq's words: they quote what they do not understand, and that may be a password.
        raise UsageError(f"{masked(url)!r} is no URL of a PostgreSQL database", detail=ALLOWED) from None
    own = {"client_encoding": "utf8", "fallback_application_name": "reconciler"}
    if "connect_timeout" not in given and "PGCONNECT_TIMEOUT" not in os.environ:
        own["connect_timeout"] = _CONNECT_SECONDS
    with fence(masked(url)):
        raw = psycopg.connect(make_conninfo(url, **own), autocommit=True)
        try:
            raw.execute(settings.encode())
            raw.autocommit = False
        except BaseException:
            raw.close()
            raise
        return raw


def version_found(raw: psycopg.Connection[Any], location: str, migrations: tuple[Migration, ...]) -> int | None:
    """Return the version of the state that is there, today's or an older one; None when there is none.

    Raises:
        StateVersionError: a newer version wrote it.
        StoreError: tables of another application stand where its tables would.
    """
    with fence(location), raw.transaction():
        visible = [name for (name,) in raw.execute(VISIBLE, [list(TABLES)])]
        if TABLES[0] not in visible:
            if raw.execute("SELECT current_schema()").fetchone() == (None,):
                # Nothing can be seen from here, which is not the same as nothing being there.
                raise StoreError(f"{location}: there is no schema that this role may use", hint=NO_SCHEMA)
            if visible:
                raise StoreError(
                    f"{location}: tables of another application are in the way: {', '.join(visible)}",
                    hint="give the state a database or a schema of its own",
                )
            return None
        versions = raw.execute("SELECT schema_version FROM meta").fetchall()
    if len(versions) != 1:
        raise CorruptStateError(f"{location} names no lineage", hint=RESTORE)
    version: int = versions[0][0]
    is_current(version, migrations, location)
    return version


def version_at(url: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> int | None:
    """Return the version of the state at *url*, today's or an older one; None when there is none."""
    with closing(connect(url, READS)) as raw:
        return version_found(raw, masked(url), migrations)


def is_there(raw: psycopg.Connection[Any], location: str, migrations: tuple[Migration, ...]) -> bool:
    """Tell whether there is a state, for one who reads it.

    Raises:
        StateVersionError: it is newer, or older: what only reads cannot migrate it, and a copy would have to be made of all of it.
    """
    version = version_found(raw, location, migrations)
    if version is not None and not is_current(version, migrations, location):
        raise StateVersionError(
            f"{location} has schema version {version}; this version of reconciler reads {BASE_VERSION + len(migrations)}",
            hint="reconciler state migrate, with the role that owns the tables",
        )
    return version is not None
