"""Locks as rows: one an organization, all rows of a lock taken and released together.

Where several writers work side by side (PostgreSQL) they touch rows in one order, locks before chains and each by name, so that none waits
for another that waits for it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from reconciler.model.errors import StoreError
from reconciler.model.protocols import Holder, LockInfo
from reconciler.stores.holders import is_dead, locked
from reconciler.stores.rows import Columns, lock_row, read_locks
from reconciler.stores.schema import locks

_PART: Final = 500
"""So many names are asked for in one statement; engines limit its parameters."""

_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_ON: Final = select(locks).where(locks.c.organization.in_(_NAMES))
# Until the transaction ends nobody takes away what was found: a lock that is ours now is ours when the change is committed.
_HELD: Final = (
    select(locks.c.organization)
    .where(locks.c.id == bindparam("lock_id"), locks.c.organization.in_(_NAMES))
    .order_by(locks.c.organization)
    .with_for_update()
)
_FIND: Final = select(locks).where(locks.c.id == bindparam("lock_id")).order_by(locks.c.organization).with_for_update()
_TAKE: Final = insert(locks)
_RELEASE: Final = delete(locks).where(locks.c.id == bindparam("lock_id"))
_RELEASE_ONE: Final = _RELEASE.where(locks.c.organization == bindparam("name"))


class OvertakenError(StoreError):
    """Another writer took one of the locks between the look and the taking; the next look shows it."""


def in_parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield *names* in parts that fit into one statement: a lock may cover a whole fleet."""
    for start in range(0, len(names), _PART):
        yield names[start : start + _PART]


def take(connection: Connection, lock_id: str, organizations: Sequence[str], holder: Holder) -> tuple[LockInfo, ...]:
    """Lock *organizations*, sorted, as *lock_id*; return the dead locks that stood in the way, cut down to these organizations.

    Raises:
        LockedError: a holder that may be alive has one of them; the caller's transaction is to be rolled back.
        OvertakenError: likewise, and the next attempt can name the holder.
    """
    standing = read_locks(_on(connection, organizations))
    one_machine = connection.dialect.name == "sqlite"
    alive = [info for info in standing if not is_dead(info.holder, one_machine=one_machine)]
    if alive:
        raise locked(alive, organizations)
    dead = sorted((name, info.id) for info in standing for name in info.organizations)
    if dead:
        connection.execute(_RELEASE_ONE, [{"lock_id": its, "name": name} for name, its in dead])
    if organizations:
        try:
            connection.execute(_TAKE, [lock_row(name, lock_id, holder) for name in organizations])
        except IntegrityError as error:
            raise OvertakenError("another run took the lock at the same moment") from error
    return tuple(standing)


def _on(connection: Connection, organizations: Sequence[str]) -> Iterator[Columns]:
    for names in in_parts(organizations):
        yield from connection.execute(_ON, {"names": names}).mappings().all()


def held(connection: Connection, lock_id: str, organizations: Sequence[str]) -> frozenset[str]:
    """Return which of *organizations* the lock of that id covers; it does so until the caller's transaction ends."""
    return frozenset(connection.execute(_HELD, {"lock_id": lock_id, "names": organizations}).scalars())


def find(connection: Connection, lock_id: str) -> LockInfo | None:
    """Return the lock with that id; nobody else releases it until the caller's transaction ends."""
    return next(iter(read_locks(iter(connection.execute(_FIND, {"lock_id": lock_id}).mappings().all()))), None)


def release(connection: Connection, lock_id: str) -> None:
    """Release all that *lock_id* covers; nothing when it is gone already."""
    connection.execute(_RELEASE, {"lock_id": lock_id})
