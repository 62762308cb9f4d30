"""Builders: a case names the fields that matter, everything else has a plain value.

All instants count from `NOW`; the grant of `a_grant()` is live at `NOW` and ends half an hour later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler import catalog
from reconciler.applying import Run
from reconciler.model.changes import Action, Change, FollowUp, ManualStep, Plan, Reason, Summary
from reconciler.model.documents import administrator_document
from reconciler.model.findings import Finding
from reconciler.model.identifiers import ADMINISTRATOR, administrator_address, organization_address
from reconciler.model.journal import EntryKind, Record
from reconciler.model.policy import Acknowledgements, Policy
from reconciler.model.protocols import Clock, Store, Stored, Target
from reconciler.model.resources import Administrator, EndReason, Grant, GrantEnd, Organization, OrganizationType, Settings
from reconciler.model.results import FleetPlan
from reconciler.planning.plan import live_people, plan_organization, summarize
from reconciler.planning.scope import resolve
from reconciler.planning.seal import PlanHash
from reconciler.stores.holders import here
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LINEAGE = "00000000-0000-4000-8000-000000000001"
CATALOG = catalog.load()
HOLDER = here("apply", "1.0", NOW)
NOBODY_MINDS = Acknowledgements()


def an_administrator(email: str = "alice@acme.example", *roles: str, **fields: Any) -> Administrator:
    """Return somebody with *roles*; without any, a full administrator."""
    return Administrator(email=email, roles=frozenset(roles or ("full-administrator",)), **fields)


ALICE = an_administrator()
BOB = an_administrator("bob@acme.example", "support-administrator")


def a_request(name: str = "inc-1", **fields: Any) -> Grant:
    """Return a pending request, made 20 minutes before `NOW`."""
    facts: dict[str, Any] = {
        "name": name,
        "organization": "acme",
        "agent_email": "tac@cisco.example",
        "agent_type": "cisco-tac",
        "reason": "sign-in broken",
        "requested_at": NOW - 20 * MINUTE,
    }
    return Grant(**(facts | fields))


def a_grant(name: str = "inc-1", **fields: Any) -> Grant:
    """Return an approved grant, live from 10 minutes before `NOW` to 30 minutes after it."""
    facts = {"approved_by": "alice@acme.example", "approved_at": NOW - 10 * MINUTE, "expires_at": NOW + 30 * MINUTE}
    return a_request(name, **(facts | fields))


def ended(grant: Grant, reason: EndReason, at: datetime, *, recorded_at: datetime | None = None) -> Grant:
    """Return *grant* with its end recorded."""
    return replace(grant, ended=GrantEnd(reason=reason, at=at, recorded_at=recorded_at or at))


def settings(**fields: Any) -> Settings:
    return Settings(**({"type": OrganizationType.CUSTOMER} | fields))


def people(*administrators: Administrator) -> Mapping[str, Administrator]:
    return {person.key: person for person in administrators}


def an_organization(*administrators: Administrator, grants: Iterable[Grant] = (), name: str = "acme", **fields: Any) -> Organization:
    """Return an organization with its manifest, with *administrators* or with Alice alone."""
    facts: dict[str, Any] = {"settings": settings(), "administrators": people(*(administrators or (ALICE,)))}
    return Organization(name=name, grants={grant.name: grant for grant in grants}, **(facts | fields))


def grants_alone(*grants: Grant, name: str = "acme") -> Organization:
    """Return what a run declares that is given grants and no organization's manifest."""
    return Organization(name=name, grants={grant.name: grant for grant in grants})


def a_person_change(before: Administrator | None, after: Administrator | None, *, reason: Reason | None = None) -> Change:
    """Return the change of one person of `acme`, without its fields."""
    person = after or before or ALICE
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    return Change(
        address=administrator_address("acme", person.email),
        organization="acme",
        type=ADMINISTRATOR,
        name=person.email,
        action=action,
        reason=reason or (Reason.OMITTED if after is None else Reason.DECLARED),
        before=None if before is None else administrator_document(before),
        after=None if after is None else administrator_document(after),
    )


def a_record(**fields: Any) -> Record:
    facts: dict[str, Any] = {"run": "r0", "at": NOW, "kind": EntryKind.CHANGE}
    facts |= {"operation": "apply", "operator": "root@ci", "version": "1.0"}
    return Record(**(facts | fields))


def a_step(address: str = "acme/administrator/bob@acme.example", rule: str = "sign-in-once", **fields: Any) -> ManualStep:
    """Return a step that stays open until it is attested."""
    facts: dict[str, Any] = {"summary": "sign in to Control Hub once", "detail": "roles count from then on", "follow_up": True}
    return ManualStep(address=address, rule=rule, **(facts | fields))


def a_follow_up(address: str = "acme/administrator/bob@acme.example", rule: str = "sign-in-once", **fields: Any) -> FollowUp:
    """Return the follow-up that `a_step()` leaves, open since a day before `NOW`."""
    facts: dict[str, Any] = {"summary": "sign in to Control Hub once", "since": NOW - DAY}
    return FollowUp(address=address, rule=rule, **(facts | fields))


def put(store: Store, organization: Organization | None, *follow_ups: FollowUp, name: str = "acme") -> int:
    """Store *organization* with what is open in it, as another run would have done; return its serial."""
    name = name if organization is None else organization.name
    with store.lock([name], HOLDER, timeout=timedelta(0), record=a_record(kind=EntryKind.LOCK)) as lock:
        action = Action.UPDATE if organization else Action.DELETE
        record = a_record(address=organization_address(name), action=action, reason=Reason.DECLARED)
        serial = store.read(name).serial
        return store.commit(lock, name, after=organization, expected_serial=serial, records=[record], follow_ups=follow_ups)


def a_store(*organizations: Organization) -> MemoryStore:
    """Return a store that holds *organizations*, each with serial 1."""
    store = MemoryStore()
    for organization in organizations:
        put(store, organization)
    return store


def a_plan(
    declared: Organization,
    stored: Organization | None = None,
    *,
    now: datetime = NOW,
    serial: int | None = None,
    lineage: str | None = LINEAGE,
    acknowledged: Acknowledgements = NOBODY_MINDS,
) -> Plan:
    """Return the plan that brings *stored* to *declared*."""
    after, _ = resolve(declared, stored, now, request_lifetime=CATALOG.request_lifetime)
    place = Stored(organization=stored, serial=(0 if stored is None else 1) if serial is None else serial, digest=None)
    return plan_organization(declared.name, place, after, lineage=lineage, now=now, catalog=CATALOG, acknowledged=acknowledged)


def a_fleet(plans: Sequence[Plan], *, as_of: datetime = NOW, lineage: str | None = LINEAGE, people: int = 0, **fields: Any) -> FleetPlan:
    """Return the plan of everything, of *plans* that have changes."""
    total = PlanHash()
    for plan in plans:
        total.add(plan.organization, plan.digest)
    facts: dict[str, Any] = {
        "plan_hash": total.text(),
        "as_of": as_of,
        "valid_until": min((plan.valid_until for plan in plans if plan.valid_until is not None), default=None),
        "location": "memory:",
        "lineage": lineage,
        "serials": {plan.organization: plan.serial for plan in plans},
        "people": people,
        "summary": sum(map(summarize, plans), Summary()),
        "findings": (),
        "refusals": (),
        "complete": True,
        "target": "none",
        "changed": tuple(plan.organization for plan in plans),
        "plans": lambda: iter(plans),
    }
    return FleetPlan(**(facts | fields))


def a_fleet_for(store: Store, *declared: Organization, now: datetime = NOW, **fields: Any) -> FleetPlan:
    """Return the plan that brings *store* to what is *declared*."""
    stored = {organization.name: store.read(organization.name) for organization in declared}
    plans = [
        a_plan(
            organization, stored[organization.name].organization, now=now, serial=stored[organization.name].serial, lineage=store.lineage
        )
        for organization in sorted(declared, key=lambda it: it.name)
    ]
    count = sum(live_people(place.organization, now) for place in stored.values())
    serials = {name: place.serial for name, place in stored.items()}
    facts: dict[str, Any] = {"people": count, "serials": serials}
    return a_fleet([plan for plan in plans if plan.changes], as_of=now, lineage=store.lineage, **(facts | fields))


def _nothing_found(_: Organization) -> Sequence[Finding]:
    return ()


def a_run(
    *,
    clock: Clock | None = None,
    target: Target,
    recheck: Callable[[Organization], Sequence[Finding]] = _nothing_found,
    acknowledged: Acknowledgements = NOBODY_MINDS,
    policy: Policy | None = None,
    stopping: Callable[[], int | None] = lambda: None,
    progress: Callable[[str], None] = lambda _: None,
    run: str = "r1",
) -> Run:
    """Return a run of `apply` that nobody interrupts."""
    return Run(
        id=run,
        operation="apply",
        actor="alice@acme.example",
        holder=HOLDER,
        clock=clock or FixedClock(NOW),
        target=target,
        catalog=CATALOG,
        lock_timeout=timedelta(0),
        acknowledged=acknowledged,
        policy=policy or Policy(),
        judge=lambda before, after: (),
        recheck=recheck,
        stopping=stopping,
        progress=progress,
    )


def in_turn(*answers: int | None) -> Callable[[], int | None]:
    """Return a `stopping` that gives *answers* one after the other, the last for ever."""
    left: Iterator[int | None] = iter(answers)
    last: list[int | None] = [None]

    def answer() -> int | None:
        last[0] = next(left, last[0])
        return last[0]

    return answer
