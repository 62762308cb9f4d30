"""Reading a state over SQLAlchemy Core: plain columns, pages of the journal, no object mapping."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, bindparam, func, select, tuple_

from reconciler.model.changes import Recorded
from reconciler.model.errors import CorruptStateError
from reconciler.model.instants import parse_instant
from reconciler.model.journal import ChainHead, Entry, EntryKind
from reconciler.model.protocols import LockInfo, Stored, StoredHead
from reconciler.model.verdicts import Basis, Verdict
from reconciler.stores import checks
from reconciler.stores.faults import fence
from reconciler.stores.files import RESTORE
from reconciler.stores.rows import (
    BASIS,
    CHAIN,
    HEAD,
    LAST,
    LAST_CHANGE,
    VERDICT,
    own_instant,
    read_entry,
    read_follow_ups,
    read_locks,
    readable,
    stored,
    whole_number,
)
from reconciler.stores.schema import chains, journal, locks, meta, organizations, verdicts, views

_PAGE: Final = 500
"""Entries read at once: enough to be fast, few enough that no reader holds up a writer for long."""

_SECONDS: Final = len("2026-11-20T09:00:00")

_LINEAGE: Final = select(meta.c.lineage)
_HEAD: Final = (organizations.c.serial, organizations.c.digest, organizations.c.follow_ups)
_HEADS: Final = select(organizations.c.name, *_HEAD, organizations.c.next_end).order_by(organizations.c.name)
_READ: Final = select(*_HEAD, organizations.c.body).where(organizations.c.name == bindparam("name"))
# The row of an organization stays when it is forgotten: without one, no entry may speak of a serial.
_SPOKEN_OF: Final = select(journal.c.seq).where(journal.c.organization == bindparam("name"), journal.c.serial > 0).limit(1)
_CHAINS: Final = select(chains.c.organization, chains.c.seq, chains.c.hash).order_by(chains.c.organization)
_LAST: Final = select(chains.c.organization, journal.c.at).join(
    journal, and_(journal.c.organization == chains.c.organization, journal.c.seq == chains.c.seq)
)
_LAST_CHANGES: Final = (
    select(journal.c.address, journal.c.at, journal.c.run, journal.c.actor, journal.c.operator)
    .where(journal.c.organization == bindparam("organization"), journal.c.kind == EntryKind.CHANGE.value, journal.c.address.is_not(None))
    .order_by(journal.c.seq)
)
# As text, instants sort by their whole seconds, and within one second a fraction comes before none: all of the last second are read.
_LAST_SECOND: Final = (
    select(journal.c.at).distinct().where(journal.c.at >= select(func.substr(func.max(journal.c.at), 1, _SECONDS)).scalar_subquery())
)
_LOCKS: Final = select(locks)
_STREAMED: Final = {"yield_per": _PAGE}
_TOKEN: Final = select(views.c.token).where(views.c.id == bindparam("view"))
_OF_VIEW: Final = verdicts.c.view == bindparam("view")
_VERDICTS: Final = select(*(verdicts.c[field] for field in Verdict._fields)).where(_OF_VIEW).order_by(verdicts.c.organization)
_BASES: Final = select(*(verdicts.c[field] for field in Basis._fields)).where(_OF_VIEW).order_by(verdicts.c.organization)
_PAGE_OF_JOURNAL: Final = (
    select(journal)
    .where(tuple_(journal.c.organization, journal.c.seq) > tuple_(bindparam("after_organization"), bindparam("after_seq")))
    .order_by(journal.c.organization, journal.c.seq)
    .limit(_PAGE)
)
_PAGE_OF_CHAIN: Final = (
    select(journal)
    .where(journal.c.organization == bindparam("organization"), journal.c.seq > bindparam("after_seq"))
    .order_by(journal.c.organization, journal.c.seq)
    .limit(_PAGE)
)


Streaming = Callable[[Connection], AbstractContextManager[Connection]]
"""Given the connection that reads, gives one on which the rows of a statement may be read while others are asked for."""


class SqlReader:
    """A `StateReader` over one connection on which every statement is a transaction of its own."""

    def __init__(self, connection: Connection, *, location: str, held: ExitStack, streaming: Streaming = nullcontext) -> None:
        """Read the lineage.

        Args:
            connection: stays open until `close`.
            location: the masked URL.
            held: what `close` lets go of; taken over once the lineage was read.
            streaming: for results too large to hold; SQLite needs no other connection for them.
        """
        self.location = location
        self._connection = connection
        self._streaming = streaming
        with fence(location):
            lineage = connection.execute(_LINEAGE).scalars().all()
        if len(lineage) != 1 or not isinstance(lineage[0], str):
            raise CorruptStateError(f"{location} names no lineage", hint=RESTORE)
        self.lineage: str | None = lineage[0]
        self._held = held.pop_all()

    def heads(self) -> Iterator[StoredHead]:
        """Yield what is stored of every organization, by name."""
        with fence(self.location):
            rows = self._connection.execute(_HEADS).all()
        found = []
        with readable(f"{self.location}, table organizations,"):
            for row in rows:
                HEAD.check(row)
                name, serial, digest, follow_ups, end = row
                left = read_follow_ups(name, follow_ups)
                next_end = None if end is None else own_instant(end)
                found.append(StoredHead(name=name, serial=whole_number(serial), digest=digest, next_end=next_end, follow_ups=left))
        return iter(found)

    def read(self, name: str) -> Stored:
        """Return one organization, checked against its digest."""
        with fence(self.location):
            row = self._connection.execute(_READ, {"name": name}).one_or_none()
            known = row is not None or self._connection.execute(_SPOKEN_OF, {"name": name}).first() is not None
        if row is not None:
            return stored(name, *row)
        if known:
            raise CorruptStateError(f"the stored state of {name} is gone, and its journal speaks of it", hint=RESTORE)
        return Stored(organization=None, serial=0, digest=None)

    def entries(self, organization: str | None = None) -> Iterator[Entry]:
        """Yield the journal of one organization, or all of it."""
        if organization is None:
            return map(read_entry, self._pages(_PAGE_OF_JOURNAL))
        return map(read_entry, self._pages(_PAGE_OF_CHAIN, organization=organization))

    def entries_of_plan(self, plan_hash: str) -> Iterator[Entry]:
        """Yield what was written while that plan was performed."""
        return map(read_entry, self._pages(_PAGE_OF_JOURNAL, journal.c.plan_hash == plan_hash))

    def _pages(self, page: Select[Any], *only: ColumnElement[bool], **parameters: str) -> Iterator[RowMapping]:
        statement = page.where(*only)
        place: dict[str, Any] = {"after_organization": "", "after_seq": 0}
        while True:
            with fence(self.location):
                rows = self._connection.execute(statement, place | parameters).mappings().all()
            yield from rows
            if len(rows) < _PAGE:
                return
            place = {"after_organization": rows[-1]["organization"], "after_seq": rows[-1]["seq"]}

    def chain_heads(self) -> list[ChainHead]:
        """Return the recorded head of every chain, by organization."""
        with fence(self.location):
            rows = self._connection.execute(_CHAINS).all()
        with readable(f"{self.location}, table chains,"):
            for row in rows:
                CHAIN.check(row)
            return [ChainHead(organization=organization, seq=whole_number(seq), hash=own) for organization, seq, own in rows]

    def last_recorded(self, organization: str | None = None) -> dict[str, datetime]:
        """Return when the last entry of one chain, or of every chain, was written."""
        statement = _LAST if organization is None else _LAST.where(chains.c.organization == organization)
        with fence(self.location):
            rows = self._connection.execute(statement).all()
        with readable(f"{self.location}, table journal,"):
            for row in rows:
                LAST.check(row)
            return {name: parse_instant(at) for name, at in rows}

    def highest_instant(self) -> datetime | None:
        """Return the latest instant of any entry."""
        with fence(self.location):
            last = self._connection.execute(_LAST_SECOND).scalars().all()
        with readable(f"{self.location}, table journal,"):
            return max(map(parse_instant, last), default=None)

    def last_changes(self, organization: str) -> dict[str, Recorded]:
        """Return the last change of each resource of one organization, by address."""
        with fence(self.location):
            rows = self._connection.execute(_LAST_CHANGES, {"organization": organization}).all()
        with readable(f"{self.location}, table journal,"):
            for row in rows:
                LAST_CHANGE.check(row)
            return {
                address: Recorded(at=parse_instant(at), run=run, actor=actor, operator=operator)
                for address, at, run, actor, operator in rows
            }

    def token(self, view: str) -> str | None:
        """Return the token of a view."""
        with fence(self.location):
            found: str | None = self._connection.execute(_TOKEN, {"view": view}).scalar_one_or_none()
        return found

    def verdicts(self, view: str) -> Iterator[Verdict]:
        """Yield the verdicts of a view, by organization."""
        with fence(self.location), self._streaming(self._connection) as connection:
            for row in connection.execute(_VERDICTS, {"view": view}, execution_options=_STREAMED):
                VERDICT.check(row)
                yield Verdict._make(row)

    def bases(self, view: str) -> Iterator[Basis]:
        """Yield the bases of the verdicts of a view, by organization."""
        with fence(self.location), self._streaming(self._connection) as connection:
            for row in connection.execute(_BASES, {"view": view}, execution_options=_STREAMED):
                BASIS.check(row)
                yield Basis._make(row)

    def locks(self) -> list[LockInfo]:
        """Return the locks that are held, by id."""
        with fence(self.location):
            return read_locks(iter(self._connection.execute(_LOCKS).mappings().all()))

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with pages, documents and rows."""
        try:
            with fence(self.location):
                yield from checks.problems(self._connection)
        except CorruptStateError as error:
            yield error.message

    def close(self) -> None:
        """Let go of files and connections."""
        with fence(self.location):
            self._held.close()
