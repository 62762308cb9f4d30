"""Stored state, journal and locks behind the protocols `StateReader` and `Store` of `model.protocols`.

Belongs here: SQLAlchemy Core, SQLite, PostgreSQL, files of the state, liveness of lock holders; errors of those libraries end here.
Does not belong here: what a change means, the clock (instants are arguments), manifests, reports, exit codes.

SQLAlchemy costs 200 ms to import, so this module loads it only where a state is opened, and not for the facts alone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.model.errors import MissingStateError, UsageError
from reconciler.model.protocols import Facts, StateReader, Store
from reconciler.stores.empty import EmptyState
from reconciler.stores.files import refuse_orphaned_journal
from reconciler.stores.holders import here
from reconciler.stores.migrate import CURRENT_VERSION
from reconciler.stores.urls import is_postgresql, masked, path_of

__all__ = ["CURRENT_VERSION", "copy_state", "here", "masked", "open_facts", "open_reader", "open_store", "version_at"]


def open_reader(url: str) -> StateReader:
    """Open the stored state at *url* to read; without a state, return an empty one whose `lineage` is None.

    Args:
        url: `sqlite:///relative/path.db` (relative to the current directory), `sqlite:////absolute/path.db`, or `postgresql://…` in the
            form of libpq.

    Raises:
        UsageError: *url* is of another form, or names an engine that is not installed.
        CorruptStateError: what is there is damaged or not ours.
        StateVersionError: a newer version wrote it; in PostgreSQL, also an older one that was not migrated yet.
        StoreError: it cannot be opened.
    """
    if is_postgresql(url):
        with _psycopg():
            from reconciler.stores import postgresql  # noqa: PLC0415 - as below

            return postgresql.open_reader(url) or EmptyState(location=masked(url))
    path = _existing(url)
    if path is None:
        return EmptyState(location=masked(url))
    from reconciler.stores import sqlite  # noqa: PLC0415 - SQLAlchemy only where a state is opened

    return sqlite.open_reader(path, location=masked(url))


def open_facts(url: str) -> Facts:
    """Open the stored state at *url* for questions about access; without a state, as `open_reader`.

    Raises:
        UsageError, CorruptStateError, StateVersionError, StoreError: as for `open_reader`.
    """
    if is_postgresql(url):
        with _psycopg():
            from reconciler.stores import facts  # noqa: PLC0415 - as below

            return facts.open_shared_facts(url) or EmptyState(location=masked(url))
    path = _existing(url)
    if path is None:
        return EmptyState(location=masked(url))
    from reconciler.stores import facts  # noqa: PLC0415 - sqlite3 only where a state is opened

    return facts.open_facts(path, location=masked(url))


def open_store(url: str, *, create: bool) -> Store:
    """Open the stored state at *url* to change it, migrating an older one after a backup copy beside it.

    Args:
        url: as for `open_reader`.
        create: make a missing state, with its parent folders (0700) and its file (0600).

    Raises:
        MissingStateError: there is no state and *create* is false.
        UsageError, CorruptStateError, StateVersionError, StoreError: as for `open_reader`.
    """
    if is_postgresql(url):
        with _psycopg():
            from reconciler.stores import postgresql  # noqa: PLC0415 - as below

            return postgresql.open_store(url, create=create)
    path = path_of(url)
    if not create and _existing(url) is None:
        raise MissingStateError(f"there is no stored state at {masked(url)}", hint="reconciler apply makes it; --state names another one")
    from reconciler.stores import sqlite  # noqa: PLC0415 - SQLAlchemy only where a state is opened

    return sqlite.open_store(path, location=masked(url))


def version_at(url: str) -> int | None:
    """Return the version of the layout of the state at *url*, today's or an older one; None without a state.

    Raises:
        UsageError, CorruptStateError, StateVersionError, StoreError: as for `open_reader`.
    """
    if is_postgresql(url):
        with _psycopg():
            from reconciler.stores import connecting  # noqa: PLC0415 - as above

            return connecting.version_at(url)
    path = _existing(url)
    if path is None:
        return None
    from reconciler.stores import opening  # noqa: PLC0415 - sqlite3 only where a state is opened

    return opening.version_at(path, masked(url))


def copy_state(source: str, target: str, check: Callable[[StateReader], None]) -> None:
    """Copy the state at the URL *source* to *target*, where there must be none: lineage, serials, documents and journal.

    Args:
        source: as for `open_reader`.
        target: likewise.
        check: looks at the copy before it becomes a state; what it raises leaves nothing behind.

    Raises:
        MissingStateError: there is no state at *source*.
        LockedError: a run holds a lock there.
        UsageError, CorruptStateError, StateVersionError, StoreError: as for `open_reader`; and there is a state at *target*.
    """
    with _psycopg():
        from reconciler.stores import copying  # noqa: PLC0415 - SQLAlchemy only where a state is opened

        copying.copy_state(source, target, check)


@contextmanager
def _psycopg() -> Iterator[None]:
    """Say which extra is missing, where psycopg or the libpq under it is not installed."""
    try:
        yield
    except ImportError as error:
        if (error.name or "psycopg").partition(".")[0] != "psycopg":
            raise
        raise UsageError(f"PostgreSQL needs the library psycopg: {error}", hint="pip install 'reconciler[postgres]'") from error


def _existing(url: str) -> Path | None:
    from reconciler.stores.faults import fence  # noqa: PLC0415 - sqlite3 only where a state is looked for

    path = path_of(url)
    # A folder that cannot be looked into is no folder without a state.
    with fence(masked(url)):
        if path.exists():
            return path
        refuse_orphaned_journal(path, masked(url))
    return None
