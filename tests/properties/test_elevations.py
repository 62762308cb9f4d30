"""Temporary access, whatever is commanded in whatever order: it lasts as long as was said, is given once, and its end takes nothing else.

The machine works on model values with the real planner and the real door. What should hold is kept beside it as plain facts, told by the
commands alone: who was given what, from when, until when.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reconciler import access
from reconciler.applying import apply_plan
from reconciler.model.changes import Action, Plan, Reason
from reconciler.model.documents import read_administrator, read_grant
from reconciler.model.errors import ExpiredPlanError
from reconciler.model.findings import Finding
from reconciler.model.identifiers import (
    ADMINISTRATOR,
    ELEVATION_GRANT,
    administrator_address,
    grant_address,
    identity,
    organization_address,
)
from reconciler.model.journal import Entry, EntryKind
from reconciler.model.lifetimes import grant_end, grant_status, keeps_its_hours
from reconciler.model.protocols import Target
from reconciler.model.resources import Administrator, EndReason, Grant, GrantStatus, Organization
from reconciler.model.results import FleetPlan
from reconciler.planning.plan import plan_organization
from reconciler.planning.scope import resolve
from reconciler.targets import NoTarget
from tests.fakes.builders import ALICE, CATALOG, HOUR, MINUTE, NOBODY_MINDS, NOW, SECOND, a_fleet, a_run, people, settings
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget

CROWD = ["bob@acme.example", "eve@acme.example", "tac@cisco.example"]
ROLES = ["support-administrator", "full-administrator"]
STEP = 5 * MINUTE
FIRST_SECONDS = st.sampled_from([-SECOND, timedelta(0), SECOND])
WHICH = st.integers(0, 5)
WHO = st.sampled_from(CROWD)
THEN = st.sampled_from(["everything", "everything", "grants alone", "nothing declared", "not run"])


@dataclass(slots=True)
class Run:
    """One grant that gives, or gave, access: to whom, from when, until when."""

    agent: str
    start: datetime
    end: datetime
    content: Grant


@dataclass(slots=True)
class Told:
    """What the commands have told so far.

    Attributes:
        standing: who was last declared, each with the instant from which their access is gone.
        pending: requests, each with the instant at which it lapses.
        closed: names of what has ended and was recorded as such.
    """

    standing: dict[str, Administrator] = field(default_factory=dict)
    pending: dict[str, datetime] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def tell(self, now: datetime, crowd: Mapping[str, Administrator] | None, grants: Mapping[str, Grant], *, omitting: bool) -> None:
        """Take in that manifests were applied at *now*; the names of what they leave out end when *omitting*."""
        if crowd is not None:
            self.standing = {key: person for key, person in crowd.items() if person.expires_at is None or now < person.expires_at}
        for name in grants.keys() - self.closed:
            self._tell(now, grants[name])
        if omitting:
            for name in self.pending.keys() - grants.keys():
                self.pending[name] = min(self.pending[name], now)
            for name in self.runs.keys() - grants.keys():
                self.runs[name].end = min(self.runs[name].end, now)
        self.closed |= {name for name, end in self.ends().items() if end <= now}

    def _tell(self, now: datetime, grant: Grant) -> None:
        if grant.approved_at is not None and grant.expires_at is not None:
            end = min(grant.expires_at, grant.revoked_at or grant.expires_at)
            if grant.name in self.runs:
                run = self.runs[grant.name]
                run.end = min(run.end, end) if now < run.end else run.end  # what is over stays as it was
            elif now < end:
                self.pending.pop(grant.name, None)
                self.runs[grant.name] = Run(grant.agent_email, grant.approved_at, end, grant)
        elif grant.denied_at is not None:
            if grant.name in self.pending:
                self.pending[grant.name] = grant.denied_at
        elif now < grant.requested_at + HOUR:
            self.pending.setdefault(grant.name, grant.requested_at + HOUR)

    def ends(self) -> dict[str, datetime]:
        """Return when each grant and request ends, or has ended, by name."""
        return self.pending | {name: run.end for name, run in self.runs.items()}

    def instants(self) -> set[datetime]:
        """Return every start and end, past and to come."""
        found = {*self.ends().values(), *(run.start for run in self.runs.values())}
        return found | {person.expires_at for person in self.standing.values() if person.expires_at is not None}

    def upcoming(self, now: datetime) -> set[datetime]:
        """Return every start and end after *now*."""
        return {at for at in self.instants() if at > now}

    def formula(self, who: str, instant: datetime) -> tuple[frozenset[str], set[tuple[str, datetime]]]:
        """Return the standing roles of somebody, and the grants that are active for them, each with its end."""
        person = self.standing.get(who)
        roles = person.roles if person is not None and (person.expires_at is None or instant < person.expires_at) else frozenset[str]()
        runs = {(name, run.end) for name, run in self.runs.items() if run.agent == who and run.start <= instant < run.end}
        return roles, runs

    def at(self, instant: datetime, like: Organization) -> Organization:
        """Return an organization in which there is nothing but what counts at *instant*, given for as long as it lasts."""
        live = {key: person for key, person in self.standing.items() if person.expires_at is None or instant < person.expires_at}
        grants = {
            name: replace(run.content, expires_at=run.end, revoked_at=None)
            for name, run in self.runs.items()
            if run.start <= instant < run.end
        }
        return replace(like, administrators=None if like.administrators is None else live, grants=grants)


def grants_of(store: MemoryStore) -> Mapping[str, Grant]:
    stored = store.read("acme").organization
    return stored.grants if stored else {}


class Elevations(RuleBasedStateMachine):
    """Manifests that people edit, revert, apply in part and as a whole, while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.clock = FixedClock(NOW)
        self.target: Target = NoTarget()
        self.told = Told()
        self.crowd: dict[str, Administrator] = dict(people(ALICE))
        self.grants: dict[str, Grant] = {}
        self.commits: list[tuple[dict[str, Administrator], dict[str, Grant]]] = []
        self.names = 0
        self.reverted = False

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @initialize(live=st.booleans())
    def begin(self, live: bool) -> None:  # noqa: FBT001  # hypothesis passes by name
        self.target = RecordingTarget() if live else NoTarget()

    # What people write

    @rule(who=WHO, role=st.sampled_from(ROLES), ends=st.none() | st.integers(-2, 20), then=THEN)
    def declare(self, who: str, role: str, ends: int | None, then: str) -> None:
        """Declare somebody, with or without an end, anew or otherwise than before; the end may have passed."""
        self.crowd[who] = Administrator(email=who, roles=frozenset({role}), expires_at=None if ends is None else self.now + ends * STEP)
        self._run(then)

    @rule(who=WHO, then=THEN)
    def undeclare(self, who: str, then: str) -> None:
        self.crowd.pop(who, None)
        self._run(then)

    @rule(who=WHO, ago=st.integers(0, 13), then=THEN)
    def ask(self, who: str, ago: int, then: str) -> None:
        self.names += 1
        name = f"inc-{self.names}"
        self.grants[name] = Grant(
            name=name, organization="acme", agent_email=who, agent_type="cisco-tac", reason="x", requested_at=self.now - ago * STEP
        )
        self._run(then)

    @rule(who=WHO, ago=st.integers(0, 4), lasts=st.integers(1, 12), beside=st.none() | st.tuples(WHICH, st.booleans()), then=THEN)
    def give(self, who: str, ago: int, lasts: int, beside: tuple[int, bool] | None, then: str) -> None:
        """Declare an approved grant that nobody has seen before; often one that ends with another, or begins at its end."""
        ends = sorted({grant.expires_at for grant in self.grants.values() if grant.expires_at is not None})
        start, end = self.now - ago * STEP, self.now + (lasts - ago) * STEP
        if beside is not None and ends:
            other = ends[beside[0] % len(ends)]
            start, end = (other, other + lasts * STEP) if beside[1] and other <= self.now else (start, other)
        self.names += 1
        name = f"inc-{self.names}"
        grant = Grant(name=name, organization="acme", agent_email=who, agent_type="cisco-tac", reason="x", requested_at=start)
        grant = replace(grant, approved_by=ALICE.email, approved_at=start, expires_at=end)
        if keeps_its_hours(grant):
            self.grants[name] = grant
        self._run(then)

    def _undecided(self) -> list[Grant]:
        return [grant for grant in self.grants.values() if grant.approved_at is None and grant.denied_at is None]

    def _approved(self) -> list[Grant]:
        return [grant for grant in self.grants.values() if grant.approved_at is not None]

    @precondition(lambda self: self._undecided())
    @rule(
        which=WHICH,
        after=st.integers(0, 12),
        lasts=st.integers(1, 3) | st.integers(1, 12),
        deny=st.sampled_from([False, False, True]),
        then=THEN,
    )
    def decide(self, which: int, after: int, lasts: int, deny: bool, then: str) -> None:  # noqa: FBT001
        several = self._undecided()
        grant = several[which % len(several)]
        at = min(grant.requested_at + after * STEP, grant.requested_at + HOUR - SECOND, self.now)
        if deny:
            self.grants[grant.name] = replace(grant, denied_by=ALICE.email, denied_at=at)
        else:
            self.grants[grant.name] = replace(grant, approved_by=ALICE.email, approved_at=at, expires_at=at + lasts * STEP)
        self._run(then)

    @precondition(lambda self: self._approved())
    @rule(which=WHICH, ago=st.integers(-1, 6), then=THEN)
    def revoke(self, which: int, ago: int, then: str) -> None:
        several = self._approved()
        grant = several[which % len(several)]
        assert grant.approved_at is not None
        at = max(grant.approved_at, self.now - ago * STEP)
        at = at if grant.revoked_at is None else min(at, grant.revoked_at)
        self.grants[grant.name] = replace(grant, revoked_at=at)
        self._run(then)

    @precondition(lambda self: self._approved())
    @rule(which=WHICH, by=st.integers(1, 6), then=THEN)
    def shorten(self, which: int, by: int, then: str) -> None:
        several = self._approved()
        grant = several[which % len(several)]
        assert grant.approved_at is not None
        assert grant.expires_at is not None
        self.grants[grant.name] = replace(grant, expires_at=max(grant.approved_at + MINUTE, grant.expires_at - by * STEP))
        self._run(then)

    @precondition(lambda self: self._approved())
    @rule(which=WHICH, how_far=st.sampled_from(["longer", "not revoked", "undecided", "other approval"]), then=THEN)
    def go_back(self, which: int, how_far: str, then: str) -> None:
        """Edit an approved grant as nobody may once it is recorded."""
        several = self._approved()
        grant = several[which % len(several)]
        assert grant.approved_at is not None
        undecided = replace(grant, approved_by=None, approved_at=None, expires_at=None, revoked_at=None)
        edits = {
            "longer": replace(grant, expires_at=grant.approved_at + HOUR),
            "not revoked": replace(grant, revoked_at=None),
            "undecided": undecided,
            "other approval": replace(grant, approved_at=grant.requested_at, expires_at=grant.requested_at + HOUR, revoked_at=None),
        }
        self.grants[grant.name], self.reverted = edits[how_far], True
        self._run(then)

    @precondition(lambda self: self.grants)
    @rule(which=WHICH, then=THEN)
    def drop(self, which: int, then: str) -> None:
        del self.grants[sorted(self.grants)[which % len(self.grants)]]
        self._run(then)

    @precondition(lambda self: self.commits)
    @rule(which=WHICH, then=THEN)
    def revert(self, which: int, then: str) -> None:
        """Put the manifests back as they were when they were applied some time ago."""
        crowd, grants = self.commits[-1 - which % len(self.commits)]
        self.crowd, self.grants, self.reverted = dict(crowd), dict(grants), True
        self._run(then)

    # Time

    @rule(steps=st.integers(1, 5) | st.integers(1, 14))
    def wait(self, steps: int) -> None:
        self.clock.advance(steps * STEP)

    @precondition(lambda self: self.told.upcoming(self.now))
    @rule(which=WHICH, off=FIRST_SECONDS)
    def wait_for_something(self, which: int, off: timedelta) -> None:
        """Move to a start or an end, or one second beside it."""
        instants = sorted(self.told.upcoming(self.now))
        self.clock.set(max(self.now, instants[which % len(instants)] + off))

    # What is run

    @rule(listed=st.sampled_from([True, True, True, False]), waits=st.sampled_from([None, None, None, 0, 1, 2]), off=FIRST_SECONDS)
    def apply_everything(self, listed: bool, waits: int | None, off: timedelta) -> None:  # noqa: FBT001
        """Apply the organization with all its grants; *listed*: with its list of people; *waits*: a plan saved before, applied later."""
        crowd = self.crowd if listed else None
        declared = Organization(name="acme", settings=settings(), administrators=crowd, grants=self.grants)
        self._apply(declared, omitting=True, waits=None if waits is None else (waits, off))

    @rule(keep=st.integers(0, 7))
    def apply_grants_alone(self, keep: int) -> None:
        some = {name: grant for number, (name, grant) in enumerate(sorted(self.grants.items())) if keep & 1 << number % 3}
        self._apply(Organization(name="acme", grants=some), omitting=False)

    @rule()
    def record_ends(self) -> None:
        """Declare nothing at all, as a sweep does."""
        made = self._apply(Organization(name="acme"), omitting=False)
        assert made is None or all(change.expires for change in made.changes)

    @precondition(lambda self: self.told.standing)
    @rule(sure=st.integers(0, 3))
    def forget(self, sure: int) -> None:
        if sure < 2:
            made = self._plan(None)
            apply_plan(self._fleet(made), self.store, a_run(target=self.target, clock=self.clock))
            self.told.standing = {}

    def _plan(self, after: Organization | None) -> Plan:
        stored = self.store.read("acme")
        made = plan_organization(
            "acme", stored, after, lineage=self.store.lineage, now=self.now, catalog=CATALOG, acknowledged=NOBODY_MINDS
        )
        assert made.refusals == ()
        return made

    def _fleet(self, made: Plan) -> FleetPlan:
        return a_fleet([made] if made.changes else [], as_of=made.as_of, lineage=self.store.lineage)

    def _resolve(self, declared: Organization) -> tuple[Organization, list[Finding]]:
        return resolve(declared, self.store.read("acme").organization, self.now, request_lifetime=HOUR)

    def _run(self, then: str) -> None:
        """Run what usually follows when people have written something."""
        if then == "everything":
            self._apply(Organization(name="acme", settings=settings(), administrators=self.crowd, grants=self.grants), omitting=True)
        elif then == "grants alone":
            self._apply(Organization(name="acme", grants=self.grants), omitting=False)
        elif then == "nothing declared":
            self._apply(Organization(name="acme"), omitting=False)

    def _apply(self, declared: Organization, *, omitting: bool, waits: tuple[int, timedelta] | None = None) -> Plan | None:
        after, findings = self._resolve(declared)
        if findings:
            self._refused(declared, findings)
            return None
        made = self._plan(after)
        before = Told(dict(self.told.standing), dict(self.told.pending), {n: replace(r) for n, r in self.told.runs.items()})
        self._judge_plan(made, before)
        upcoming = self._starts_and_ends(declared, before, omitting=omitting)
        assert made.valid_until == (min(upcoming, default=None) if made.changes else None)
        as_of = self.now
        if waits is not None and upcoming:
            instants = sorted(upcoming)
            self.clock.set(max(self.now, instants[waits[0] % len(instants)] + waits[1]))
        held = grants_of(self.store)
        run = a_run(target=self.target, clock=self.clock)
        passed = any(as_of < at <= self.now for at in upcoming)
        if passed and not made.changes:
            return made
        if passed:
            with pytest.raises(ExpiredPlanError):
                apply_plan(self._fleet(made), self.store, run)
            assert grants_of(self.store) == held
            return made
        application = apply_plan(self._fleet(made), self.store, run)
        assert (application.counts.failed, application.counts.skipped) == (0, 0)
        self.told.tell(self.now, declared.administrators, declared.grants, omitting=omitting)
        if self.commits[-1:] != [(self.crowd, self.grants)]:
            self.commits.append((dict(self.crowd), dict(self.grants)))
        self._judge_history(held)
        for name, grant in declared.grants.items():
            # Whoever declares something that still has time is told so when it is not given; never in silence.
            assert self.now >= grant_end(grant) or grants_of(self.store)[name] == grant
        again, findings = self._resolve(declared)
        assert findings == []
        assert self._plan(again).changes == ()
        return made

    def _starts_and_ends(self, declared: Organization, before: Told, *, omitting: bool) -> set[datetime]:
        """Return what is to come by what is stored and by what is declared."""
        then = Told(dict(before.standing), dict(before.pending), {n: replace(r) for n, r in before.runs.items()}, set(self.told.closed))
        then.tell(self.now, declared.administrators, declared.grants, omitting=omitting)
        return before.upcoming(self.now) | then.upcoming(self.now)

    def _refused(self, declared: Organization, findings: list[Finding]) -> None:
        """Only what goes back, or comes after an early end or a lapse was recorded, is refused; people then take it out."""
        for finding in findings:
            name = (finding.address or "").rpartition("/")[2]
            ended = grants_of(self.store)[name].ended
            late = ended is not None and ended.reason in {EndReason.LAPSED, EndReason.REVOKED} and declared.grants[name].approved_at
            assert self.reverted or late
            del self.grants[name]

    # What holds

    def _judge_plan(self, made: Plan, before: Told) -> None:
        over = {key for key, person in before.standing.items() if person.expires_at is not None and person.expires_at <= self.now}
        ended = {name for name, end in before.ends().items() if end <= self.now}
        for change in made.changes:
            if change.type == ELEVATION_GRANT and change.action is Action.DELETE:
                assert (change.name in ended) == (change.reason is Reason.EXPIRED)
            if change.type != ADMINISTRATOR or change.before is None:
                continue
            was = read_administrator(change.before)
            assert (identity(was.email) in over) == (change.reason is Reason.EXPIRED)
            assert change.action is Action.DELETE or not change.expires
        assert over.isdisjoint(made.removals.people)

    def _judge_history(self, held: Mapping[str, Grant]) -> None:
        kept = grants_of(self.store)
        assert held.keys() <= kept.keys()
        assert all(kept[name] == grant for name, grant in held.items() if grant.ended is not None)
        entries = [entry for entry in self.store.entries("acme") if entry.record.kind is EntryKind.CHANGE]
        for name, grant in kept.items():
            of_it = _about(entries, grant_address("acme", name))
            ends = [entry for entry in of_it if _is_end(entry)]
            assert len(ends) == (0 if grant.ended is None else 1)
            assert ends in ([], of_it[-1:])
        for who in CROWD:
            there = False
            for entry in _about(entries, administrator_address("acme", who), organization_address("acme")):
                if entry.record.address == organization_address("acme"):
                    there = there and entry.record.after is not None  # who was forgotten comes anew
                    continue
                assert there == (entry.record.before is not None)
                there = entry.record.after is not None
                if entry.record.before is not None:
                    ended = not read_administrator(entry.record.before).live_at(entry.record.at)
                    assert ended == (entry.record.reason is Reason.EXPIRED)

    @invariant()
    def everybody_has_what_they_were_given_and_nothing_else(self) -> None:
        stored = self.store.read("acme").organization
        if stored is None:
            assert self.told.standing == {}
            assert self.told.runs == {}
            return
        around = {at + off for at in self.told.upcoming(self.now - SECOND) for off in (-SECOND, timedelta(0), SECOND)}
        for instant in sorted({self.now} | {at for at in around if at > self.now}):
            seen = {person.person: person for person in access.everybody(stored, partner=None, now=instant, catalog=CATALOG)}
            then = self.told.at(instant, stored)
            assert seen == {person.person: person for person in access.everybody(then, partner=None, now=instant, catalog=CATALOG)}
            for who in CROWD:
                standing, runs = self.told.formula(who, instant)
                held = seen[who].held if who in seen else ()
                assert {holding.role for holding in held if holding.grant is None} == standing
                assert {(holding.grant, holding.until) for holding in held if holding.grant is not None} == runs
                assert (who in seen) == bool(standing or runs)

    @invariant()
    def every_grant_stands_where_it_was_brought(self) -> None:
        for name, grant in grants_of(self.store).items():
            run = self.told.runs.get(name)
            for instant in (at + off for at in self.told.instants() | {self.now} for off in (-SECOND, timedelta(0), SECOND)):
                active = run is not None and run.start <= instant < run.end
                assert (grant_status(grant, instant) is GrantStatus.ACTIVE) == active
            assert name not in self.told.closed or grant.ended is not None
            assert grant_end(grant) == self.told.ends()[name]
            assert grant.ended is None or grant.ended.at == self.told.ends()[name]

    @invariant()
    def nothing_is_kept_that_no_manifest_could_say(self) -> None:
        assert all(map(keeps_its_hours, grants_of(self.store).values()))


def _about(entries: Iterable[Entry], *addresses: str) -> list[Entry]:
    return [entry for entry in entries if entry.record.address in addresses]


def _is_end(entry: Entry) -> bool:
    if entry.record.after is None:
        return True
    return grant_end(read_grant(entry.record.after)) <= entry.record.at


TestElevations = Elevations.TestCase
TestElevations.settings = how(stateful_step_count=40)
