"""Locks as rows: one an organization, all rows of a lock taken and released together."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from reconciler.model.protocols import Holder, LockInfo
from reconciler.stores.holders import is_dead, locked
from reconciler.stores.rows import lock_row, read_locks
from reconciler.stores.schema import locks

_ALL: Final = select(locks)
_HELD: Final = select(locks.c.organization).where(
    locks.c.id == bindparam("lock_id"), locks.c.organization.in_(bindparam("names", expanding=True))
)
_TAKE: Final = insert(locks)
_RELEASE: Final = delete(locks).where(locks.c.id == bindparam("lock_id"))
_RELEASE_ONE: Final = _RELEASE.where(locks.c.organization == bindparam("name"))


def take(connection: Connection, lock_id: str, organizations: Sequence[str], holder: Holder) -> tuple[LockInfo, ...]:
    """Lock *organizations* as *lock_id*; return the dead locks that stood in the way, cut down to these organizations.

    Raises:
        LockedError: a holder that may be alive has one of them; the caller's transaction is to be rolled back.
    """
    wanted = set(organizations)
    rows = (row for row in connection.execute(_ALL).mappings().all() if row["organization"] in wanted)
    standing = read_locks(rows)
    alive = [info for info in standing if not is_dead(info.holder)]
    if alive:
        raise locked(alive, organizations)
    dead = [{"lock_id": info.id, "name": name} for info in standing for name in info.organizations]
    if dead:
        connection.execute(_RELEASE_ONE, dead)
    if organizations:
        connection.execute(_TAKE, [lock_row(name, lock_id, holder) for name in organizations])
    return tuple(standing)


def held(connection: Connection, lock_id: str, organizations: Sequence[str]) -> frozenset[str]:
    """Return which of *organizations* the lock of that id covers."""
    return frozenset(connection.execute(_HELD, {"lock_id": lock_id, "names": organizations}).scalars())


def find(connection: Connection, lock_id: str) -> LockInfo | None:
    """Return the lock with that id."""
    rows = (row for row in connection.execute(_ALL).mappings().all() if row["id"] == lock_id)
    return next(iter(read_locks(rows)), None)


def release(connection: Connection, lock_id: str) -> None:
    """Release all that *lock_id* covers; nothing when it is gone already."""
    connection.execute(_RELEASE, {"lock_id": lock_id})
