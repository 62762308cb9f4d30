"""What is open after a run depends on what was performed, and not on how the run went about it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.changes import Action, FollowUp
from reconciler.model.identifiers import ADMINISTRATOR, address_key
from reconciler.model.resources import Organization
from reconciler.planning.follow_ups import due_with, left_by, open_after, opened
from tests.fakes.builders import MINUTE, NOW, a_plan
from tests.properties.strategies import declared_organizations, open_in, steps_about, stored_organizations

STORED = st.none() | stored_organizations()


def keys(follow_ups: tuple[FollowUp, ...]) -> list[tuple[str, str]]:
    return [(address_key(it.address), it.rule) for it in follow_ups]


@given(declared_organizations(), STORED, st.data())
def test_changes_performed_at_once_or_one_after_the_other_leave_the_same_open(
    declared: Organization, stored: Organization | None, data: st.DataObject
) -> None:
    made = a_plan(declared, stored)
    made = replace(made, steps=tuple(data.draw(steps_about(made))))
    before = data.draw(open_in(made))
    due, loose = due_with(made)
    together = open_after(before, made.changes, opened([*loose, *(step for steps in due for step in steps)], NOW))
    singly = open_after(before, (), ())
    for change, steps in zip(made.changes, due, strict=True):
        singly = open_after(singly, [change], opened([*loose, *steps], NOW))
        loose = []
    if made.changes:
        assert singly == together


@given(declared_organizations(), STORED, st.data())
def test_nothing_is_lost_but_what_is_replaced_or_taken_along(
    declared: Organization, stored: Organization | None, data: st.DataObject
) -> None:
    made = a_plan(declared, stored)
    made = replace(made, steps=tuple(data.draw(steps_about(made))))
    before, new = open_after(data.draw(open_in(made)), (), ()), opened([step for step in made.steps if step.follow_up], NOW + MINUTE)
    after = open_after(before, made.changes, new)
    assert after == tuple(sorted(after))
    assert len(set(keys(after))) == len(after)
    assert set(new) <= set(after)
    gone = {address_key(it.address) for it in made.changes if it.type == ADMINISTRATOR and it.action is Action.DELETE}
    lost = set(keys(before)) - set(keys(after))
    assert all(address in gone for address, _ in lost)
    assert set(left_by(made, before)) == set(after) - set(new)
    assert open_after(after, (), ()) == after
