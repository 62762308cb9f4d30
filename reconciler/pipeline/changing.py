"""apply, state forget, unlock: the use cases that write. All changes go through the one door in `applying`."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from reconciler.applying import FlooredClock, apply_plan, earlier_run, record_of
from reconciler.model.changes import Plan
from reconciler.model.documents import UNREADABLE, compact, read_settings
from reconciler.model.errors import ExpiredPlanError, RefusedError, StalePlanError, StoreError
from reconciler.model.findings import Finding
from reconciler.model.identifiers import ORGANIZATION
from reconciler.model.journal import EntryKind
from reconciler.model.policy import Acknowledgements
from reconciler.model.protocols import StateReader, Store
from reconciler.model.resources import Organization, OrganizationFacts
from reconciler.model.results import Application, Counts, FleetPlan, Unlocked
from reconciler.pipeline.freezing import without_held_back
from reconciler.pipeline.judging import Judge, required_actor
from reconciler.pipeline.known import Known
from reconciler.pipeline.missing import require_state, unknown_organization
from reconciler.pipeline.overdue import without_overdue
from reconciler.pipeline.partners import Partners
from reconciler.pipeline.planning import plan, require_acknowledged
from reconciler.pipeline.present import present
from reconciler.pipeline.reading import names_in
from reconciler.pipeline.request import Approval, Request, RunSettings
from reconciler.pipeline.running import run_of
from reconciler.pipeline.standing import Standing
from reconciler.planning.codec import stale
from reconciler.planning.guard import frozen, held_back
from reconciler.planning.perform import perform_all
from reconciler.planning.plan import plan_organization, summarize
from reconciler.planning.renames import stored_under, under_new_names, with_references
from reconciler.planning.seal import PlanHash, change_content
from reconciler.reports.stateless import without_stateless
from reconciler.rules import Context
from reconciler.stores import open_reader, open_store

_log = logging.getLogger("reconciler")

_ATTEMPTS = 3
"""How often a plan is made anew when other runs keep moving the state."""
_OVER_BEFORE = "it ended before the plan was approved"


def apply_paths(request: Request, settings: RunSettings, approval: Approval) -> Application | FleetPlan:
    """Plan the manifests, have the plan approved, and perform it; a plan that is refused is the answer itself.

    Raises:
        ManifestError, MissingStateError: as for `plan`.
        DeclinedError: the plan was not approved.
        StalePlanError: it is not the plan that was approved, or the state moved in between.
        ExpiredPlanError: access started or ended while the plan waited for its approval, and what is left is not a part of it.
        LockedError: another run holds a lock.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        with closing(open_reader(request.state)) as reader:
            here = present(settings.clock, reader)
            made = plan(request, reader, here.now, shown=here.shown, remember=True)
            if approval.expect is not None and made.plan_hash != approval.expect:
                return _applied_before(made, approval.expect, reader, settings, request)
        if made.refusals and not made.in_part:
            return made
        if not made.summary.changes:
            _remember_checks(made, request)
            return _nothing(made, settings, request)
        approval.ask(made)
        try:
            return _perform(made, request, settings, recheck=False)
        except StalePlanError:
            if not approval.again or attempt == _ATTEMPTS:
                raise
        except ExpiredPlanError:
            if approval.again and attempt < _ATTEMPTS:
                continue
            narrowed = None if approval.expect is not None else _narrowed(made, request, settings)
            if narrowed is None:
                raise
            return _perform(narrowed, request, settings, recheck=False)
    raise AssertionError("the loop returns or raises")


def _narrowed(made: FleetPlan, request: Request, settings: RunSettings) -> FleetPlan | None:
    """Return what is left of an approved plan when some of it has ended meanwhile; None when the new plan would do anything else."""
    with closing(open_reader(request.state)) as reader:
        here = present(settings.clock, reader)
        again = plan(request, reader, here.now, shown=here.shown)
    approved = {compact(change_content(change)): change for section in made.plans() for change in section.changes}
    left = {compact(change_content(change)) for section in again.plans() for change in section.changes if not change.expires}
    if again.refusals or again.serials != made.serials or not left <= approved.keys():
        return None
    gone = (change for content, change in approved.items() if content not in left and not change.expires)
    return replace(again, given_up=tuple((change, _OVER_BEFORE) for change in gone))


def apply_saved(made: FleetPlan, request: Request, settings: RunSettings, *, expect: str | None) -> Application | FleetPlan:
    """Perform a saved plan, which is its own approval; performing it again does nothing.

    Raises:
        StalePlanError, TamperedPlanError, ExpiredPlanError: it does not fit the state, itself, the present, or *expect*.
        LockedError: another run holds a lock.
    """
    if expect is not None and made.plan_hash != expect:
        raise stale("the saved plan is not the one that is expected", f"expected {expect}, the file has {made.plan_hash}")
    if made.target != request.target:
        raise stale("the saved plan is for another target", f"the plan is for {made.target}, this run is for {request.target}")
    with closing(open_reader(request.state)) as reader:
        require_state(request, reader)
        # What was true of the state when the plan was made is not said again.
        made = replace(made, location=reader.location, findings=without_overdue(without_stateless(made.findings)))
        if made.lineage is not None and reader.lineage is None:
            raise stale("Saved plan does not match the given state", f"there is no stored state at {reader.location}")
        earlier = earlier_run(made.plan_hash, made.plans(), reader)
        if earlier is not None:
            return replace(_nothing(made, settings, request), run=earlier, repeated=True)
        if not made.summary.changes:
            return _nothing(made, settings, request)
        require_acknowledged(request.acknowledged, made.serials)
        # The plan names who answers for it; whoever applies it may take that over.
        request = replace(request, actor=request.actor or made.actor)
        changes = any(not change.expires for section in made.plans() for change in section.changes)
        demanded = required_actor(request, changes=changes)
        if demanded:
            return replace(made, refusals=tuple(demanded))
    return _perform(made, request, settings, recheck=True)


def _perform(made: FleetPlan, request: Request, settings: RunSettings, *, recheck: bool) -> Application | FleetPlan:
    """Perform a plan. Who answers for it is judged again, by the state under lock; *recheck*: what it declares is judged again as well."""
    made = replace(made, findings=without_overdue(made.findings))
    store = open_store(request.state, create=True)
    try:
        facts = _facts_of(made.plans()) if recheck else {}
        new_names = {was: name for name, was in made.former.items()}
        seen = under_new_names(store, made.former)
        known = Known(facts, seen)
        clock = FlooredClock(settings.clock, store.highest_instant())
        now = clock.now()
        planned = _Planned(made, store, now, request) if recheck else None
        partners = Partners(now, reader=seen, planned=planned, facts=facts)
        context = Context(
            now=now,
            catalog=request.catalog,
            known=known,
            declared=frozenset(facts),
            site_owners={},
            people_of=partners.people_of,
            administrators_of=partners.administrators_of,
            lists_of=partners.lists_of,
            recorded_partner_of=partners.recorded_partner_of,
            partners=partners.names,
            renamed=new_names,
            on_record=Standing(seen),
        )
        judge = Judge(request, seen, context)

        def refused(before: Organization | None, after: Organization) -> Sequence[Finding]:
            known_as = before if before is None else with_references(before, new_names)
            return judge.verdict(known_as, after, clock.now()).refusals

        run = replace(run_of(request, settings), judge=refused)
        if recheck:
            run = replace(run, recheck=judge.errors)
        application = apply_plan(without_held_back(made, store, request, now), store, run)
    except RefusedError as error:
        return replace(made, refusals=error.findings)
    else:
        _remember(made, store)
        return application
    finally:
        store.close()


def _remember(made: FleetPlan, store: Store) -> None:
    """Keep what was found out on the way. Whatever stops that stops nothing else: the next run finds it out again."""
    try:
        made.remember(store)
    except StoreError as error:
        _log.info("what was checked could not be remembered: %s", error.message)


def _remember_checks(made: FleetPlan, request: Request) -> None:
    """Keep what was found out where nothing was to be changed; no state is made for that."""
    if made.lineage is None:
        return
    try:
        with closing(open_store(request.state, create=False)) as store:
            _remember(made, store)
    except StoreError as error:
        _log.info("what was checked could not be remembered: %s", error.message)


def _applied_before(made: FleetPlan, expect: str, reader: StateReader, settings: RunSettings, request: Request) -> Application:
    """A job that runs again after it succeeded finds nothing to do; anything else is not the plan that was approved."""
    if not made.summary.changes:
        earlier = earlier_run(expect, None, reader)
        if earlier is not None:
            return replace(_nothing(made, settings, request), plan_hash=expect, run=earlier, repeated=True)
    raise stale("the plan is not the one that was approved", f"approved {expect}, the plan now is {made.plan_hash}")


def _nothing(made: FleetPlan, settings: RunSettings, request: Request) -> Application:
    return Application(
        operation=settings.holder.operation,
        plan_hash=made.plan_hash,
        run=None,
        repeated=False,
        target=request.target,
        location=made.location,
        counts=Counts(),
        outcomes=lambda: iter(()),
        findings=made.findings,
    )


def _facts_of(plans: Iterator[Plan]) -> dict[str, OrganizationFacts]:
    facts = {}
    for section in plans:
        for change in section.changes:
            if change.type == ORGANIZATION and change.after is not None:
                facts[section.organization] = OrganizationFacts.of(section.organization, read_settings(change.after))
    return facts


class _Planned:
    """What a saved plan makes of an organization: another one in it may depend on that."""

    def __init__(self, made: FleetPlan, store: StateReader, now: datetime, request: Request) -> None:
        self._made = made
        self._store = store
        self._now = now
        self._lifetime = request.catalog.request_lifetime

    def __call__(self, name: str) -> Organization | None:
        """Return the organization after its changes; None of one that the plan does not change, or that it cannot change."""
        for section in self._made.plans():
            if section.organization == name:
                try:
                    stored = stored_under(self._store, name, self._made.former).organization
                    return perform_all(stored, section.changes, self._now, request_lifetime=self._lifetime)
                except UNREADABLE:
                    return None  # the plan is refused when that organization is verified
        return None


def forget(name: str, request: Request, settings: RunSettings) -> Application | FleetPlan:
    """Stop managing an organization: its record goes, its journal stays, nobody's access changes at a target.

    Raises:
        MissingStateError: there is no state, or no such organization in it.
    """
    with closing(open_reader(request.state)) as reader:
        require_state(request, reader)
        stored = reader.read(name)
        if stored.organization is None or stored.organization.settings is None:
            raise unknown_organization(name, names_in(reader), reader.location)
        now = present(settings.clock, reader).now
        made = plan_organization(
            name, stored, None, lineage=reader.lineage, now=now, catalog=request.catalog, acknowledged=Acknowledgements()
        )
        window = request.policy.freeze_of((stored.organization,), now)
        frozen_now = () if window is None else frozen({window: held_back(made.changes, window)})
        total = PlanHash()
        total.add(name, made.digest)
        fleet = FleetPlan(
            plan_hash=total.text(),
            as_of=now,
            valid_until=None,
            location=reader.location,
            lineage=reader.lineage,
            serials={name: stored.serial},
            people=0,
            summary=summarize(made),
            findings=(),
            refusals=(*made.refusals, *frozen_now, *required_actor(request, changes=True)),
            complete=True,
            target=request.target,
            changed=(name,),
            plans=lambda: iter((made,)),
        )
    if fleet.refusals:
        return fleet
    return _perform(fleet, request, settings, recheck=False)


def unlock(lock_id: str, request: Request, settings: RunSettings) -> Unlocked:
    """Release a dead lock.

    Raises:
        StoreError: no lock has that id.
        LockedError: its holder is alive on this host.
    """
    with closing(open_reader(request.state)) as reader:
        require_state(request, reader)
        held = reader.locks()
        location = reader.location
    if not any(lock.id == lock_id for lock in held):
        ids = ", ".join(lock.id for lock in held)
        raise StoreError(f"no lock {lock_id} is held at {location}", detail=f"held: {ids}" if ids else "no lock is held")
    store: Store = open_store(request.state, create=False)
    try:
        record = record_of(run_of(request, settings), EntryKind.LOCK, present(settings.clock, store).now)
        return Unlocked(lock=store.unlock(lock_id, record))
    finally:
        store.close()
