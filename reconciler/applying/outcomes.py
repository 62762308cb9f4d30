"""What became of every change of a run, collected without holding it."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO, Final, cast

from reconciler.applying.lateness import lateness_of
from reconciler.applying.run import Run
from reconciler.model.changes import Action, Change, FollowUp, Outcome, Plan, Reason, Status
from reconciler.model.errors import CorruptStateError, ReconcilerError, StorageFaultError
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import organization_address
from reconciler.model.instants import format_instant, parse_instant
from reconciler.model.protocols import StateReader
from reconciler.model.results import Application, Counts, FleetPlan
from reconciler.model.spool import Spool


def _spool() -> Spool:
    # Lives as long as the report that reads it; the file has no name and goes with the spool.
    return Spool(cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=1 << 20)))


_instant_text = lru_cache(maxsize=16)(format_instant)
"""Many changes are made at one instant."""


def is_broken(error: ReconcilerError) -> bool:
    """Tell whether it is the storage itself that failed: it will not get better."""
    return isinstance(error, StorageFaultError | CorruptStateError)


# Looked up twenty times as fast as an enumeration is called, for every change of a fleet.
_ACTIONS: Final = {action.value: action for action in Action}
_REASONS: Final = {reason.value: reason for reason in Reason}
_STATUSES: Final = {status.value: status for status in Status}


class Outcomes:
    """Collects what became of every change, and what is left open, in spools, and counts."""

    def __init__(self, run: Run) -> None:
        self._request_lifetime = run.catalog.request_lifetime
        self._largest_lateness: int | None = None
        self._spool, self._left = _spool(), _spool()
        self._counts: dict[str, int] = {}
        self._failures: list[Finding] = []
        self._through: set[tuple[str, Action]] = set()  # of the organization under way
        self.halted = False
        self.interrupted: int | None = None

    def begin(self) -> None:
        """Start with another organization."""
        self._through.clear()

    def add(self, change: Change, status: Status, at: datetime, detail: str = "") -> None:
        """Note what became of one change."""
        self._through.add((change.address, change.action))
        kind = ("expire" if change.expires else change.action.value) if status is Status.DONE else status.value
        self._counts[kind] = self._counts.get(kind, 0) + 1
        late = lateness_of(change, at, request_lifetime=self._request_lifetime)
        if late is not None and status is Status.DONE:
            self._largest_lateness = max(late, self._largest_lateness or 0)
        row = [change.address, change.action, change.reason, status, _instant_text(at), detail, late]
        self._spool.append(json.dumps(row).encode())

    def leave(self, follow_ups: Iterable[FollowUp]) -> None:
        """Note that the run leaves *follow_ups* open."""
        for it in follow_ups:
            self._left.append(json.dumps([it.address, it.rule, it.summary, format_instant(it.since)]).encode())

    def add_all(self, changes: Sequence[Change], status: Status, at: datetime, detail: str) -> None:
        """Note the same for several changes."""
        for change in changes:
            self.add(change, status, at, detail)

    def fail(self, plan: Plan, error: ReconcilerError, at: datetime) -> None:
        """Note that what is left of the organization was not recorded. Where the storage is broken, the run halts."""
        self.halted = is_broken(error)
        left = [change for change in plan.changes if (change.address, change.action) not in self._through]
        self.add_all(left, Status.FAILED, at, error.message)
        self._failures.append(
            Finding(
                rule=error.rule,
                severity=Severity.ERROR,
                message=f"{plan.organization}: {error.message}",
                detail=error.detail,
                hint=error.hint,
                address=organization_address(plan.organization),
            )
        )

    def _read(self) -> Iterator[Outcome]:
        for data in self._spool:
            address, action, reason, status, at, detail, late = json.loads(data)
            yield Outcome(
                address=address,
                action=_ACTIONS[action],
                reason=_REASONS[reason],
                status=_STATUSES[status],
                at=parse_instant(at),
                detail=detail,
                lateness_seconds=late,
            )

    def _read_left(self) -> Iterator[FollowUp]:
        for data in self._left:
            address, rule, summary, since = json.loads(data)
            yield FollowUp(address=address, rule=rule, summary=summary, since=parse_instant(since))

    def application(self, fleet: FleetPlan, store: StateReader, run: Run, *, run_id: str | None) -> Application:
        """Return the report of the run."""
        return Application(
            operation=run.operation,
            plan_hash=fleet.plan_hash,
            run=run_id,
            repeated=False,
            target=run.target.name,
            location=store.location,
            counts=Counts(**self._counts),
            outcomes=self._read,
            open_steps=self._read_left,
            failures=tuple(self._failures),
            findings=fleet.findings,
            interrupted=self.interrupted,
            largest_lateness=self._largest_lateness,
        )
