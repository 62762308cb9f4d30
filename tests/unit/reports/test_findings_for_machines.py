"""Findings for CI systems: SARIF, JUnit and code quality, each read as its consumer reads it."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft4Validator, Draft7Validator
from junitparser import Error, JUnitXml, Skipped
from junitparser import Failure as Failed

from reconciler.model.findings import Finding, Severity
from reconciler.model.results import Failure, FleetPlan, Result, Validation
from reconciler.reports import Style, formats_of, has_form, render
from reconciler.reports.sarif import MOST
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
    applications,
    at,
    every_result,
)
from tests.golden.reports.rulebook import FEW as FEW_RULE
from tests.golden.reports.rulebook import NONE as NONE_RULE

MATERIAL = Path(__file__).parents[2] / "material"
SARIF = Draft4Validator(json.loads((MATERIAL / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))
CODE_QUALITY = Draft7Validator(json.loads((MATERIAL / "gitlab" / "codequality.schema.json").read_text(encoding="utf-8")))
STYLE = Style(rules=lambda: (FEW_RULE, NONE_RULE))
RESULTS = every_result()


def having(format_: str) -> list[str]:
    return [name for name, result in RESULTS.items() if format_ in formats_of(type(result)) and has_form(result, format_)]


def written(result: Result, format_: str, style: Style = STYLE) -> str:
    out = io.StringIO()
    render(result, format_, out, exit_code=1, style=style)
    return out.getvalue()


def validation(*findings: Finding) -> Validation:
    return Validation(findings=findings, valid=False, files=1, organizations=1, grants=0)


def sarif(result: Result) -> dict[str, Any]:
    """Return the one run of a valid document."""
    document = json.loads(written(result, "sarif"))
    SARIF.validate(document)
    (run,) = document["runs"]
    return dict(run)


def quality(result: Result) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads(written(result, "gitlab-codequality"))
    CODE_QUALITY.validate(issues)
    return issues


def cases(result: Result, style: Style = STYLE) -> list[tuple[str, str, list[Any]]]:
    """Return file, name and outcome of every test case, as a CI system reads them."""
    text = written(result, "junit", style)
    ET.fromstring(text)  # noqa: S314 -- our own text
    suites = JUnitXml.fromstring(text.encode())
    found = [(case.classname, case.name, case.result) for suite in suites for case in suite]
    outcomes = [outcome for _, _, results in found for outcome in results]
    (suite,) = suites
    assert (suite.tests, suite.time) == (len(found), 0)
    assert suite.failures == sum(type(outcome) is Failed for outcome in outcomes)
    assert suite.errors == sum(type(outcome) is Error for outcome in outcomes)
    assert suite.skipped == sum(type(outcome) is Skipped for outcome in outcomes)
    return found


@pytest.mark.parametrize("name", having("sarif"))
def test_every_sarif_document_is_valid_and_ascii(name: str) -> None:
    run = sarif(RESULTS[name])
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
    assert {result["ruleId"] for result in run["results"]} == set(ids)
    fingerprints = [result["partialFingerprints"]["reconcilerFinding/v1"] for result in run["results"]]
    assert len(fingerprints) == len(set(fingerprints))
    text = written(RESULTS[name], "sarif")
    assert text.isascii()
    assert "##[" not in text


@pytest.mark.parametrize("name", having("gitlab-codequality"))
def test_every_code_quality_report_is_valid_and_no_fingerprint_stands_twice(name: str) -> None:
    issues = quality(RESULTS[name])
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@pytest.mark.parametrize("name", having("junit"))
def test_every_junit_report_is_read_by_a_junit_parser(name: str) -> None:
    found = cases(RESULTS[name])
    assert found
    assert len({(file, title) for file, title, _ in found}) == len(found)


def test_a_clean_run_closes_old_alerts_and_is_one_test_that_passes() -> None:
    clean = Validation(findings=(), valid=True, files=1, organizations=1, grants=0)
    assert sarif(clean)["results"] == []
    assert written(clean, "gitlab-codequality") == "[]\n"
    assert cases(clean) == [("reconciler", "manifests are valid", [])]


def test_a_failure_about_no_file_never_looks_like_a_clean_run() -> None:
    locked = Failure(exit_code=5, findings=(a_finding(),))
    located = Failure(exit_code=1, findings=(EXCLUSIVE,))
    for format_ in ("sarif", "junit", "gitlab-codequality"):
        assert not has_form(locked, format_)
        assert has_form(located, format_)
    assert not has_form(located, "gitlab-terraform")
    assert sarif(located)["invocations"][0]["executionSuccessful"] is False
    assert [issue["check_name"] for issue in quality(located)] == ["location-administrator-exclusive"]


def test_a_finding_has_its_place_its_rule_and_its_severity_everywhere() -> None:
    result = validation(EXCLUSIVE, FEW, replace(UNCHECKED, range=at(2, 1)))
    run = sarif(result)
    first = run["results"][0]
    physical = first["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "orgs/acme-health.yaml", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 31, "startColumn": 14, "endLine": 31, "endColumn": 24}
    assert [one["level"] for one in run["results"]] == ["error", "warning", "note"]
    assert first["message"]["text"].splitlines() == [EXCLUSIVE.message, EXCLUSIVE.detail, f"hint: {EXCLUSIVE.hint}"]
    rule = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "few-full-administrators")
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["helpUri"].startswith("https://help.webex.com/")
    issues = quality(result)
    assert [(issue["severity"], issue["location"]["lines"]["begin"]) for issue in issues] == [("major", 31), ("minor", 4), ("info", 2)]
    found = cases(result)
    assert [[type(outcome) for outcome in outcomes] for _, _, outcomes in found] == [[Failed], [], []]
    assert found[1][1] == f"few-full-administrators: {FEW_RULE.summary.rstrip('.')}"


def test_lockout_and_self_approval_are_critical() -> None:
    result = validation(a_finding(rule="no-full-administrator", range=at(1)), a_finding(rule="grant-self-approved", range=at(2)))
    assert {issue["severity"] for issue in quality(result)} == {"critical"}
    assert {rule["properties"]["security-severity"] for rule in sarif(result)["tool"]["driver"]["rules"]} == {"9.5"}


def test_warnings_fail_a_test_only_where_they_count_as_failures() -> None:
    result = validation(FEW)
    assert [outcomes for _, _, outcomes in cases(result)] == [[]]
    ((_, _, (outcome,)),) = cases(result, replace(STYLE, strict=True))
    assert (type(outcome), outcome.message, outcome.type) == (Failed, FEW.message, "warning")
    assert f"orgs/acme-health.yaml:4:3: warning: {FEW.message}" in outcome.text


def test_a_waived_finding_is_a_skipped_test_and_no_alert() -> None:
    result = validation(WAIVED)
    ((_, _, (outcome,)),) = cases(result, replace(STYLE, strict=True))
    assert WAIVED.waived is not None
    assert (type(outcome), outcome.message) == (Skipped, f"{WAIVED.waived.reason}, until 2026-12-15T00:00:00Z")
    assert sarif(result)["results"] == []
    assert quality(result) == []


def test_several_findings_of_one_rule_in_one_file_are_one_test_that_tells_all() -> None:
    more = tuple(replace(EXCLUSIVE, message=f"another {number}", range=at(number, 1)) for number in (40, 50))
    ((file, _, (outcome,)),) = cases(validation(EXCLUSIVE, *more, replace(WAIVED, rule=EXCLUSIVE.rule)))
    assert file == "orgs/acme-health.yaml"
    assert outcome.message == f"{EXCLUSIVE.message} (and 2 more)"
    assert [text for text in ("another 40", "another 50") if text not in outcome.text] == []
    assert WAIVED.message not in outcome.text


def test_a_file_that_cannot_be_read_is_an_error_of_the_run() -> None:
    ((_, _, (outcome,)),) = cases(Failure(exit_code=1, findings=(a_finding(rule="file-unreadable", range=at(1)),)))
    assert type(outcome) is Error


def test_what_a_plan_says_of_a_resource_is_shown_where_that_is_declared() -> None:
    carol = replace(EXCLUSIVE, range=None)
    made = a_fleet_plan(a_changed_organization(), findings=(UNCHECKED, carol), refusals=(TOO_MANY,))
    issues = quality(made)
    assert [(issue["check_name"], issue["location"]["lines"]["begin"]) for issue in issues] == [("removal-limit", 12), (carol.rule, 31)]
    results = sarif(made)["results"]
    assert [one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in results] == [12, 31]
    nowhere = a_fleet_plan(refusals=(TOO_MANY,))
    assert quality(nowhere)[0]["location"] == {"path": "reconciler.yaml", "lines": {"begin": 1}}
    assert "locations" not in sarif(nowhere)["results"][0]


def test_a_fingerprint_stays_when_lines_move_and_parts_what_is_said_twice() -> None:
    def fingerprints(*findings: Finding) -> list[str]:
        return [issue["fingerprint"] for issue in quality(validation(*findings))]

    moved = replace(EXCLUSIVE, range=at(99, 2), pointer="/spec/administrators/7/roles", hint="another hint")
    assert fingerprints(EXCLUSIVE) == fingerprints(moved)
    twice = fingerprints(EXCLUSIVE, moved)
    assert len(set(twice)) == len(twice)
    others = (
        replace(EXCLUSIVE, rule="x"),
        replace(EXCLUSIVE, message="x"),
        replace(EXCLUSIVE, address="x"),
        replace(EXCLUSIVE, pointer="/x"),
        replace(EXCLUSIVE, range=at(31, 14, "x.yaml")),
    )
    assert len({*fingerprints(*others), *fingerprints(EXCLUSIVE)}) == 6


def test_the_most_severe_of_very_many_are_written_and_the_number_of_the_others() -> None:
    many = [a_finding(f"finding {number}", severity=Severity.WARNING, range=at(number + 1)) for number in range(MOST + 9)]
    run = sarif(validation(*many, EXCLUSIVE))
    assert (len(run["results"]), run["results"][0]["level"]) == (MOST, "error")
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("10 more findings")


def test_hostile_names_are_text_when_read_back() -> None:
    shown = [visible(text) for text in HOSTILE]
    result = validation(*HOSTILE_FINDINGS)
    assert [one["message"]["text"].partition("\n")[0] for one in sarif(result)["results"]] == shown
    assert [issue["description"] for issue in quality(result)] == shown
    assert [issue["location"]["path"] for issue in quality(result)] == shown
    assert [(file, outcome.message) for file, _, (outcome,) in cases(result)] == [(text, text) for text in shown]
    strange = a_finding("[click](https://evil.example) \ufffe & <b> ]]> \"'", range=at(1, 1, "a b/%41#?é.yaml"))
    (one,) = sarif(validation(strange))["results"]
    assert one["message"]["text"].startswith("[click]\\u{28}https://evil.example) \ufffe")
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%2541%23%3F%C3%A9.yaml"
    ((_, _, (outcome,)),) = cases(validation(strange))
    assert outcome.message == "[click](https://evil.example) \\u{fffe} & <b> ]]> \"'"


def test_what_has_no_form_is_refused() -> None:
    done = applications()["done"]
    for format_ in ("sarif", "junit", "gitlab-codequality", "gitlab-terraform"):
        with pytest.raises(TypeError, match="no form as"):
            written(done, format_)


def test_the_terraform_report_has_three_numbers_and_what_expires_is_removed() -> None:
    made = RESULTS["plan-changes"]
    assert isinstance(made, FleetPlan)
    assert json.loads(written(made, "gitlab-terraform")) == {"create": 6, "update": 2, "delete": 2}
