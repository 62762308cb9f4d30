"""Changing a state: every method is one transaction, and what it wrote is durable when it returns."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from reconciler.model.changes import FollowUp
from reconciler.model.errors import FencedError, LockedError, StoreError
from reconciler.model.journal import ChainHead, Record
from reconciler.model.protocols import Commit, Holder, Lock, LockInfo
from reconciler.model.resources import Organization
from reconciler.model.verdicts import Basis, Verdict
from reconciler.stores import locks, remembering
from reconciler.stores.faults import fence
from reconciler.stores.holders import is_dead, is_local, living, naming, who
from reconciler.stores.reader import SqlReader, Streaming
from reconciler.stores.rows import CHAIN, PLACE, Row, chain_rows, follow_ups_text, organization_row, readable, whole_number
from reconciler.stores.schema import chains, journal, organizations

_POLL: Final = 0.2
"""Seconds between two looks at a lock that somebody else holds."""

_NOTHING: Final = (0, None)
"""Serial and digest of what is not stored."""

_log = logging.getLogger("reconciler")

_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
# Until the transaction ends nobody else adds to what was found.
_CHAINS: Final = (
    select(chains.c.organization, chains.c.seq, chains.c.hash)
    .where(chains.c.organization.in_(_NAMES))
    .order_by(chains.c.organization)
    .with_for_update()
)
_PLACES: Final = select(organizations.c.name, organizations.c.serial, organizations.c.digest).where(organizations.c.name.in_(_NAMES))
_APPEND: Final = insert(journal)
_BEGIN_CHAIN: Final = insert(chains)
_MOVE_CHAIN: Final = update(chains).where(chains.c.organization == bindparam("of"), chains.c.hash == bindparam("previous"))
_STORE: Final = insert(organizations)
_LEAVE_OPEN: Final = update(organizations).where(organizations.c.name == bindparam("of"))
_REPLACE: Final = update(organizations).where(organizations.c.name == bindparam("of"), organizations.c.serial == bindparam("expected"))


class _Appended(NamedTuple):
    """Records for one chain, with the organization's serial and digest after them."""

    organization: str
    records: Sequence[Record]
    serial: int
    digest: str | None


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
        streaming: Streaming = nullcontext,
        pause: Callable[[float], None] = wait,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the lineage.

        Args:
            reading: as for `SqlReader`.
            writing: on SQLite, its transactions take the one writer's place in the database as they begin.
            location: as for `SqlReader`.
            held: likewise.
            streaming: likewise.
            pause: waits that many seconds for another holder.
            monotonic: seconds that only grow.
        """
        super().__init__(reading, location=location, held=held, streaming=streaming)
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
            except locks.OvertakenError:
                continue
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
                _note(connection, {name: [naming(record, info)] for name in info.organizations})
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
        one = Commit(organization=organization, after=after, expected_serial=expected_serial, records=records, follow_ups=follow_ups)
        self.commit_all(lock, [one])
        return expected_serial + 1

    def commit_all(self, lock: Lock, commits: Sequence[Commit]) -> None:
        """Store all of *commits* if the lock and every serial are still ours."""
        rows = [organization_row(one.organization, one.after, one.expected_serial + 1, one.follow_ups) for one in commits]
        names = [one.organization for one in commits]
        with self._transaction() as connection:
            _require(connection, lock, names, hint="plan and apply again")
            _move(connection, rows)
            _append(
                connection,
                _standing(connection, names),
                [_Appended(one.organization, one.records, row["serial"], row["digest"]) for one, row in zip(commits, rows, strict=True)],
            )

    def attest(self, lock: Lock, organization: str, *, follow_ups: Sequence[FollowUp], records: Sequence[Record]) -> None:
        """Leave *follow_ups* open if the lock is still ours; document and serial stay."""
        left = {"of": organization, "follow_ups": follow_ups_text(organization, follow_ups)}
        with self._transaction() as connection:
            _require(connection, lock, [organization], hint="run the command again")
            if connection.execute(_LEAVE_OPEN, left).rowcount != 1:
                raise FencedError(f"{organization}: nothing is stored; nothing was written")
            _note(connection, {organization: records})

    def note(self, organization: str, records: Sequence[Record]) -> None:
        """Append records to a chain; document, serial and follow-ups stay."""
        with self._transaction() as connection:
            _note(connection, {organization: records})

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
            if is_local(info.holder) and not is_dead(info.holder, one_machine=False):
                raise living(info)
            locks.release(connection, lock_id)
            _note(connection, {name: [naming(record, info)] for name in info.organizations})
        return info


def _require(connection: Connection, lock: Lock, names: Sequence[str], *, hint: str) -> None:
    ours = locks.held(connection, lock.id, names)
    for name in names:
        if name not in ours:
            raise FencedError(f"{name}: the lock {lock.id} is no longer held; nothing was written", hint=hint)


def _move(connection: Connection, rows: Sequence[Row]) -> None:
    """Compare and set: write each of *rows* where the serial is the one before its own.

    Where several are written at once, the engine does not say which of them was overtaken: they are looked at first, and an engine that
    lets others write meanwhile is asked by the writing itself once more.
    """
    places = _places(connection, [row["name"] for row in rows])
    for row in rows:
        if places.get(row["name"], _NOTHING)[0] != row["serial"] - 1:
            raise _moved(row)
    new = [row for row in rows if row["serial"] == 1]
    known = [{"of": row["name"], "expected": row["serial"] - 1, **row} for row in rows if row["serial"] > 1]
    try:
        if new:
            connection.execute(_STORE, new)
    except IntegrityError as error:
        raise _moved(new[0]) from error
    if known and connection.execute(_REPLACE, known).rowcount != len(known):
        raise _moved(known[0])


def _moved(row: Row) -> FencedError:
    return FencedError(f"{row['name']}: its serial is not {row['serial'] - 1} any more; nothing was written", hint="plan and apply again")


def _note(connection: Connection, records: Mapping[str, Sequence[Record]]) -> None:
    """Add records to the chains of organizations whose serial and digest stay as stored."""
    for names in locks.in_parts(sorted(records)):
        # The chains first: what is read then is what their last entries speak of.
        standing = _standing(connection, names)
        places = _places(connection, names)
        _append(connection, standing, [_Appended(name, records[name], *places.get(name, _NOTHING)) for name in names])


def _places(connection: Connection, names: Sequence[str]) -> dict[str, tuple[int, str | None]]:
    """Return serial and digest of every stored one of *names*."""
    found = connection.execute(_PLACES, {"names": names}).all()
    with readable("a row of the table organizations"):
        for row in found:
            PLACE.check(row)
        return {name: (whole_number(serial), digest) for name, serial, digest in found}


def _standing(connection: Connection, names: Sequence[str]) -> dict[str, ChainHead]:
    """Return the heads of chains, by organization; they stay so until the transaction ends."""
    found = connection.execute(_CHAINS, {"names": names}).all()
    with readable("a row of the table chains"):
        for row in found:
            CHAIN.check(row)
        return {name: ChainHead(organization=name, seq=whole_number(seq), hash=own) for name, seq, own in found}


def _append(connection: Connection, standing: Mapping[str, ChainHead], appended: Sequence[_Appended]) -> None:
    """Add records to the chains of several organizations, one group for each."""
    added: list[Row] = []
    begun: list[Row] = []
    moved: list[Row] = []
    for name, records, serial, digest in appended:
        first = standing.get(name)
        rows = chain_rows(name, records, after=first, serial=serial, digest=digest)
        if not rows:
            continue
        added += rows
        last = {"seq": rows[-1]["seq"], "hash": rows[-1]["hash"]}
        if first is None:
            begun.append({"organization": name, **last})
        else:
            moved.append({"of": name, "previous": first.hash, **last})
    try:
        if begun:
            connection.execute(_BEGIN_CHAIN, begun)
    except IntegrityError as error:
        raise FencedError("another run began one of the journals; nothing was written", hint="run the command again") from error
    if added:
        _insert_entries(connection, added)
    if moved:
        connection.execute(_MOVE_CHAIN, moved)


def _insert_entries(connection: Connection, rows: Sequence[Row]) -> None:
    # The driver takes the rows as they are: going through each of them takes SQLAlchemy as long as SQLite takes to store it.
    compiled = _APPEND.compile(dialect=connection.dialect)
    columns = compiled.positiontup
    connection.exec_driver_sql(str(compiled), list(rows) if columns is None else list(map(itemgetter(*columns), rows)))
