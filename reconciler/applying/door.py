"""The door itself: lock, verify, perform, record."""

from dataclasses import dataclass, replace
from itertools import chain

from reconciler.applying.clock import FlooredClock
from reconciler.applying.outcomes import Outcomes
from reconciler.applying.run import Run, change_record, failure_record, record_of
from reconciler.applying.verification import is_over, refuse_to_widen, verify
from reconciler.model.changes import Plan, Status
from reconciler.model.errors import StoreError, TargetError
from reconciler.model.journal import EntryKind
from reconciler.model.protocols import Lock, Store
from reconciler.model.results import Application, FleetPlan
from reconciler.planning.follow_ups import due_with, open_after, opened
from reconciler.planning.perform import perform, perform_all

_OVER = "it ended while the run was under way"
_OVER_BEFORE = "it ended before the plan was approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """What performing needs at every step."""

    fleet: FleetPlan
    store: Store
    lock: Lock
    run: Run
    outcomes: Outcomes


def apply_plan(fleet: FleetPlan, store: Store, run: Run) -> Application:
    """Perform *fleet* against *store*, organization by organization, and return what became of every change.

    One failing organization does not stop the others. Nothing is performed before the whole plan has been verified.

    Raises:
        LockedError: somebody else kept a lock for longer than the timeout; nothing was written.
        StalePlanError, TamperedPlanError, ExpiredPlanError: the plan does not fit the state, itself, or the present.
        RefusedError: a safety rail refuses it.
    """
    names = [plan.organization for plan in fleet.plans()]
    outcomes = Outcomes(run)
    began = FlooredClock(run.clock, store.highest_instant()).now()
    outcomes.add_all(fleet.given_up, Status.SKIPPED, began, _OVER_BEFORE)
    if not names:
        return outcomes.application(fleet, store, run, run_id=None)
    with store.lock(names, run.holder, timeout=run.lock_timeout, record=record_of(run, EntryKind.LOCK, began)) as lock:
        # Only now nobody else writes into these chains any more.
        shown, run = run.clock.now(), replace(run, clock=FlooredClock(run.clock, store.highest_instant()))
        verify(fleet, store, run)
        refuse_to_widen(fleet, run, shown)
        session = _Session(fleet=fleet, store=store, lock=lock, run=run, outcomes=outcomes)
        for plan in fleet.plans():
            _apply_organization(plan, session)
            run.progress(plan.organization)
    return outcomes.application(fleet, store, run, run_id=run.id)


def _apply_organization(plan: Plan, session: _Session) -> None:
    run, outcomes = session.run, session.outcomes
    outcomes.begin()
    stop = run.stopping()
    if stop is not None or outcomes.halted:
        reason = "the run was interrupted" if stop is not None else "the run ended early"
        outcomes.interrupted = stop
        outcomes.add_all(plan.changes, Status.SKIPPED, run.clock.now(), reason)
        return
    try:
        if run.target.records_only:
            _record_together(plan, session)
        else:
            _perform_singly(plan, session)
    except StoreError as error:
        outcomes.fail(plan, error, run.clock.now())


def _record_together(plan: Plan, session: _Session) -> None:
    """The stored state is the record: all changes of the organization become true in one transaction."""
    run, name = session.run, plan.organization
    at = run.clock.now()
    over = [is_over(change, run, at) for change in plan.changes]
    due = [change for change, ended in zip(plan.changes, over, strict=True) if not ended]
    if due:
        before = session.store.read(name)
        after = perform_all(before.organization, due, at, request_lifetime=run.catalog.request_lifetime)
        steps, loose = due_with(plan)
        new = opened(chain(loose, *(its for its, ended in zip(steps, over, strict=True) if not ended)), at)
        session.store.commit(
            session.lock,
            name,
            after=after,
            expected_serial=plan.serial,
            records=[change_record(run, change, at, session.fleet.plan_hash) for change in due],
            follow_ups=open_after(before.follow_ups, due, new),
        )
        session.outcomes.leave(new)
    for change, ended in zip(plan.changes, over, strict=True):
        session.outcomes.add(change, Status.SKIPPED if ended else Status.DONE, at, _OVER if ended else "")


def _perform_singly(plan: Plan, session: _Session) -> None:
    """Perform at a live target, one change after the other, each recorded by itself; the intent is stored first."""
    run, store, name, plan_hash = session.run, session.store, plan.organization, session.fleet.plan_hash
    store.note(name, [record_of(run, EntryKind.INTENT, run.clock.now(), plan_hash=plan_hash, detail=_intent(plan))])
    before, serial = store.read(name), plan.serial
    organization, left = before.organization, before.follow_ups
    steps, loose = due_with(plan)
    interrupted = failed = ""
    for change, its in zip(plan.changes, steps, strict=True):
        at = run.clock.now()
        if not interrupted and (stop := run.stopping()) is not None:
            session.outcomes.interrupted, interrupted = stop, "the run was interrupted"
        # An end that fails holds up no other end.
        stopped = interrupted or ("" if change.expires else failed)
        if stopped or is_over(change, run, at):
            session.outcomes.add(change, Status.SKIPPED, at, stopped or _OVER)
            continue
        try:
            answer = run.target.perform(change)
        except TargetError as error:
            failed = f"an earlier change of {name} failed"
            session.outcomes.add(change, Status.FAILED, at, error.message)
            store.note(name, [failure_record(run, change, at, plan_hash, error.message)])
            continue
        if answer.status is Status.DONE:
            at = run.clock.now()
            organization = perform(organization, change, at, request_lifetime=run.catalog.request_lifetime)
            record = change_record(run, change, at, plan_hash)
            new = opened([*loose, *its], at)
            left = open_after(left, [change], new)
            serial = store.commit(session.lock, name, after=organization, expected_serial=serial, records=[record], follow_ups=left)
            session.outcomes.leave(new)
            loose = []
        session.outcomes.add(change, answer.status, at, answer.detail)


def _intent(plan: Plan) -> str:
    return "; ".join(f"{change.action.value} {change.address}" for change in plan.changes)
