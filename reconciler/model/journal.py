"""The journal: what was done, when, by whose word; one hash chain per organization.

A chain shows tampering up to its last head that is known outside; it cannot show a cut tail by itself
(RFC 6962 logs need witnesses for that). Tamper-evident, never tamper-proof.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from reconciler.model.changes import Action, Reason
from reconciler.model.documents import Document, compact_text, sha256_hex
from reconciler.model.instants import format_instant

GENESIS = "0" * 64
"""What the first entry of a chain names as its predecessor."""


class EntryKind(StrEnum):
    """What an entry records. Only `change` carries actions."""

    INTENT = "intent"
    CHANGE = "change"
    FAILURE = "failure"
    LOCK = "lock"
    ATTEST = "attest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is to be written into an organization's chain; the store adds place and hash.

    Attributes:
        run: the run's id; every entry of one command shares it.
        at: UTC.
        actor: who answers for the change (`--actor`), None when nobody was named.
        operator: the account and host that ran the command, `user@host`.
        address: None for entries about the whole organization.
        before, after: canonical documents of a change.
        plan_hash: `sha256:…` of the plan that was performed, None outside a plan.
        version: of the product that wrote the entry.
    """

    run: str
    at: datetime
    kind: EntryKind
    operation: str
    operator: str
    version: str
    actor: str | None = None
    address: str | None = None
    action: Action | None = None
    reason: Reason | None = None
    before: Document | None = None
    after: Document | None = None
    detail: str = ""
    plan_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a chain, as stored.

    Attributes:
        seq: counts from 1 within the organization, without gaps.
        serial: the organization's serial after the entry.
        digest: of the organization's stored document after the entry, None when none is stored.
        previous: the predecessor's hash, `GENESIS` for the first.
        hash: 64 hexadecimal digits over all other columns.
    """

    organization: str
    seq: int
    record: Record
    serial: int
    digest: str | None
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ChainHead:
    """The last entry of one organization's chain."""

    organization: str
    seq: int
    hash: str


class RecordTexts(NamedTuple):
    """What of a record stands in the journal as text: its instant, and the canonical JSON of its two documents."""

    at: str
    before: str | None
    after: str | None


def texts_of(record: Record) -> RecordTexts:
    """Return the texts of *record*."""
    return RecordTexts(_instant_text(record.at), _document_text(record.before), _document_text(record.after))


_instant_text = lru_cache(maxsize=16)(format_instant)
"""Many records of a run have one instant."""


def _document_text(document: Document | None) -> str | None:
    return None if document is None else compact_text(document)


_ACTIONS = {action: f'["{action.value}"]' for action in Action}


def actions_text(action: Action | None) -> str | None:
    """Return what the column `actions` holds."""
    return None if action is None else _ACTIONS[action]


def entry_hash(
    *, organization: str, seq: int, record: Record, serial: int, digest: str | None, previous: str, texts: RecordTexts | None = None
) -> str:
    """Return the hash of an entry: SHA-256 over the canonical JSON of every column but the hash itself.

    *texts* are those of *record*, where they are known already.
    """
    at, before, after = texts or texts_of(record)
    # Written out, in the order of the keys: an encoder would take three times as long, for every change of a fleet.
    columns = (
        f'{{"actions":{actions_text(record.action) or "null"}'
        f',"actor":{_quoted(record.actor)}'
        f',"address":{_quoted(record.address)}'
        f',"after":{after or "null"}'
        f',"at":{_quoted(at)}'
        f',"before":{before or "null"}'
        f',"detail":{_quoted(record.detail)}'
        f',"digest":{_quoted(digest)}'
        f',"kind":{_quoted(record.kind)}'
        f',"operation":{_quoted(record.operation)}'
        f',"operator":{_quoted(record.operator)}'
        f',"organization":{_quoted(organization)}'
        f',"plan_hash":{_quoted(record.plan_hash)}'
        f',"previous":{_quoted(previous)}'
        f',"reason":{_quoted(record.reason)}'
        f',"run":{_quoted(record.run)}'
        f',"seq":{seq},"serial":{serial}'
        f',"version":{_quoted(record.version)}}}'
    )
    return sha256_hex(columns.encode("ascii"))


def _quoted(value: object) -> str:
    """Return *value* as JSON; what a damaged row holds instead of text, as what it is."""
    if value is None:
        return "null"
    return encode_basestring_ascii(value) if isinstance(value, str) else compact_text(value)


def overall_head(heads: list[ChainHead]) -> str | None:
    """Return one hash over all chains: `sha256:…` over the sorted lines `ORG HASH`, None when there is no chain."""
    if not heads:
        return None
    lines = "".join(f"{head.organization} {head.hash}\n" for head in sorted(heads))
    return "sha256:" + sha256_hex(lines.encode())
