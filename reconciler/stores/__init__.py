"""Stored state, journal and locks behind the protocols `StateReader` and `Store` of `model.protocols`.

Belongs here: SQLAlchemy Core, SQLite, files of the state, liveness of lock holders; errors of those libraries end here.
Does not belong here: what a change means, the clock (instants are arguments), manifests, reports, exit codes.

SQLAlchemy costs 200 ms to import, so this module loads it only where a state is opened, and not for the facts alone.
"""

from pathlib import Path

from reconciler.model.errors import MissingStateError
from reconciler.model.protocols import Facts, StateReader, Store
from reconciler.stores.empty import EmptyState
from reconciler.stores.files import refuse_orphaned_journal
from reconciler.stores.holders import here
from reconciler.stores.urls import masked, path_of

__all__ = ["here", "masked", "open_facts", "open_reader", "open_store"]


def open_reader(url: str) -> StateReader:
    """Open the stored state at *url* to read; without a state, return an empty one whose `lineage` is None.

    Args:
        url: `sqlite:///relative/path.db` (relative to the current directory) or `sqlite:////absolute/path.db`.

    Raises:
        UsageError: *url* is of another form, or names an engine that is not supported yet.
        CorruptStateError: what is there is damaged or not ours.
        StateVersionError: a newer version wrote it.
        StoreError: it cannot be opened.
    """
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
    path = path_of(url)
    if not create and _existing(url) is None:
        raise MissingStateError(f"there is no stored state at {masked(url)}", hint="reconciler apply makes it; --state names another one")
    from reconciler.stores import sqlite  # noqa: PLC0415 - SQLAlchemy only where a state is opened

    return sqlite.open_store(path, location=masked(url))


def _existing(url: str) -> Path | None:
    path = path_of(url)
    if path.exists():
        return path
    refuse_orphaned_journal(path, masked(url))
    return None
