"""Sweeping: ends that have come, through the door, organization by organization, so that none keeps the others waiting."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from itertools import chain

from reconciler.applying.clock import FlooredClock
from reconciler.applying.door import apply_plan
from reconciler.applying.outcomes import Outcomes
from reconciler.applying.run import Run
from reconciler.model.changes import Plan
from reconciler.model.errors import ExpiredPlanError, LockedError, ReconcilerError, StalePlanError
from reconciler.model.protocols import Store
from reconciler.model.resources import Organization
from reconciler.model.results import Application, Counts, FleetPlan
from reconciler.planning.plan import plan_organization, summarize
from reconciler.planning.scope import resolve
from reconciler.planning.seal import PlanHash

_ATTEMPTS = 3
"""How often an organization is planned anew when others keep moving it, or when more of it ends meanwhile."""


def end_due(names: Sequence[str], store: Store, run: Run) -> Application:
    """End what is over in the organizations *names*, in that order, and nothing else.

    An organization that is locked, damaged or failing does not stop the others. Locked ones are tried again at the end; all of them
    together wait no longer than the run's lock timeout.
    """
    sweep = _Sweep(store, run)
    locked = [name for name in names if not sweep.end(name, timedelta(0))]
    for name in locked:
        sweep.end(name, run.lock_timeout / len(locked), last=True)
    return sweep.application()


class _Sweep:
    """Collects what became of every organization."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self._run = run
        self._clock = FlooredClock(run.clock, store.highest_instant())
        self._done: list[Application] = []
        self._digests: dict[str, str] = {}
        self._interrupted: int | None = None

    def end(self, name: str, wait: timedelta, *, last: bool = False) -> bool:
        """End what is over in one organization; answer False when it is locked and this was not the last try."""
        if self._interrupted is not None:
            return True
        made = Plan(organization=name, serial=0, digest="", as_of=self._clock.now())
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                made = self._plan(name)
                if not made.changes:
                    return True
                try:
                    self._take(made, apply_plan(self._fleet(made), self._store, replace(self._run, lock_timeout=wait)))
                except (StalePlanError, ExpiredPlanError):
                    if attempt == _ATTEMPTS:
                        raise
                else:
                    return True
        except LockedError as error:
            if not last:
                return False
            self._fail(made, error)
        except ReconcilerError as error:
            self._fail(made, error)
        return True

    def _plan(self, name: str) -> Plan:
        stored, now, catalog = self._store.read(name), self._clock.now(), self._run.catalog
        # Where nothing is declared, what is left of an organization is what is stored, without what has ended.
        after, _ = resolve(Organization(name=name), stored.organization, now, request_lifetime=catalog.request_lifetime)
        return plan_organization(
            name, stored, after, lineage=self._store.lineage, now=now, catalog=catalog, acknowledged=self._run.acknowledged
        )

    def _fleet(self, made: Plan) -> FleetPlan:
        total = PlanHash()
        if made.changes:
            total.add(made.organization, made.digest)
        return FleetPlan(
            plan_hash=total.text(),
            as_of=made.as_of,
            valid_until=made.valid_until,
            location=self._store.location,
            lineage=self._store.lineage,
            serials={made.organization: made.serial},
            people=0,
            summary=summarize(made),
            findings=(),
            refusals=(),
            complete=True,
            target=self._run.target.name,
            actor=self._run.actor,
            changed=(made.organization,) if made.changes else (),
            plans=lambda: iter((made,) if made.changes else ()),
        )

    def _take(self, made: Plan, application: Application) -> None:
        self._done.append(application)
        self._digests[made.organization] = made.digest
        self._interrupted = application.interrupted

    def _fail(self, made: Plan, error: ReconcilerError) -> None:
        outcomes = Outcomes(self._run)
        outcomes.begin()
        outcomes.fail(made, error, self._clock.now())
        self._take(made, outcomes.application(self._fleet(made), self._store, self._run, run_id=self._run.id))

    def application(self) -> Application:
        """Return what became of all of them together."""
        total = PlanHash()
        for name in sorted(name for name, digest in self._digests.items() if digest):
            total.add(name, self._digests[name])
        done = tuple(self._done)
        lateness = [it.largest_lateness for it in done if it.largest_lateness is not None]
        return Application(
            operation=self._run.operation,
            plan_hash=total.text(),
            run=self._run.id if done else None,
            repeated=False,
            target=self._run.target.name,
            location=self._store.location,
            counts=Counts(**{one.name: sum(getattr(it.counts, one.name) for it in done) for one in fields(Counts)}),
            outcomes=lambda: chain.from_iterable(it.outcomes() for it in done),
            open_steps=lambda: chain.from_iterable(it.open_steps() for it in done),
            failures=tuple(failure for it in done for failure in it.failures),
            interrupted=self._interrupted,
            largest_lateness=max(lateness, default=None),
        )
