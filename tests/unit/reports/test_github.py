"""Reports for a runner: annotations, summary and outputs, read as the runner reads them."""

import io
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.changes import Action, Risk, Status
from reconciler.model.findings import Finding, Position, Range, Severity
from reconciler.model.results import Failure, Result, Validation
from reconciler.reports import Style, formats_of, render
from reconciler.reports.github import SHOWN, output_text, outputs, step_summary
from reconciler.reports.markdown.sheet import STEP_SUMMARY, octets
from reconciler.reports.visible import visible
from tests.golden.reports.builders import (
    EXCLUSIVE,
    FEW,
    HOSTILE,
    HOSTILE_FINDINGS,
    TOO_MANY,
    UNCHECKED,
    WAIVED,
    a_changed_organization,
    a_finding,
    a_fleet_plan,
    a_new_organization,
    an_application,
    an_outcome,
    at,
    drifts,
    every_result,
)
from tests.unit.reports.reading_markdown import read
from tests.unit.reports.reading_runner import Command, commands
from tests.unit.reports.reading_runner import outputs as read_outputs

RESULTS = every_result()
WRITTEN = [name for name, result in RESULTS.items() if "github" in formats_of(type(result))]


def log(result: Result, **asked: Any) -> str:
    out = io.StringIO()
    render(result, "github", out, exit_code=0, style=Style(command="plan", **asked))
    return out.getvalue()


def annotations(result: Result) -> list[Command]:
    """Return the annotations behind the folded text report, which is nothing but text."""
    (
        first,
        *rest,
    ) = commands(log(result))
    assert (first.name, first.data) == ("group", "reconciler plan")
    end, *found = rest
    assert end.name == "endgroup"
    assert {command.name for command in found} <= {"error", "warning", "notice"}
    return found


def validation(*findings: Finding) -> Validation:
    return Validation(findings=findings, valid=False, files=1, organizations=1, grants=0)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_log_holds_no_command_but_ours(name: str) -> None:
    assert len(annotations(RESULTS[name])) <= 3 * SHOWN


@pytest.mark.parametrize("name", WRITTEN)
def test_a_summary_is_the_comment_and_fits(name: str) -> None:
    summary = step_summary(RESULTS[name], exit_code=0, style=Style())
    read(summary)
    assert octets(summary) <= STEP_SUMMARY


def test_an_annotation_has_its_place_its_rule_and_what_to_do() -> None:
    error, warning = annotations(validation(FEW, EXCLUSIVE, WAIVED, UNCHECKED))
    place = {"file": "orgs/acme-health.yaml", "line": "31", "endLine": "31", "col": "14", "endColumn": "24"}
    assert (error.name, error.properties) == ("error", {**place, "title": EXCLUSIVE.rule})
    assert error.data.splitlines() == [EXCLUSIVE.message, EXCLUSIVE.detail, f"hint: {EXCLUSIVE.hint}"]
    assert (warning.name, warning.properties["title"]) == ("warning", FEW.rule)


def test_columns_are_said_of_one_line_only_and_standard_input_is_no_file() -> None:
    long = Range(filename="a.yaml", start=Position(line=1, column=5), end=Position(line=3, column=1))
    over, streamed = annotations(validation(a_finding(range=long), a_finding("b", range=at(1, 1, "<stdin>"))))
    assert over.properties == {"file": "a.yaml", "line": "1", "endLine": "3", "title": "some-rule"}
    assert streamed.properties == {"title": "some-rule"}


def test_of_very_many_the_most_severe_are_shown_and_the_others_counted() -> None:
    many = [a_finding(f"error {number}", range=at(number + 1)) for number in range(30)]
    exact = [a_finding(f"warning {number}", severity=Severity.WARNING, range=at(number + 1)) for number in range(SHOWN)]
    found = annotations(validation(*exact, *many))
    errors = [command for command in found if command.name == "error"]
    warnings = [command for command in found if command.name == "warning"]
    assert [command.data for command in errors] == [*(f"error {number}" for number in range(9)), "21 more errors in the step summary"]
    assert [command.data for command in warnings] == [f"warning {number}" for number in range(SHOWN)]


def test_hostile_texts_come_back_as_they_are_shown() -> None:
    found = annotations(validation(*HOSTILE_FINDINGS))
    assert [command.data.splitlines()[0] for command in found] == [visible(text) for text in HOSTILE]
    assert [command.properties["file"] for command in found] == [visible(text) for text in HOSTILE]
    odd = "100%25, a:b%0A::set-output name=x::y"
    (command,) = annotations(validation(a_finding(odd, rule=odd, range=at(1, 1, odd))))
    assert (command.data, command.properties["title"], command.properties["file"]) == (odd, odd, odd)


def test_texts_that_are_far_too_long_are_told_by_their_length() -> None:
    (command,) = annotations(validation(a_finding("x" * 70_000, rule="y" * 300, range=at(1))))
    assert (command.data, command.properties["title"]) == ("(a text of 70000 characters)", "(a text of 300 characters)")


def test_what_failed_and_what_drifted_is_annotated() -> None:
    failed = an_outcome("acme-health/administrator/a@x.example", Action.CREATE, Status.FAILED, detail="no")
    stopped, one, warned = annotations(an_application(failed, failures=(EXCLUSIVE,), findings=(FEW, UNCHECKED)))
    assert stopped.properties["line"] == "31"
    assert one.data == "acme-health/administrator/a@x.example: no"
    assert (warned.name, warned.data) == ("warning", FEW.message)
    (drifted,) = annotations(drifts()["differences"])
    assert (drifted.name, drifted.data) == ("warning", "Drift: 3 differences, 3 organizations compared.")
    assert annotations(drifts()["in-sync"]) == []
    with pytest.raises(TypeError, match="no form for a runner"):
        log(RESULTS["history-runs"])


def test_the_line_of_numbers_is_not_folded() -> None:
    made = log(a_fleet_plan(a_changed_organization(), findings=(FEW,)))
    assert made.partition("::endgroup::\n")[2].startswith("Plan: 3 to add, 2 to change, 1 to remove, 1 to expire.\n::warning ")
    assert log(Failure(exit_code=1, findings=(EXCLUSIVE,))).partition("::endgroup::\n")[2].startswith("::error ")


def test_a_plan_tells_later_steps_what_it_would_change_and_whether_it_can_be_approved() -> None:
    made = a_fleet_plan(a_changed_organization(), a_new_organization())
    told = dict(outputs(made, exit_code=2, style=Style(saved="plan.json")))
    assert told == {
        "changes": "true",
        "to_add": "6",
        "to_change": "2",
        "to_destroy": "1",
        "to_expire": "1",
        "plan_path": "plan.json",
        "plan_hash": made.plan_hash,
        "risk": "high",
        "approvable": "true",
        "exitcode": "2",
    }
    assert outputs(replace(made, refusals=(TOO_MANY,)), exit_code=3, style=Style())["approvable"] == "false"
    assert outputs(replace(made, findings=(a_finding(rule="stale-plan"),)), exit_code=0, style=Style())["approvable"] == "false"
    none = outputs(a_fleet_plan(), exit_code=0, style=Style())
    assert (none["changes"], none["risk"], none["approvable"], none["plan_path"]) == ("false", "none", "false", "")
    low = replace(a_new_organization(), changes=tuple(replace(change, risk=Risk.LOW) for change in a_new_organization().changes))
    assert outputs(a_fleet_plan(low), exit_code=0, style=Style())["risk"] == "low"


def test_other_commands_tell_what_they_know() -> None:
    assert outputs(RESULTS["drift-differences"], exit_code=2, style=Style()) == {"drift": "true", "exitcode": "2"}
    assert outputs(RESULTS["drift-in-sync"], exit_code=0, style=Style()) == {"drift": "false", "exitcode": "0"}
    done = outputs(RESULTS["apply-done"], exit_code=0, style=Style())
    assert (done["changes"], done["exitcode"]) == ("true", "0")
    assert outputs(RESULTS["sweep-nothing"], exit_code=0, style=Style())["changes"] == "false"
    assert outputs(RESULTS["validation-valid"], exit_code=0, style=Style()) == {"exitcode": "0"}


def test_no_value_can_end_itself_or_become_another_output() -> None:
    ends = iter(["e1", "e2"])
    hostile = "plan.json\nplan_hash=x\nplan_hash<<EOF\ny\nEOF"
    text = output_text({"plan_path": hostile, "exitcode": "0"}, lambda: next(ends))
    assert read_outputs(text) == {"plan_path": hostile, "exitcode": "0"}
    with pytest.raises(ValueError, match="plan_path contains its delimiter"):
        output_text({"plan_path": "a e1 b"}, lambda: "e1")
