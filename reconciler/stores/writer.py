"""Changing a state: every method is one transaction, and what it wrote is durable when it returns."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from reconciler.model.changes import FollowUp
from reconciler.model.errors import FencedError, LockedError, StoreError
from reconciler.model.journal import ChainHead, Record
from reconciler.model.protocols import Holder, Lock, LockInfo
from reconciler.model.resources import Organization
from reconciler.model.verdicts import Basis, Verdict
from reconciler.stores import locks, remembering
from reconciler.stores.faults import fence
from reconciler.stores.holders import is_dead, is_local, living, naming, who
from reconciler.stores.reader import SqlReader
from reconciler.stores.rows import Row, entry_of, entry_row, follow_ups_text, organization_row
from reconciler.stores.schema import chains, journal, organizations

_POLL: Final = 0.2
"""Seconds between two looks at a lock that somebody else holds."""

_log = logging.getLogger("reconciler")

_CHAIN: Final = select(chains.c.organization, chains.c.seq, chains.c.hash).where(chains.c.organization == bindparam("organization"))
_PLACE: Final = select(organizations.c.serial, organizations.c.digest).where(organizations.c.name == bindparam("organization"))
_APPEND: Final = insert(journal)
_BEGIN_CHAIN: Final = insert(chains)
_MOVE_CHAIN: Final = update(chains).where(chains.c.organization == bindparam("of"), chains.c.hash == bindparam("previous"))
_STORE: Final = insert(organizations)
_LEAVE_OPEN: Final = update(organizations).where(organizations.c.name == bindparam("of"))
_REPLACE: Final = update(organizations).where(organizations.c.name == bindparam("of"), organizations.c.serial == bindparam("expected"))


def wait(seconds: float) -> None:
    """Let *seconds* pass; a signal still interrupts."""
    threading.Event().wait(seconds)


class SqlStore(SqlReader):
    """A `Store` over two connections: one to read, one whose transactions begin as a writer's."""

    def __init__(
        self,
        reading: Connection,
        writing: Connection,
        *,
        location: str,
        held: ExitStack,
        pause: Callable[[float], None] = wait,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the lineage.

        Args:
            reading: as for `SqlReader`.
            writing: its transactions take the writer's place in the database as they begin.
            location: the masked URL.
            held: what `close` lets go of; taken over once the lineage was read.
            pause: waits that many seconds for another holder.
            monotonic: seconds that only grow.
        """
        super().__init__(reading, location=location, held=held)
        self._writing = writing
        self._pause = pause
        self._monotonic = monotonic

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with fence(self.location), self._writing.begin():
            yield self._writing

    @contextmanager
    def lock(self, organizations: Sequence[str], holder: Holder, *, timeout: timedelta, record: Record) -> Iterator[Lock]:
        """Hold the locks of all *organizations* for the block."""
        lock = self._wait_for(sorted(set(organizations)), holder, timeout, record)
        try:
            yield lock
        finally:
            self._release(lock)

    def _wait_for(self, names: Sequence[str], holder: Holder, timeout: timedelta, record: Record) -> Lock:
        deadline = self._monotonic() + timeout.total_seconds()
        while True:
            try:
                return self._acquire(names, holder, record)
            except LockedError:
                left = deadline - self._monotonic()
                if left <= 0:
                    raise
            self._pause(min(left, _POLL))

    def _acquire(self, names: Sequence[str], holder: Holder, record: Record) -> Lock:
        lock_id = uuid.uuid4().hex
        with self._transaction() as connection:
            dead = locks.take(connection, lock_id, names, holder)
            for info in dead:
                for name in info.organizations:
                    _append(connection, name, [naming(record, info)])
        for info in dead:
            _log.warning("took over the lock of %s: that process is gone", who(info))
        return Lock(id=lock_id, organizations=frozenset(names), taken_over=dead)

    def _release(self, lock: Lock) -> None:
        """Let go, and never hide what happened inside the block: what was stored is stored, a lock left behind is told."""
        try:
            with self._transaction() as connection:
                locks.release(connection, lock.id)
        except StoreError as error:
            _log.warning("lock %s could not be released: %s; reconciler unlock %s", lock.id, error.message, lock.id)

    def commit(
        self,
        lock: Lock,
        organization: str,
        *,
        after: Organization | None,
        expected_serial: int,
        records: Sequence[Record],
        follow_ups: Sequence[FollowUp],
    ) -> int:
        """Store *after* with its records if lock and serial are still ours."""
        row = organization_row(organization, after, expected_serial + 1, follow_ups)
        with self._transaction() as connection:
            _require(connection, lock, organization, hint="plan and apply again")
            _move(connection, row, expected_serial)
            _append(connection, organization, records, place=(expected_serial + 1, row["digest"]))
        return expected_serial + 1

    def attest(self, lock: Lock, organization: str, *, follow_ups: Sequence[FollowUp], records: Sequence[Record]) -> None:
        """Leave *follow_ups* open if the lock is still ours; document and serial stay."""
        left = {"of": organization, "follow_ups": follow_ups_text(organization, follow_ups)}
        with self._transaction() as connection:
            _require(connection, lock, organization, hint="run the command again")
            if connection.execute(_LEAVE_OPEN, left).rowcount != 1:
                raise FencedError(f"{organization}: nothing is stored; nothing was written")
            _append(connection, organization, records)

    def note(self, organization: str, records: Sequence[Record]) -> None:
        """Append records to a chain; document, serial and follow-ups stay."""
        with self._transaction() as connection:
            _append(connection, organization, records)

    def remember(
        self, view: str, verdicts: Iterable[tuple[Verdict, Basis]], *, gone: Iterable[str], expected: str | None, at: datetime
    ) -> bool:
        """Replace verdicts of a view if nobody did so meanwhile."""
        with self._transaction() as connection:
            return remembering.replace(connection, view, verdicts, gone=gone, expected=expected, at=at)

    def unlock(self, lock_id: str, record: Record) -> LockInfo:
        """Release the lock of somebody else who is gone, or on another host."""
        with self._transaction() as connection:
            info = locks.find(connection, lock_id)
            if info is None:
                raise StoreError(f"no lock has the id {lock_id}", hint="a lock that is held names its id when it is in the way")
            if is_local(info.holder) and not is_dead(info.holder):
                raise living(info)
            locks.release(connection, lock_id)
            for name in info.organizations:
                _append(connection, name, [naming(record, info)])
        return info


def _require(connection: Connection, lock: Lock, organization: str, *, hint: str) -> None:
    if locks.owner(connection, organization) != lock.id:
        raise FencedError(f"{organization}: the lock {lock.id} is no longer held; nothing was written", hint=hint)


def _move(connection: Connection, row: Row, expected: int) -> None:
    """Compare and set: write *row* where the serial is *expected*."""
    if expected == 0:
        try:
            connection.execute(_STORE, row)
        except IntegrityError:
            moved = True
        else:
            moved = False
    else:
        moved = connection.execute(_REPLACE, {"of": row["name"], "expected": expected, **row}).rowcount != 1
    if moved:
        raise FencedError(f"{row['name']}: its serial is not {expected} any more; nothing was written", hint="plan and apply again")


def _append(connection: Connection, organization: str, records: Sequence[Record], *, place: tuple[int, str | None] | None = None) -> None:
    """Add *records* to a chain; *place* is the organization's serial and digest after them, None when these stay as stored."""
    if not records:
        return
    if place is None:
        found = connection.execute(_PLACE, {"organization": organization}).one_or_none()
        place = (0, None) if found is None else (found.serial, found.digest)
    serial, digest = place
    standing = connection.execute(_CHAIN, {"organization": organization}).one_or_none()
    first = head = None if standing is None else ChainHead(organization=organization, seq=standing.seq, hash=standing.hash)
    rows = []
    for record in records:
        entry = entry_of(organization, record, after=head, serial=serial, digest=digest)
        rows.append(entry_row(entry))
        head = ChainHead(organization=organization, seq=entry.seq, hash=entry.hash)
    connection.execute(_APPEND, rows)
    last = {"seq": rows[-1]["seq"], "hash": rows[-1]["hash"]}
    if first is None:
        connection.execute(_BEGIN_CHAIN, {"organization": organization, **last})
    else:
        connection.execute(_MOVE_CHAIN, {"of": organization, "previous": first.hash, **last})
