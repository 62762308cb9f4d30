"""Copying a whole state to another place, on the same engine or another one: as it is at one moment, all of it or nothing.

Lineage, serials and journal stay what they are, so that plans made against the one fit the other. Locks belong to runs at the old place,
and verdicts are made anew.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from sqlalchemy import Connection, Table, insert, select, tuple_

from reconciler.model.errors import MissingStateError, StoreError
from reconciler.model.protocols import StateReader
from reconciler.stores.faults import fence
from reconciler.stores.holders import is_dead, locked
from reconciler.stores.reader import SqlReader
from reconciler.stores.rows import read_locks
from reconciler.stores.schema import chains, journal, locks, meta, organizations
from reconciler.stores.urls import is_postgresql, masked, path_of

_COPIED: Final = (meta, organizations, journal, chains)
_AT_ONCE: Final = 1000

Check = Callable[[StateReader], None]
"""Looks at a copy before it becomes a state; what it raises leaves nothing behind."""


def copy_state(source: str, target: str, check: Check) -> None:
    """Copy the state at the URL *source* to *target*, where there must be none.

    Raises:
        MissingStateError: there is no state at *source*.
        LockedError: a run holds a lock there; what it goes on to record would be missing.
        StoreError: there is a state at *target*, or one of the places cannot be used.
    """
    with _snapshot(source) as reading:
        _refuse_locked(reading)

        def fill(writing: Connection) -> None:
            for table in _COPIED:
                for rows in _pages(reading, table):
                    writing.execute(insert(table), rows)
            check(SqlReader(writing, location=masked(target), held=ExitStack()))

        _make(target, fill)


def _refuse_locked(reading: Connection) -> None:
    one_machine = reading.dialect.name == "sqlite"
    held = read_locks(iter(reading.execute(select(locks)).mappings().all()))
    alive = [info for info in held if not is_dead(info.holder, one_machine=one_machine)]
    if alive:
        raise locked(alive, [name for info in alive for name in info.organizations])


def _pages(connection: Connection, table: Table) -> Iterator[list[dict[str, object]]]:
    """Yield the rows of *table* by its key, some at a time."""
    key = tuple(table.primary_key.columns)
    page = select(table).order_by(*key).limit(_AT_ONCE)
    rows = connection.execute(page).mappings().all()
    while rows:
        yield [dict(row) for row in rows]
        last = [rows[-1][column] for column in key]
        rows = connection.execute(page.where(tuple_(*key) > tuple_(*last))).mappings().all()


@contextmanager
def _snapshot(url: str) -> Iterator[Connection]:
    """Read the state at *url* as it is at one moment."""
    location = masked(url)
    with fence(location), ExitStack() as opened:
        if is_postgresql(url):
            from reconciler.stores import postgresql  # noqa: PLC0415 - psycopg is not always installed

            connection = postgresql.snapshot(url, opened)
        else:
            from reconciler.stores import sqlite  # noqa: PLC0415 - as for the other engine

            connection = sqlite.snapshot(path_of(url), location, opened)
        if connection is None:
            raise MissingStateError(f"there is no stored state at {location}", hint="--state names another one")
        yield connection


def _make(url: str, fill: Callable[[Connection], None]) -> None:
    """Make a state at *url* out of what *fill* writes into its empty tables."""
    location = masked(url)
    if is_postgresql(url):
        from reconciler.stores import postgresql  # noqa: PLC0415 - psycopg is not always installed

        made = postgresql.make(url, fill)
    else:
        from reconciler.stores import sqlite  # noqa: PLC0415 - as for the other engine

        made = sqlite.make(path_of(url), location, fill)
    if not made:
        raise StoreError(
            f"there is a state at {location} already", detail="nothing is copied over a state", hint="name a place without one"
        )
