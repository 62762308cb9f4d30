"""Renames: one update that keeps the history of one person, whatever else changes with it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from io import StringIO
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from reconciler.applying import apply_plan, earlier_run
from reconciler.model.changes import Action, Reason, Removals
from reconciler.model.documents import digest_of, organization_document
from reconciler.model.protocols import Target
from reconciler.model.resources import Administrator, Organization
from reconciler.model.results import FleetPlan
from reconciler.pipeline import verify_journal
from reconciler.planning.codec import plan_bytes, plan_from_bytes, read_plan, write_plan
from reconciler.planning.effects import access_changes
from reconciler.planning.guard import lockout
from reconciler.planning.perform import perform, perform_all
from reconciler.planning.plan import plan_organization
from reconciler.planning.renames import stored_under
from reconciler.planning.scope import resolve
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    CATALOG,
    HOUR,
    LINEAGE,
    NOBODY_MINDS,
    NOW,
    a_fleet,
    a_fleet_for,
    a_plan,
    a_run,
    a_store,
    an_organization,
    people,
)
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget
from tests.properties.strategies import administrators, declared_organizations, instants, staffs, stored_organizations

NOWS = instants(-30, 240)


def renamed(person: Administrator) -> Administrator:
    return replace(person, email=f"new-{person.email}")


@st.composite
def moves(draw: st.DrawFn) -> tuple[Organization, Organization]:
    """Return what is stored, and what is declared: some people renamed, some changed, some gone, some new."""
    crowd = draw(staffs())
    declared: list[Administrator] = []
    renames: dict[str, str] = {}
    for person in crowd:
        fate = draw(st.sampled_from(["stays", "renamed", "renamed", "changed too", "leaves"]))
        held = draw(administrators("x")) if fate == "changed too" else person
        if fate in {"renamed", "changed too"}:
            new = renamed(replace(held, email=person.email))
            renames[new.key] = person.key
            declared.append(new)
        elif fate == "stays":
            declared.append(person)
    declared.append(Administrator(email="keeper@acme.example", roles=frozenset({"full-administrator"})))
    return an_organization(*crowd), replace(an_organization(*declared), renamed=renames)


def after(declared: Organization, stored: Organization, now: datetime) -> Organization:
    become, findings = resolve(declared, stored, now, request_lifetime=HOUR)
    assert findings == []
    return become


def living(crowd: Mapping[str, Administrator] | None, now: datetime) -> dict[str, Administrator]:
    return {key: person for key, person in (crowd or {}).items() if person.live_at(now)}


@given(moves(), NOWS)
def test_the_plan_makes_of_the_stored_what_is_declared_and_says_nothing_again(
    move: tuple[Organization, Organization], now: datetime
) -> None:
    stored, declared = move
    made = a_plan(declared, stored, now=now)
    become = perform_all(stored, made.changes, now, request_lifetime=HOUR)
    assert become is not None
    assert become.administrators == living(declared.administrators, now)
    assert "renamed" not in organization_document(become)
    assert a_plan(declared, become, now=now).changes == ()
    assert digest_of(organization_document(after(declared, become, now))) == digest_of(organization_document(become))


@given(moves(), NOWS)
def test_performing_one_by_one_is_performing_all(move: tuple[Organization, Organization], now: datetime) -> None:
    stored, declared = move
    step: Organization | None = stored
    for change in a_plan(declared, stored, now=now).changes:
        step = perform(step, change, now, request_lifetime=HOUR)
    assert step == perform_all(stored, a_plan(declared, stored, now=now).changes, now, request_lifetime=HOUR)


@given(moves(), NOWS)
def test_a_renamed_person_is_one_update_and_no_removal(move: tuple[Organization, Organization], now: datetime) -> None:
    stored, declared = move
    made = a_plan(declared, stored, now=now)
    old, new = living(stored.administrators, now), living(declared.administrators, now)
    for key, former in declared.renamed.items():
        if key not in new or former not in old:
            continue
        (change,) = [change for change in made.changes if change.name == new[key].email]
        assert (change.action, change.reason, change.former) == (Action.UPDATE, Reason.DECLARED, old[former].email)
        assert ("email", old[former].email, new[key].email) in [(field.path, field.before, field.after) for field in change.fields]
        assert old[former].email not in {change.name for change in made.changes}
        demoted = "full-administrator" in old[former].roles - new[key].roles
        assert (key in made.removals.people) is demoted


@given(moves(), NOWS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_is_irrelevant(move: tuple[Organization, Organization], now: datetime, random: Random) -> None:
    stored, declared = move
    crowd, renames = list((declared.administrators or {}).values()), list(declared.renamed.items())
    random.shuffle(crowd)
    random.shuffle(renames)
    mixed = replace(declared, administrators=people(*crowd), renamed=dict(renames))
    made, again = a_plan(declared, stored, now=now), a_plan(mixed, stored, now=now)
    assert (made.digest, made.changes, made.refusals) == (again.digest, again.changes, again.refusals)


@given(staffs(), st.data())
def test_a_rename_alone_changes_nobodys_access_and_leaves_somebody_in_charge(crowd: list[Administrator], data: st.DataObject) -> None:
    chosen = {person.key for person in crowd if data.draw(st.booleans())}
    stored = an_organization(*crowd)
    declared = replace(
        an_organization(*(renamed(person) if person.key in chosen else person for person in crowd)),
        renamed={renamed(person).key: person.key for person in crowd if person.key in chosen},
    )
    become, made = after(declared, stored, NOW), a_plan(declared, stored)
    assert list(access_changes(stored, become, partner_of=lambda _: None, now=NOW, catalog=CATALOG)) == []
    assert list(lockout(stored, made.changes, become)) == []
    assert made.refusals == ()
    assert made.removals.people == ()


# Organizations

TARGETS = st.sampled_from([NoTarget, RecordingTarget])


def under(name: str, organization: Organization) -> Organization:
    grants = {key: replace(grant, organization=name) for key, grant in organization.grants.items()}
    return replace(organization, name=name, grants=grants)


def renaming(declared: Organization, store: MemoryStore, now: datetime) -> FleetPlan:
    """Return the plan that makes of `acme` what is *declared*, under the name of that."""
    former = {declared.name: "acme"}
    stored = stored_under(store, declared.name, former)
    become, _ = resolve(declared, stored.organization, now, request_lifetime=HOUR)
    become = replace(become, former_name="acme")
    made = plan_organization(declared.name, stored, become, lineage=LINEAGE, now=now, catalog=CATALOG, acknowledged=NOBODY_MINDS)
    return a_fleet([made], as_of=now, lineage=LINEAGE, former=former, serials={"omega": made.serial, "acme": made.former_serial})


@given(declared_organizations(), stored_organizations(), NOWS, TARGETS)
def test_an_organization_becomes_under_another_name_what_it_would_have_become(
    declared: Organization, stored: Organization, now: datetime, target: type[Target]
) -> None:
    plain, store = a_store(stored), a_store(stored)
    now = max(now, store.highest_instant() or now)
    made = renaming(under("omega", declared), store, now)
    usual = a_fleet_for(plain, declared, now=now)
    (section,) = made.plans()
    assert [refusal.rule for refusal in section.refusals] == [it.rule for plan in usual.plans() for it in plan.refusals]
    assert (section.changes[0].former, section.changes[0].action) == ("acme", Action.UPDATE)
    if section.refusals:
        return
    apply_plan(usual, plain, a_run(target=target(), clock=FixedClock(now)))
    application = apply_plan(made, store, a_run(target=target(), clock=FixedClock(now)))
    assert (application.counts.failed, application.counts.skipped) == (0, 0)
    expected = plain.read("acme").organization
    assert expected is not None
    assert store.read("omega").organization == under("omega", expected)
    assert store.read("acme").organization is None
    assert verify_journal(store).problems == ()
    assert earlier_run(made.plan_hash, made.plans(), store) == "r1"


@given(declared_organizations(), stored_organizations(), NOWS)
def test_a_saved_rename_is_read_back_whole(declared: Organization, stored: Organization, now: datetime) -> None:
    made = renaming(under("omega", declared), a_store(stored), now)
    out = StringIO()
    write_plan(made, out, exit_code=None)
    read = read_plan(out.getvalue())
    assert (read.plan_hash, read.former, dict(read.serials)) == (made.plan_hash, {"omega": "acme"}, dict(made.serials))
    ((section,), (again,)) = made.plans(), read.plans()
    assert (again.changes, again.digest, again.former, again.former_serial) == (section.changes, section.digest, "acme", 1)
    assert replace(plan_from_bytes(plan_bytes(section)), ranges={}) == replace(section, refusals=(), removals=Removals(people=(), stored=0))
