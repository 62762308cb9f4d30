"""How a plan says that it is applied."""

from dataclasses import replace
from io import StringIO

from reconciler.model.results import FleetPlan
from reconciler.reports import Style, render
from tests.fakes.builders import ALICE, a_fleet, a_plan, an_organization

MADE = a_fleet([a_plan(an_organization(ALICE))])


def last_line(made: FleetPlan, style: Style = Style(width=200)) -> str:  # noqa: B008 -- a frozen value
    out = StringIO()
    render(made, "text", out, exit_code=0, style=style)
    return out.getvalue().splitlines()[-1]


def test_a_fresh_plan_names_its_hash_and_a_saved_one_its_file() -> None:
    assert last_line(MADE) == f"To apply exactly this: reconciler apply PATH... --expect {MADE.plan_hash}"
    assert last_line(replace(MADE, file="my plan.json")) == "To apply exactly this: reconciler apply 'my plan.json'"


def test_what_is_being_applied_is_not_offered_again() -> None:
    assert last_line(MADE, Style(width=200, offers=False)) == f"Plan hash: {MADE.plan_hash}"
