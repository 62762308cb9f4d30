"""The door itself: lock, verify, perform, record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from reconciler.applying.clock import FlooredClock
from reconciler.applying.outcomes import Outcomes, is_broken
from reconciler.applying.run import Run, change_record, failure_record, record_of
from reconciler.applying.verification import is_over, refuse_to_widen, verify
from reconciler.model.changes import Change, FollowUp, Plan, Status
from reconciler.model.errors import StoreError, TargetError
from reconciler.model.identifiers import ORGANIZATION, organization_address
from reconciler.model.journal import EntryKind, Record
from reconciler.model.protocols import Commit, Lock, Store
from reconciler.model.results import Application, FleetPlan
from reconciler.planning.follow_ups import due_with, open_after, opened
from reconciler.planning.perform import perform, perform_all
from reconciler.planning.renames import stored_under

_OVER = "it ended while the run was under way"

_BATCH = 1000
"""About so many changes share a transaction, in whole organizations: few enough for flat memory, and for other writers to get a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """What performing needs at every step."""

    fleet: FleetPlan
    store: Store
    lock: Lock
    run: Run
    outcomes: Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """An organization that is ready to be recorded.

    Attributes:
        at: when its changes are made.
        over: of each change, whether what it would give has ended by then.
        commits: none when that is true of all of them; two when the organization is renamed.
        new: the follow-ups that its changes open.
    """

    plan: Plan
    at: datetime
    over: Sequence[bool]
    commits: Sequence[Commit]
    new: Sequence[FollowUp]


def apply_plan(fleet: FleetPlan, store: Store, run: Run) -> Application:
    """Perform *fleet* against *store*, organization by organization, and return what became of every change.

    One failing organization does not stop the others. Nothing is performed before the whole plan has been verified.

    Raises:
        LockedError: somebody else kept a lock for longer than the timeout; nothing was written.
        StalePlanError, TamperedPlanError, ExpiredPlanError: the plan does not fit the state, itself, or the present.
        RefusedError: a safety rail refuses it.
    """
    outcomes = Outcomes(run)
    began = FlooredClock(run.clock, store.highest_instant()).now()
    for change, reason in fleet.given_up:
        outcomes.add(change, Status.SKIPPED, began, reason)
    if not fleet.changed:
        return outcomes.application(fleet, store, run, run_id=None)
    with store.lock(
        (*fleet.changed, *fleet.former.values()), run.holder, timeout=run.lock_timeout, record=record_of(run, EntryKind.LOCK, began)
    ) as lock:
        # Only now nobody else writes into these chains any more.
        shown, run = run.clock.now(), replace(run, clock=FlooredClock(run.clock, store.highest_instant()))
        verify(fleet, store, run)
        refuse_to_widen(fleet, run, shown)
        session = _Session(fleet=fleet, store=store, lock=lock, run=run, outcomes=outcomes)
        (_record_together if run.target.records_only else _perform_singly)(session)
    return outcomes.application(fleet, store, run, run_id=run.id)


def _is_stopped(session: _Session) -> bool:
    """Tell whether the run ends here; what is ready by then is recorded first."""
    session.outcomes.interrupted = session.run.stopping()
    return session.outcomes.interrupted is not None or session.outcomes.halted


def _skip(plan: Plan, session: _Session) -> None:
    outcomes, run = session.outcomes, session.run
    reason = "the run ended early" if outcomes.interrupted is None else "the run was interrupted"
    outcomes.add_all(plan.changes, Status.SKIPPED, run.clock.now(), reason)
    run.progress(plan.organization)


def _fail(plan: Plan, error: StoreError, session: _Session) -> None:
    session.outcomes.fail(plan, error, session.run.clock.now())
    session.run.progress(plan.organization)


def _record_together(session: _Session) -> None:
    """The stored state is the record: all changes of an organization become true in one transaction, with those of its neighbors."""
    waiting: list[_Ready] = []
    for plan in session.fleet.plans():
        if _is_stopped(session):
            _record(waiting, session)
            waiting = []
            _skip(plan, session)
            continue
        try:
            waiting.append(_ready(plan, session))
        except StoreError as error:
            _record(waiting, session)
            waiting = []
            _fail(plan, error, session)
        if sum(len(one.plan.changes) for one in waiting) >= _BATCH:
            _record(waiting, session)
            waiting = []
    _record(waiting, session)


def _ready(plan: Plan, session: _Session) -> _Ready:
    run, name = session.run, plan.organization
    at = run.clock.now()
    over = [is_over(change, run, at) for change in plan.changes]
    due = [change for change, ended in zip(plan.changes, over, strict=True) if not ended]
    if not due:
        return _Ready(plan=plan, at=at, over=over, commits=(), new=())
    before = stored_under(session.store, name, session.fleet.former)
    steps, loose = due_with(plan)
    new = opened(chain(loose, *(its for its, ended in zip(steps, over, strict=True) if not ended)), at)
    commit = Commit(
        organization=name,
        after=perform_all(before.organization, due, at, request_lifetime=run.catalog.request_lifetime),
        expected_serial=plan.serial,
        records=[_record_of(change, at, plan, session) for change in due],
        follow_ups=open_after(before.follow_ups, due, new),
    )
    return _Ready(plan=plan, at=at, over=over, commits=(commit, *_giving_up(due[0], at, plan, session)), new=new)


def _record_of(change: Change, at: datetime, plan: Plan, session: _Session) -> Record:
    record = change_record(session.run, change, at, session.fleet.plan_hash)
    if change.type != ORGANIZATION or plan.former is None:
        return record
    # Nobody writes there any more: the hash of what was recorded so far ties the two chains together.
    head = next(head for head in session.store.chain_heads() if head.organization == plan.former)
    return replace(record, detail=f"goes on from {plan.former}, entry {head.seq}, hash {head.hash}")


def _giving_up(change: Change, at: datetime, plan: Plan, session: _Session) -> Iterator[Commit]:
    """Yield what ends the former name of an organization that *change* renames: the entry that names the new one, and nothing stored."""
    if plan.former is not None and plan.former_serial is not None and change.former == plan.former:
        record = change_record(session.run, change, at, session.fleet.plan_hash)
        record = replace(record, address=organization_address(plan.former), detail=f"goes on as {plan.organization}")
        yield Commit(organization=plan.former, after=None, expected_serial=plan.former_serial, records=[record])


def _record(waiting: Sequence[_Ready], session: _Session) -> None:
    """Commit what is ready in one transaction. If that refuses one of several, each is committed by itself, and the others are stored."""
    commits = [commit for one in waiting for commit in one.commits]
    try:
        if commits:
            session.store.commit_all(session.lock, commits)
    except StoreError as error:
        if len(waiting) > 1 and not is_broken(error):
            for one in waiting:
                _record_alone(one, session)
            return
        for one in waiting:
            _fail(one.plan, error, session)
        return
    for one in waiting:
        session.outcomes.begin()
        for change, ended in zip(one.plan.changes, one.over, strict=True):
            session.outcomes.add(change, Status.SKIPPED if ended else Status.DONE, one.at, _OVER if ended else "")
        session.outcomes.leave(one.new)
        session.run.progress(one.plan.organization)


def _record_alone(one: _Ready, session: _Session) -> None:
    if session.outcomes.halted:
        _skip(one.plan, session)
    else:
        _record([one], session)


def _perform_singly(session: _Session) -> None:
    for plan in session.fleet.plans():
        if _is_stopped(session):
            _skip(plan, session)
            continue
        session.outcomes.begin()
        try:
            _perform_each(plan, session)
        except StoreError as error:
            _fail(plan, error, session)
        else:
            session.run.progress(plan.organization)


def _perform_each(plan: Plan, session: _Session) -> None:
    """Perform at a live target, one change after the other, each recorded by itself; the intent is stored first."""
    run, store, name, plan_hash = session.run, session.store, plan.organization, session.fleet.plan_hash
    store.note(name, [record_of(run, EntryKind.INTENT, run.clock.now(), plan_hash=plan_hash, detail=_intent(plan))])
    before, serial = stored_under(store, name, session.fleet.former), plan.serial
    organization, left = before.organization, before.follow_ups
    steps, loose = due_with(plan)
    interrupted = failed = ""
    between_names = plan.former is not None
    for change, its in zip(plan.changes, steps, strict=True):
        at = run.clock.now()
        if not interrupted and (stop := run.stopping()) is not None:
            session.outcomes.interrupted, interrupted = stop, "the run was interrupted"
        # A failure holds up no end, unless it leaves the organization under its former name.
        stopped = interrupted or ("" if change.expires and not between_names else failed)
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
            record = _record_of(change, at, plan, session)
            new = opened([*loose, *its], at)
            left = open_after(left, [change], new)
            commit = Commit(organization=name, after=organization, expected_serial=serial, records=[record], follow_ups=left)
            store.commit_all(session.lock, [commit, *_giving_up(change, at, plan, session)])
            serial += 1
            between_names = False
            session.outcomes.leave(new)
            loose = []
        session.outcomes.add(change, answer.status, at, answer.detail)


def _intent(plan: Plan) -> str:
    return "; ".join(f"{change.action.value} {change.address}" for change in plan.changes)
