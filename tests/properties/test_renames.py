"""Renames: one update that keeps the history of one person, whatever else changes with it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.changes import Action, Reason
from reconciler.model.documents import digest_of, organization_document
from reconciler.model.resources import Administrator, Organization
from reconciler.planning.effects import access_changes
from reconciler.planning.guard import lockout
from reconciler.planning.perform import perform, perform_all
from reconciler.planning.scope import resolve
from tests.fakes.builders import CATALOG, HOUR, NOW, a_plan, an_organization, people
from tests.properties.strategies import administrators, instants, staffs

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
