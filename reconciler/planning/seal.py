"""Seal: what a plan is bound to. Digests say what would be done to which state; validity says until when that holds."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from reconciler.model.changes import Change, Moment
from reconciler.model.documents import Document, compact, sha256_hex


def change_content(change: Change) -> Document:
    """Return the part of a change that its digest covers: no range, no risk, no clock time of a run."""
    return {
        "address": change.address,
        "change": {"actions": [change.action], "after": change.after, "before": change.before},
        "fields": [{"after": field.after, "before": field.before, "path": field.path} for field in change.fields],
        "name": change.name,
        "organization": change.organization,
        "origin": "expiry" if change.expires else "change",
        "reason": change.reason,
        "type": change.type,
    }


def digest(lineage: str | None, serial: int, changes: Iterable[Change], *, former_serial: int | None = None) -> str:
    """Return 64 hexadecimal digits over lineage, serial and *changes*.

    An organization that was never stored (serial 0) belongs to no lineage yet: its plan fits every state that does not know it. One that
    is renamed is stored, with *former_serial* under its former name.
    """
    content: Document = {} if former_serial is None else {"former_serial": former_serial}
    content |= {
        "lineage": lineage if serial or former_serial is not None else None,
        "serial": serial,
        "resource_changes": [change_content(change) for change in changes],
    }
    return sha256_hex(compact(content))


class PlanHash:
    """The hash of a fleet's plan, taken organization by organization: SHA-256 over lines `NAME DIGEST`, by name."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, organization: str, plan_digest: str) -> None:
        """Add an organization with changes; the caller goes by name."""
        self._hash.update(f"{organization} {plan_digest}\n".encode())

    def text(self) -> str:
        """Return `sha256:…` over what was added."""
        return f"sha256:{self._hash.hexdigest()}"


def upcoming(moments: Iterable[Moment], now: datetime) -> tuple[Moment, ...]:
    """Return what starts or ends by itself after *now*, by time; ends that are overdue do not count."""
    return tuple(sorted(moment for moment in moments if moment.at > now))
