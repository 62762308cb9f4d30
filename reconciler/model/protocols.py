"""The outside world, as small protocols. Their docstrings are the specification; `tests/contract` holds every implementation to it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

from reconciler.model.changes import Change, FollowUp, Recorded, Status
from reconciler.model.documents import Document
from reconciler.model.journal import ChainHead, Entry, Record
from reconciler.model.resources import Observation, Organization
from reconciler.model.verdicts import Basis, Verdict


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


Item = TypeVar("Item")


class Watch(Protocol):
    """Somebody who sees long work go by."""

    def __call__(self, doing: str, items: Iterable[Item], total: int, /) -> Iterable[Item]:
        """Return *items* as they are, one after the other; *doing* says in a word what is done with them, *total* how many there are."""
        ...


def unwatched(_doing: str, items: Iterable[Item], _total: int) -> Iterable[Item]:
    """Nobody looks."""
    return items


class StoredHead(NamedTuple):
    """What the stored state says of one organization without reading its document; a tuple, as a fleet has tens of thousands.

    Attributes:
        digest: `sha256:…` of the stored document, None for an organization that was forgotten.
        next_end: the first instant at which something in the document starts or ends by itself and is not recorded yet, UTC;
            None when nothing does.
        follow_ups: as in `Stored`.
    """

    name: str
    serial: int
    digest: str | None
    next_end: datetime | None
    follow_ups: tuple[FollowUp, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One organization of the stored state. All parts belong together (read in one statement).

    Attributes:
        organization: None when nothing is stored, or when it was forgotten.
        serial: 0 when nothing was ever stored; it goes on counting after an organization was forgotten.
        follow_ups: those that are open, by address and rule, one each. They stand beside the document, which knows nothing of them:
            they are no part of the digest. None of an organization that was forgotten.
        former_serial: of an organization that is to be renamed, the serial under its former name.
    """

    organization: Organization | None
    serial: int
    digest: str | None
    follow_ups: tuple[FollowUp, ...] = ()
    former_serial: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, in words for whoever waits.

    Attributes:
        operator: `user@host`.
        machine: what tells the processes that `pid` is counted among from all others of that host name: this boot of the machine, and
            the namespace of its process numbers. Empty where the system does not tell.
        process_started: when the process began, seconds since that boot, or, without a `machine`, since the epoch; tells a reused pid
            apart. 0 when unknown.
        operation: the command, such as `apply`.
        since: UTC.
    """

    operator: str
    host: str
    machine: str
    pid: int
    process_started: float
    operation: str
    version: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LockInfo:
    """One held lock: the id that `unlock` takes, the organizations it covers (sorted), and its holder."""

    id: str
    organizations: tuple[str, ...]
    holder: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock that this run holds, and the dead locks it took over on the way."""

    id: str
    organizations: frozenset[str]
    taken_over: tuple[LockInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What is to be stored of one organization; see `Store.commit`."""

    organization: str
    after: Organization | None
    expected_serial: int
    records: Sequence[Record]
    follow_ups: Sequence[FollowUp] = ()


class Facts(Protocol):
    """What is stored of organizations, as documents: all that a question about access needs. No method writes or leaves a file behind.

    Every method raises `CorruptStateError` when what it reads is damaged; damage is never read as "nothing there".
    """

    @property
    def location(self) -> str:
        """The URL of the state, with any password masked."""
        ...

    @property
    def lineage(self) -> str | None:
        """The identity of this state; None when there is no stored state yet."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the names of all stored organizations, sorted; forgotten ones are left out."""
        ...

    def document(self, name: str) -> Document | None:
        """Return the document of one organization; None when nothing is stored of it."""
        ...

    def documents(self) -> Iterator[Document]:
        """Yield the documents of all stored organizations, by name; what is stored meanwhile by others may be among them or not."""
        ...

    def last_recorded(self, organization: str | None = None) -> dict[str, datetime]:
        """Return when the last journal entry of one organization, or of every one, was written, UTC; without an entry, nothing."""
        ...

    def highest_instant(self) -> datetime | None:
        """Return the highest instant of any journal entry, UTC; None without an entry."""
        ...

    def close(self) -> None:
        """Let go of files and connections; a second call does nothing."""
        ...


class StateReader(Protocol):
    """The stored state, to read. No method writes, and none leaves a file behind, also after a crash of a writer.

    Every method raises `CorruptStateError` when what it reads is damaged; damage is never read as "nothing there".
    """

    @property
    def location(self) -> str:
        """The URL of the state, with any password masked."""
        ...

    @property
    def lineage(self) -> str | None:
        """The identity of this state, minted when it was made; None when there is no stored state yet."""
        ...

    def heads(self) -> Iterator[StoredHead]:
        """Yield what is stored of every organization ever stored, by name, forgotten ones included."""
        ...

    def read(self, name: str) -> Stored:
        """Return one organization; an unknown name gives serial 0 and no organization."""
        ...

    def entries(self, organization: str | None = None) -> Iterator[Entry]:
        """Yield the journal of one organization by `seq`, or of all by organization and `seq`."""
        ...

    def entries_of_plan(self, plan_hash: str) -> Iterator[Entry]:
        """Yield the entries that were written while the plan of that hash was performed, by organization and `seq`."""
        ...

    def chain_heads(self) -> list[ChainHead]:
        """Return the recorded head of every chain, by organization."""
        ...

    def last_recorded(self, organization: str | None = None) -> dict[str, datetime]:
        """Return when the last entry of one chain, or of every chain, was written, UTC, by organization; without an entry, nothing."""
        ...

    def highest_instant(self) -> datetime | None:
        """Return the latest instant of any entry of the journal, UTC; None without an entry. Cheap, however long the journal is."""
        ...

    def last_changes(self, organization: str) -> dict[str, Recorded]:
        """Return the last change of each resource of one organization, by address."""
        ...

    def token(self, view: str) -> str | None:
        """Return what tells one content of the verdicts of *view* from every other; None when there are none."""
        ...

    def verdicts(self, view: str) -> Iterator[Verdict]:
        """Yield the verdicts of *view*, by organization, as they are at one moment."""
        ...

    def bases(self, view: str) -> Iterator[Basis]:
        """Yield the bases of the verdicts of *view*, by organization, as they are at one moment."""
        ...

    def locks(self) -> list[LockInfo]:
        """Return the locks that are held, by id."""
        ...

    def problems(self) -> Iterator[str]:
        """Yield what the storage itself finds wrong when it checks all of its pages and rows, one line each."""
        ...

    def close(self) -> None:
        """Let go of files and connections; a second call does nothing."""
        ...


class Store(StateReader, Protocol):
    """The stored state, to change. Everything that is committed is durable when the method returns."""

    def lock(self, organizations: Sequence[str], holder: Holder, *, timeout: timedelta, record: Record) -> AbstractContextManager[Lock]:
        """Hold the locks of all *organizations*, or of none; let go of them at the end of the block.

        Waits up to *timeout* for locks of holders that may be alive. A lock whose holder is a dead process of this host is taken over,
        and *record* (of kind `lock`) is written into that organization's chain, its detail naming the former holder.

        Raises:
            LockedError: another holder kept one of them for all that time; nothing was written.
        """
        ...

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
        """Store *after* (None: forget the organization) with its journal records, in one transaction; return the new serial.

        The new serial is *expected_serial* + 1. Exactly *follow_ups* are open afterwards, in whatever order they are given.

        Raises:
            FencedError: the lock is no longer ours, or the stored serial is not *expected_serial*; nothing was written.
            ValueError: a follow-up is not of this organization, or stands there twice, or the organization is being forgotten.
        """
        ...

    def commit_all(self, lock: Lock, commits: Sequence[Commit]) -> None:
        """Store *commits*, each of another organization, in one transaction: all of them, or none. Each is as `commit` has it.

        Raises:
            FencedError, ValueError: as for `commit`, because of any of them; nothing was written.
        """
        ...

    def attest(self, lock: Lock, organization: str, *, follow_ups: Sequence[FollowUp], records: Sequence[Record]) -> None:
        """Leave exactly *follow_ups* open and append *records*, in one transaction. Document, digest and serial stay as they are.

        Raises:
            FencedError: the lock is no longer ours, or nothing is stored of the organization; nothing was written.
            ValueError: as for `commit`.
        """
        ...

    def note(self, organization: str, records: Sequence[Record]) -> None:
        """Append records to an organization's chain without touching its document, serial or follow-ups, in one transaction."""
        ...

    def remember(
        self, view: str, verdicts: Iterable[tuple[Verdict, Basis]], *, gone: Iterable[str], expected: str | None, at: datetime
    ) -> bool:
        """Put *verdicts* in the place of older ones of *view*, drop those of the organizations *gone*, and return true.

        Nothing is written, and false returned, when the token of the view is not *expected* any more: all verdicts of a view were found
        beside each other. Only the views that were written last are kept, this one among them. No lock is needed: a verdict is no fact.
        """
        ...

    def unlock(self, lock_id: str, record: Record) -> LockInfo:
        """Release the lock *lock_id* of somebody else and write *record* into the chain of each organization it covered.

        Raises:
            LockedError: the holder is a living process of this host.
            StoreError: no lock has that id.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """What a target says of one change: `done`, or `manual` with what is left to do by hand in `detail`."""

    status: Status
    detail: str = ""


class Target(Protocol):
    """The live side."""

    @property
    def name(self) -> str:
        """The target's name as users write it."""
        ...

    @property
    def records_only(self) -> bool:
        """True when the stored state is the record and nothing else changes: an organization's changes then commit together."""
        ...

    def observe(self, organization: Organization) -> Observation:
        """Return what the target shows of *organization*, and which addresses it cannot show.

        Raises:
            TargetError: nothing could be observed; never an empty organization instead.
        """
        ...

    def perform(self, change: Change) -> Performed:
        """Make *change* true at the target. A second call with the same change has no further effect.

        Raises:
            TargetError: the change was not performed, or it is unknown whether it was.
        """
        ...
