"""The journal: what was done, when, by whose word; one hash chain per organization.

A chain shows tampering up to its last head that is known outside; it cannot show a cut tail by itself
(RFC 6962 logs need witnesses for that). Tamper-evident, never tamper-proof.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.model.changes import Action, Reason
from reconciler.model.documents import Document, compact, sha256_hex
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


def entry_hash(*, organization: str, seq: int, record: Record, serial: int, digest: str | None, previous: str) -> str:
    """Return the hash of an entry: SHA-256 over the canonical JSON of every column but the hash itself."""
    columns = {
        "organization": organization,
        "seq": seq,
        "run": record.run,
        "at": format_instant(record.at),
        "kind": record.kind.value,
        "operation": record.operation,
        "operator": record.operator,
        "version": record.version,
        "actor": record.actor,
        "address": record.address,
        "actions": None if record.action is None else [record.action.value],
        "reason": None if record.reason is None else record.reason.value,
        "before": record.before,
        "after": record.after,
        "detail": record.detail,
        "plan_hash": record.plan_hash,
        "serial": serial,
        "digest": digest,
        "previous": previous,
    }
    return sha256_hex(compact(columns))


def overall_head(heads: list[ChainHead]) -> str | None:
    """Return one hash over all chains: `sha256:…` over the sorted lines `ORG HASH`, None when there is no chain."""
    if not heads:
        return None
    lines = "".join(f"{head.organization} {head.hash}\n" for head in sorted(heads))
    return "sha256:" + sha256_hex(lines.encode())
