"""A `Store` and `Facts` in memory. Passes the contract suites of the real ones; keeps and gives copies, so no caller can change it."""

import copy
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from reconciler.model.changes import FollowUp, Recorded
from reconciler.model.documents import Document, compact, organization_document, read_organization, sha256_hex
from reconciler.model.errors import FencedError, StoreError
from reconciler.model.journal import GENESIS, ChainHead, Entry, EntryKind, Record, entry_hash
from reconciler.model.lifetimes import next_end
from reconciler.model.protocols import Commit, Holder, Lock, LockInfo, Stored, StoredHead
from reconciler.model.resources import Organization
from reconciler.model.verdicts import Basis, Verdict
from reconciler.stores.holders import is_dead, is_local, living, locked, naming


class MemoryStore:
    """Stored state for one test. A lock that is held is refused at once: nobody could let go of it meanwhile."""

    def __init__(self, *, location: str = "memory:", lineage: str = "00000000-0000-4000-8000-000000000001") -> None:
        self.location = location
        self.lineage: str | None = lineage
        self._rows: dict[str, tuple[int, bytes | None, datetime | None]] = {}
        self._open: dict[str, tuple[FollowUp, ...]] = {}
        self._chains: dict[str, list[Entry]] = {}
        self._locks: dict[str, tuple[str, Holder]] = {}
        self._views: dict[str, tuple[str, dict[str, tuple[Verdict, Basis]]]] = {}  # in the order of writing
        self._ids = itertools.count(1)

    def heads(self) -> Iterator[StoredHead]:
        return iter([
            StoredHead(name=name, serial=serial, digest=_digest(body), next_end=end, follow_ups=self._open[name])
            for name, (serial, body, end) in sorted(self._rows.items())
        ])

    def read(self, name: str) -> Stored:
        serial, body, _ = self._rows.get(name, (0, None, None))
        organization = None if body is None else read_organization(json.loads(body))
        return Stored(organization=organization, serial=serial, digest=_digest(body), follow_ups=self._open.get(name, ()))

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, (_, body, _) in sorted(self._rows.items()) if body is not None)

    def document(self, name: str) -> Document | None:
        _, body, _ = self._rows.get(name, (0, None, None))
        return None if body is None else json.loads(body)

    def documents(self) -> Iterator[Document]:
        return filter(None, map(self.document, self.names()))

    def entries(self, organization: str | None = None) -> Iterator[Entry]:
        names = sorted(self._chains) if organization is None else [organization]
        return iter([copy.deepcopy(entry) for name in names for entry in self._chains.get(name, ())])

    def entries_of_plan(self, plan_hash: str) -> Iterator[Entry]:
        return (entry for entry in self.entries() if entry.record.plan_hash == plan_hash)

    def chain_heads(self) -> list[ChainHead]:
        return [ChainHead(organization=name, seq=chain[-1].seq, hash=chain[-1].hash) for name, chain in sorted(self._chains.items())]

    def last_recorded(self, organization: str | None = None) -> dict[str, datetime]:
        names = sorted(self._chains) if organization is None else [organization]
        return {name: chain[-1].record.at for name in names if (chain := self._chains.get(name))}

    def highest_instant(self) -> datetime | None:
        return max((entry.record.at for chain in self._chains.values() for entry in chain), default=None)

    def last_changes(self, organization: str) -> dict[str, Recorded]:
        records = [entry.record for entry in self._chains.get(organization, ()) if entry.record.kind is EntryKind.CHANGE]
        return {
            record.address: Recorded(at=record.at, run=record.run, actor=record.actor, operator=record.operator)
            for record in records
            if record.address is not None
        }

    def token(self, view: str) -> str | None:
        return self._views[view][0] if view in self._views else None

    def verdicts(self, view: str) -> Iterator[Verdict]:
        return iter([verdict for _, (verdict, _) in sorted(self._views[view][1].items())] if view in self._views else [])

    def bases(self, view: str) -> Iterator[Basis]:
        return iter([basis for _, (_, basis) in sorted(self._views[view][1].items())] if view in self._views else [])

    def remember(
        self, view: str, verdicts: Iterable[tuple[Verdict, Basis]], *, gone: Iterable[str], expected: str | None, at: datetime
    ) -> bool:
        if self.token(view) != expected:
            return False
        kept = dict(self._views.pop(view)[1]) if view in self._views else {}
        for name in gone:
            kept.pop(name, None)
        kept |= {verdict.organization: (verdict, basis) for verdict, basis in verdicts}
        self._views[view] = (f"token-{next(self._ids)}", kept)
        for old in [*self._views][:-8]:
            del self._views[old]
        return True

    def locks(self) -> list[LockInfo]:
        return self._locks_on(self._locks)

    def problems(self) -> Iterator[str]:
        return iter(())

    def close(self) -> None:
        pass

    @contextmanager
    def lock(self, organizations: Sequence[str], holder: Holder, *, timeout: timedelta, record: Record) -> Iterator[Lock]:
        names = sorted(set(organizations))
        standing = self._locks_on(names)
        alive = [info for info in standing if not is_dead(info.holder, one_machine=True)]
        if alive:
            raise locked(alive, names)
        lock_id = f"lock-{next(self._ids)}"
        self._locks.update(dict.fromkeys(names, (lock_id, holder)))
        for info in standing:
            for name in info.organizations:
                self.note(name, [naming(record, info)])
        try:
            yield Lock(id=lock_id, organizations=frozenset(names), taken_over=tuple(standing))
        finally:
            self._release(lock_id)

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
        if after is not None and after.name != organization:
            raise ValueError(f"{after.name} is not {organization}")
        left = _in_order(organization, follow_ups)
        if after is None and left:
            raise ValueError(f"{organization} is forgotten and leaves nothing open")
        self._require(lock, organization)
        if self.read(organization).serial != expected_serial:
            raise FencedError(f"{organization}: its serial is not {expected_serial} any more; nothing was written")
        body = None if after is None else compact(organization_document(after))
        self._rows[organization] = (expected_serial + 1, body, None if after is None else next_end(after))
        self._open[organization] = left
        self.note(organization, records)
        return expected_serial + 1

    def commit_all(self, lock: Lock, commits: Sequence[Commit]) -> None:
        rows, left, chains = dict(self._rows), dict(self._open), {name: list(chain) for name, chain in self._chains.items()}
        try:
            for one in commits:
                self.commit(
                    lock,
                    one.organization,
                    after=one.after,
                    expected_serial=one.expected_serial,
                    records=one.records,
                    follow_ups=one.follow_ups,
                )
        except BaseException:
            self._rows, self._open, self._chains = rows, left, chains
            raise

    def attest(self, lock: Lock, organization: str, *, follow_ups: Sequence[FollowUp], records: Sequence[Record]) -> None:
        left = _in_order(organization, follow_ups)
        self._require(lock, organization)
        if organization not in self._rows:
            raise FencedError(f"{organization}: nothing is stored; nothing was written")
        self._open[organization] = left
        self.note(organization, records)

    def note(self, organization: str, records: Sequence[Record]) -> None:
        place = self.read(organization)
        for record in records:
            chain = self._chains.setdefault(organization, [])
            seq, previous = len(chain) + 1, chain[-1].hash if chain else GENESIS
            own = entry_hash(organization=organization, seq=seq, record=record, serial=place.serial, digest=place.digest, previous=previous)
            entry = Entry(
                organization=organization, seq=seq, record=record, serial=place.serial, digest=place.digest, previous=previous, hash=own
            )
            chain.append(copy.deepcopy(entry))

    def unlock(self, lock_id: str, record: Record) -> LockInfo:
        info = next((info for info in self.locks() if info.id == lock_id), None)
        if info is None:
            raise StoreError(f"no lock has the id {lock_id}")
        if is_local(info.holder) and not is_dead(info.holder, one_machine=True):
            raise living(info)
        self._release(lock_id)
        for name in info.organizations:
            self.note(name, [naming(record, info)])
        return info

    def _require(self, lock: Lock, organization: str) -> None:
        if self._locks.get(organization, ("",))[0] != lock.id:
            raise FencedError(f"{organization}: the lock {lock.id} is no longer held; nothing was written")

    def _release(self, lock_id: str) -> None:
        self._locks = {name: held for name, held in self._locks.items() if held[0] != lock_id}

    def _locks_on(self, names: Sequence[str] | dict[str, tuple[str, Holder]]) -> list[LockInfo]:
        held = {self._locks[name] for name in names if name in self._locks}
        return [
            LockInfo(
                id=lock_id, organizations=tuple(sorted(name for name in names if self._locks.get(name, ("",))[0] == lock_id)), holder=holder
            )
            for lock_id, holder in sorted(held, key=lambda one: one[0])
        ]


def _digest(body: bytes | None) -> str | None:
    return None if body is None else "sha256:" + sha256_hex(body)


def _in_order(organization: str, follow_ups: Sequence[FollowUp]) -> tuple[FollowUp, ...]:
    if len({(follow_up.address, follow_up.rule) for follow_up in follow_ups}) != len(follow_ups):
        raise ValueError(f"a follow-up of {organization} stands there twice")
    if not all(follow_up.address.startswith(f"{organization}/") for follow_up in follow_ups):
        raise ValueError(f"a follow-up is not of {organization}")
    return tuple(sorted(follow_ups))
