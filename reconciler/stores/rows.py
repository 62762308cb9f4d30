"""Rows and values: how organizations, entries and locks stand in the tables, and back."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from types import NoneType
from typing import Any, Final

from reconciler.model.changes import Action, FollowUp, Reason, place_of
from reconciler.model.documents import Document, compact, organization_document, read_organization, sha256_hex
from reconciler.model.errors import CorruptStateError
from reconciler.model.instants import format_instant, parse_instant
from reconciler.model.journal import GENESIS, ChainHead, Entry, EntryKind, Record, RecordTexts, actions_text, entry_hash, texts_of
from reconciler.model.lifetimes import next_end
from reconciler.model.protocols import Holder, LockInfo, Stored
from reconciler.model.resources import Organization
from reconciler.stores.files import RESTORE

Row = dict[str, Any]
"""The columns of one row by name, to write."""

Columns = Mapping[Any, Any]
"""The columns of one row by name, as read; damage can put anything into them."""

_NOTHING_OPEN: Final = "[]"
_COUNTABLE: Final = 2**53
"""No serial, no place in a chain and no process id comes near this; every engine and every reader of JSON holds what is below."""


class Kinds:
    """What the columns of a row hold. SQLite keeps anything in any column, and so does whoever can write to it."""

    def __init__(self, **columns: tuple[type, ...]) -> None:
        """Take *columns*, in their order, with the kinds of values that each may hold."""
        self.columns = columns
        self._met: set[tuple[type, ...]] = set()

    def check(self, row: Iterable[object]) -> None:
        """Make sure that every value of *row* is of a kind that its column holds.

        Raises:
            TypeError: one is not.
        """
        kinds = (*map(type, row),)
        if kinds in self._met:  # a fleet has many rows, and few kinds of them
            return
        for (column, allowed), kind in zip(self.columns.items(), kinds, strict=True):
            if kind not in allowed:
                raise TypeError(f"its {column} is of type {kind.__name__}")
        self._met.add(kinds)


_TEXT: Final = (str,)
_MAYBE: Final = (str, NoneType)
_NUMBER: Final = (int,)

HEAD: Final = Kinds(name=_TEXT, serial=_NUMBER, digest=_MAYBE, follow_ups=_TEXT, next_end=_MAYBE)
DOCUMENT: Final = Kinds(name=_TEXT, digest=_MAYBE, body=_MAYBE)
CHAIN: Final = Kinds(organization=_TEXT, seq=_NUMBER, hash=_TEXT)
PLACE: Final = Kinds(name=_TEXT, serial=_NUMBER, digest=_MAYBE)
LAST: Final = Kinds(organization=_TEXT, at=_TEXT)
LAST_CHANGE: Final = Kinds(address=_TEXT, at=_TEXT, run=_TEXT, actor=_MAYBE, operator=_TEXT)
ENTRY: Final = Kinds(
    organization=_TEXT,
    seq=_NUMBER,
    run=_TEXT,
    at=_TEXT,
    kind=_TEXT,
    operation=_TEXT,
    operator=_TEXT,
    version=_TEXT,
    actor=_MAYBE,
    address=_MAYBE,
    actions=_MAYBE,
    reason=_MAYBE,
    before=_MAYBE,
    after=_MAYBE,
    detail=_TEXT,
    plan_hash=_MAYBE,
    serial=_NUMBER,
    digest=_MAYBE,
    previous=_TEXT,
    hash=_TEXT,
)
LOCK: Final = Kinds(
    organization=_TEXT,
    id=_TEXT,
    operator=_TEXT,
    host=_TEXT,
    pid=_NUMBER,
    process_started=(float,),
    operation=_TEXT,
    version=_TEXT,
    since=_TEXT,
    machine=_TEXT,
)
VERDICT: Final = Kinds(
    organization=_TEXT,
    sources=_TEXT,
    outside=_TEXT,
    since=_NUMBER,
    until=(int, NoneType),
    settled=_MAYBE,
    declared=(bool,),
    resources=_NUMBER,
    people=_NUMBER,
    findings=_TEXT,
)
BASIS: Final = Kinds(organization=_TEXT, facts=_TEXT, marks=(bytes,), asked=_TEXT)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn whatever a damaged row does to the code that reads it into a `CorruptStateError` about *what*."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CorruptStateError(f"{what} is damaged: {error}", hint=RESTORE) from error


def organization_row(name: str, organization: Organization | None, serial: int, follow_ups: Iterable[FollowUp]) -> Row:
    """Return the row of an organization, or of a forgotten one.

    Raises:
        ValueError: a part is not of that organization.
    """
    left = follow_ups_text(name, follow_ups)
    if organization is None:
        if left != _NOTHING_OPEN:
            raise ValueError(f"{name} is forgotten and leaves nothing open")
        return {"name": name, "serial": serial, "digest": None, "next_end": None, "follow_ups": left, "body": None}
    if organization.name != name:
        raise ValueError(f"{organization.name} is not {name}")
    body = compact(organization_document(organization))
    end = next_end(organization)
    return {
        "name": name,
        "serial": serial,
        "digest": "sha256:" + sha256_hex(body),
        "next_end": None if end is None else format_instant(end),
        "follow_ups": left,
        "body": body.decode("ascii"),
    }


def follow_ups_text(name: str, follow_ups: Iterable[FollowUp]) -> str:
    """Return what the row of an organization says of its open follow-ups.

    Raises:
        ValueError: one is of another organization, or stands there twice.
    """
    found = _checked(name, sorted(follow_ups))
    return compact([
        {"address": it.address, "rule": it.rule, "summary": it.summary, "since": format_instant(it.since)} for it in found
    ]).decode("ascii")


def read_follow_ups(name: str, text: str) -> tuple[FollowUp, ...]:
    """Return the open follow-ups that the row of an organization names.

    Raises:
        KeyError, TypeError, ValueError: it is not what `follow_ups_text` wrote.
    """
    if text == _NOTHING_OPEN:  # nearly always, and a fleet has many heads
        return ()
    found = json.loads(text)
    if not isinstance(found, list):
        raise TypeError("the follow-ups are no JSON list")
    return _checked(name, [_follow_up(item) for item in found])


def _follow_up(item: Mapping[str, Any]) -> FollowUp:
    texts = [item[key] for key in ("address", "rule", "summary", "since")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a follow-up holds something else than text")
    address, rule, summary, since = texts
    return FollowUp(address=address, rule=rule, summary=summary, since=own_instant(since))


def _checked(name: str, follow_ups: Sequence[FollowUp]) -> tuple[FollowUp, ...]:
    for follow_up in follow_ups:
        if not follow_up.address.startswith(f"{name}/"):
            raise ValueError(f"{follow_up.address} is not of {name}")
    if any(place_of(earlier) >= place_of(later) for earlier, later in pairwise(follow_ups)):
        raise ValueError(f"the follow-ups of {name} are not in order, or one stands there twice")
    return tuple(follow_ups)


def document_in(name: str, digest: str | None, body: str | None) -> Document | None:
    """Return the document of an organization as its row holds it, None of a forgotten one.

    Raises:
        CorruptStateError: the row does not agree with itself.
    """
    with readable(f"the stored state of {name}"):
        DOCUMENT.check((name, digest, body))
        if body is None and digest is None:
            return None
        if body is None or digest != "sha256:" + sha256_hex(body.encode()):
            raise ValueError("the document does not match its digest")
        document: Document = json.loads(body)
        if document["name"] != name:
            raise ValueError(f"the document is that of {document['name']}")
        return document


def stored(name: str, serial: int, digest: str | None, follow_ups: str, body: str | None) -> Stored:
    """Return an organization as its row holds it, its body checked against its digest.

    Raises:
        CorruptStateError: the row does not agree with itself.
    """
    with readable(f"the stored state of {name}"):
        HEAD.check((name, serial, digest, follow_ups, None))
        whole_number(serial)
        document = document_in(name, digest, body)
        left = read_follow_ups(name, follow_ups)
        if document is None and left:
            raise ValueError("follow-ups are open, and there is no document")
        organization = None if document is None else read_organization(document)
        return Stored(organization=organization, serial=serial, digest=digest, follow_ups=left)


def whole_number(value: object) -> int:
    """Return *value* if it counts something; SQLite would keep anything in any column."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is no number")
    if not 0 <= value < _COUNTABLE:
        raise ValueError(f"{value} counts nothing")
    return value


def own_instant(text: str) -> datetime:
    """Return the instant in a column.

    Reads only what `format_instant` wrote, ten times as fast as the strict parser that input deserves.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is not UTC:
        raise ValueError(f"{text!r} is no instant of ours")
    return instant


def chain_rows(organization: str, records: Iterable[Record], *, after: ChainHead | None, serial: int, digest: str | None) -> list[Row]:
    """Return *records* as the journal rows that follow *after* in the chain of *organization*."""
    seq, previous = (0, GENESIS) if after is None else (after.seq, after.hash)
    rows = []
    for record in records:
        seq += 1
        texts = texts_of(record)
        own = entry_hash(organization=organization, seq=seq, record=record, serial=serial, digest=digest, previous=previous, texts=texts)
        entry = Entry(organization=organization, seq=seq, record=record, serial=serial, digest=digest, previous=previous, hash=own)
        rows.append(entry_row(entry, texts))
        previous = own
    return rows


def entry_row(entry: Entry, texts: RecordTexts | None = None) -> Row:
    """Return the journal row of *entry*; *texts* are those of its record, where they are known already."""
    record = entry.record
    at, before, after = texts or texts_of(record)
    return {
        "organization": entry.organization,
        "seq": entry.seq,
        "run": record.run,
        "at": at,
        "kind": record.kind.value,
        "operation": record.operation,
        "operator": record.operator,
        "version": record.version,
        "actor": record.actor,
        "address": record.address,
        "actions": actions_text(record.action),
        "reason": None if record.reason is None else record.reason.value,
        "before": before,
        "after": after,
        "detail": record.detail,
        "plan_hash": record.plan_hash,
        "serial": entry.serial,
        "digest": entry.digest,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _document(text: str | None) -> Document | None:
    if text is None:
        return None
    document = json.loads(text)
    if not isinstance(document, dict):
        raise TypeError("a document is no JSON object")
    return document


def _action(text: str | None) -> Action | None:
    if text is None:
        return None
    (action,) = json.loads(text)
    return Action(action)


def read_entry(row: Columns) -> Entry:
    """Return the entry of a journal row; its hash is not checked here.

    Raises:
        CorruptStateError: a column cannot be read.
    """
    with readable(f"entry {row['seq']} in the journal of {row['organization']}"):
        ENTRY.check(row.values())
        record = Record(
            run=row["run"],
            at=parse_instant(row["at"]),
            kind=EntryKind(row["kind"]),
            operation=row["operation"],
            operator=row["operator"],
            version=row["version"],
            actor=row["actor"],
            address=row["address"],
            action=_action(row["actions"]),
            reason=None if row["reason"] is None else Reason(row["reason"]),
            before=_document(row["before"]),
            after=_document(row["after"]),
            detail=row["detail"],
            plan_hash=row["plan_hash"],
        )
        return Entry(
            organization=row["organization"],
            seq=whole_number(row["seq"]),
            record=record,
            serial=whole_number(row["serial"]),
            digest=row["digest"],
            previous=row["previous"],
            hash=row["hash"],
        )


def lock_row(organization: str, lock_id: str, holder: Holder) -> Row:
    """Return the row of one locked organization."""
    return {
        "organization": organization,
        "id": lock_id,
        "operator": holder.operator,
        "host": holder.host,
        "machine": holder.machine,
        "pid": holder.pid,
        "process_started": holder.process_started,
        "operation": holder.operation,
        "version": holder.version,
        "since": format_instant(holder.since),
    }


def read_locks(rows: Iterator[Columns]) -> list[LockInfo]:
    """Return the locks that *rows* make up, by id."""
    names: dict[str, list[str]] = {}
    holders: dict[str, Holder] = {}
    for row in rows:
        with readable(f"the lock of {row['organization']}"):
            LOCK.check(row.values())
            lock_id = row["id"]
            names.setdefault(lock_id, []).append(row["organization"])
            if lock_id not in holders:
                holders[lock_id] = _holder(row)
    return [LockInfo(id=lock_id, organizations=tuple(sorted(names[lock_id])), holder=holders[lock_id]) for lock_id in sorted(names)]


def _holder(row: Columns) -> Holder:
    return Holder(
        operator=row["operator"],
        host=row["host"],
        machine=row["machine"],
        pid=whole_number(row["pid"]),
        process_started=float(row["process_started"]),
        operation=row["operation"],
        version=row["version"],
        since=parse_instant(row["since"]),
    )
