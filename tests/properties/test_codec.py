"""Whatever is planned survives being saved, spooled and stored."""

import json
from dataclasses import replace
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.changes import place_of
from reconciler.model.documents import compact, organization_document, read_organization
from reconciler.model.resources import Organization
from reconciler.planning.codec import plan_bytes, plan_from_bytes, read_plan, write_plan
from reconciler.planning.follow_ups import open_after
from tests.fakes.builders import a_fleet, a_plan
from tests.properties.strategies import declared_organizations, open_in, steps_about, stored_organizations

STORED = st.none() | stored_organizations()


@given(stored_organizations())
def test_an_organization_comes_back_as_it_went(organization: Organization) -> None:
    assert read_organization(json.loads(compact(organization_document(organization)))) == organization


@given(declared_organizations(), STORED, st.data())
def test_a_saved_plan_comes_back_as_it_went(declared: Organization, stored: Organization | None, data: st.DataObject) -> None:
    made = a_plan(declared, stored)
    made = replace(made, steps=tuple(sorted(data.draw(steps_about(made)), key=place_of)))
    left = open_after(data.draw(open_in(made)), (), ())
    fleet = a_fleet([made] if made.changes else [], open_steps=lambda: iter(left))
    out = StringIO()
    write_plan(fleet, out, exit_code=None)
    read = read_plan(out.getvalue())
    assert replace(read, plans=fleet.plans, open_steps=fleet.open_steps, location=fleet.location) == fleet
    assert tuple(read.open_steps()) == left
    assert [(it.organization, it.serial, it.digest, it.changes, it.timeline, it.as_of, it.steps) for it in read.plans()] == [
        (it.organization, it.serial, it.digest, it.changes, it.timeline, it.as_of, it.steps) for it in fleet.plans()
    ]
    again = StringIO()
    write_plan(read, again, exit_code=None)
    assert again.getvalue() == out.getvalue()


@given(declared_organizations(), STORED, st.data())
def test_a_spooled_plan_comes_back_as_it_went(declared: Organization, stored: Organization | None, data: st.DataObject) -> None:
    made = a_plan(declared, stored)
    made = replace(made, steps=tuple(data.draw(steps_about(made))))
    read = plan_from_bytes(plan_bytes(made))
    assert read == replace(made, refusals=(), findings=(), removals=read.removals)
