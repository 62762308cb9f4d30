"""What one run of a writing command is made of, and the records it writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler import __version__
from reconciler.applying.lateness import lateness_of
from reconciler.catalog import Catalog
from reconciler.model.changes import Change
from reconciler.model.findings import Finding
from reconciler.model.journal import EntryKind, Record
from reconciler.model.policy import Acknowledgements, Policy
from reconciler.model.protocols import Clock, Holder, Target
from reconciler.model.resources import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of a writing command is made of.

    Attributes:
        id: names the run in the journal, for ever.
        lock_timeout: how long to wait for somebody else's lock.
        recheck: the domain rules on what an organization would become; answers the errors.
        judge: the rules about changes, on the way from an organization as stored to the next; answers what they refuse.
        stopping: the signal that asked the run to end, None while it may go on.
        progress: told the name of each organization that is through.
    """

    id: str
    operation: str
    actor: str | None
    holder: Holder
    clock: Clock
    target: Target
    catalog: Catalog
    lock_timeout: timedelta
    acknowledged: Acknowledgements
    policy: Policy
    recheck: Callable[[Organization], Sequence[Finding]]
    judge: Callable[[Organization | None, Organization], Sequence[Finding]]
    stopping: Callable[[], int | None]
    progress: Callable[[str], None]


def record_of(run: Run, kind: EntryKind, at: datetime, *, plan_hash: str | None = None, detail: str = "") -> Record:
    """Return a record of *run* that names no change."""
    return Record(
        run=run.id,
        at=at,
        kind=kind,
        operation=run.operation,
        operator=run.holder.operator,
        version=__version__,
        actor=run.actor,
        detail=detail,
        plan_hash=plan_hash,
    )


def change_record(run: Run, change: Change, at: datetime, plan_hash: str) -> Record:
    """Return the record of *change* as performed at *at*."""
    late = lateness_of(change, at, request_lifetime=run.catalog.request_lifetime)
    # Written out: a replaced copy would take twice as long, for every change of a fleet.
    return Record(
        run=run.id,
        at=at,
        kind=EntryKind.CHANGE,
        operation=run.operation,
        operator=run.holder.operator,
        version=__version__,
        actor=run.actor,
        address=change.address,
        action=change.action,
        reason=change.reason,
        before=change.before,
        after=change.after,
        detail="" if late is None else f"ended {late} s late",
        plan_hash=plan_hash,
    )


def failure_record(run: Run, change: Change, at: datetime, plan_hash: str, message: str) -> Record:
    """Return the record of *change* that the target did not make."""
    return replace(record_of(run, EntryKind.FAILURE, at, plan_hash=plan_hash, detail=message), address=change.address)
