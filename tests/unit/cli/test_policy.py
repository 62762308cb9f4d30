"""`policy` in `reconciler.yaml`: what it becomes, and what is said, at its place, about what it cannot do."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.cli.configuration import Configuration, read_configuration
from reconciler.model.errors import UsageError
from reconciler.model.findings import Finding, Position, Range, Severity
from reconciler.model.policy import OVERALL_LIMIT, Policy, RemovalLimit, Waiver
from reconciler.rules import FIXED_SEVERITY, STEP_RULES, every_rule, waivable_rules

RULE = "few-full-administrators"
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "policy.md"
SCAFFOLDED = ROOT / "reconciler" / "scaffold" / "files" / "reconciler.yaml"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str) -> Configuration:
    Path("reconciler.yaml").write_text(text, encoding="utf-8")
    return read_configuration(None)


def wrong_with(text: str) -> tuple[Finding, ...]:
    with pytest.raises(UsageError) as caught:
        read(text)
    return caught.value.findings


def waiving(*waivers: str) -> str:
    return "\n".join(["policy:", "  waivers:", *(f"    - {waiver}" for waiver in waivers)]) + "\n"


def a_waiver(rule: str = RULE, about: str = "acme", reason: str = "because", expires: str = '"2026-12-15T00:00:00Z"') -> str:
    return f"{{rule: {rule}, about: {about}, reason: {reason}, expires: {expires}}}"


def said(finding: Finding) -> str:
    assert finding.range is not None
    start = finding.range.start
    return f"{finding.range.filename}:{start.line}:{start.column}: {finding.message} [{finding.rule}]"


def test_without_a_policy_nothing_is_tuned() -> None:
    assert read("format: json\n").policy == Policy()
    assert read("policy: {}\n").policy == Policy()
    assert read("policy: {waivers: [], severities: {}, requiredActor: false}\n").policy == Policy()


def test_a_policy_is_read_with_the_places_of_its_waivers() -> None:
    text = """\
policy:
  requiredActor: true
  severities: {few-full-administrators: error, look-alike-address: 'off'}
  waivers:
    - rule: few-full-administrators
      about: acme-health
      reason: |
        second administrator starts on 2026-12-01
      expires: 2026-12-15T01:00:00+01:00
"""
    at = Range(filename="reconciler.yaml", start=Position(line=5, column=13), end=Position(line=5, column=36))
    expires = datetime(2026, 12, 15, tzinfo=UTC)
    waiver = Waiver(rule=RULE, about="acme-health", reason="second administrator starts on 2026-12-01", expires=expires, range=at)
    severities = {RULE: Severity.ERROR, "look-alike-address": None}
    assert read(text).policy == Policy(severities=severities, waivers=(waiver,), required_actor=True)


@pytest.mark.parametrize(
    "about",
    [
        "acme",
        "a",
        "acme/organization",
        "acme/elevation-grant/inc-4711",
        "acme/administrator/alice@acme.example",
        "acme/administrator/Žofie+x/y@acme.example",
    ],
)
def test_a_waiver_is_about_an_organization_or_one_resource(about: str) -> None:
    assert [waiver.about for waiver in read(waiving(a_waiver(about=about))).policy.waivers] == [about]


@pytest.mark.parametrize(
    "about",
    [
        "acme/",
        "acme/administrator",
        "acme/administrator/alice",
        "acme/site/x",
        "acme/organization/x",
        "-acme",
        "acme.example",
        "'a b'",
        "'*'",
    ],
)
def test_anything_else_is_told_what_a_waiver_can_be_about(about: str) -> None:
    (finding,) = wrong_with(waiving(a_waiver(about=about)))
    assert said(finding).startswith("reconciler.yaml:3:46: about ")
    assert "NAME/administrator/EMAIL" in finding.detail


def test_upper_case_in_a_name_is_offered_in_lower_case() -> None:
    (finding,) = wrong_with(waiving(a_waiver(about="Acme")))
    assert finding.hint == "acme"


@pytest.mark.parametrize("field", ["rule", "about", "reason", "expires"])
def test_every_field_of_a_waiver_is_needed(field: str) -> None:
    fields = {"rule": RULE, "about": "acme", "reason": "because", "expires": '"2026-12-15T00:00:00Z"'}
    text = ", ".join(f"{name}: {value}" for name, value in fields.items() if name != field)
    (finding,) = wrong_with(waiving(f"{{{text}}}"))
    assert said(finding) == f"reconciler.yaml:3:7: {field} is missing in an item of waivers [schema-required]"
    assert finding.detail


@pytest.mark.parametrize(("reason", "rule"), [("''", "schema-length"), ("'  '", "schema-pattern"), ('"\\n"', "schema-pattern")])
def test_a_reason_says_something(reason: str, rule: str) -> None:
    (finding,) = wrong_with(waiving(a_waiver(reason=reason)))
    assert finding.rule == rule


@pytest.mark.parametrize(
    ("expires", "why"),
    [
        ("2026-12-15", "a date alone is no instant: the time and an offset are missing"),
        ("2026-12-15T00:00:00", "the offset is missing"),
        ("'2026-02-30T00:00:00Z'", "no such instant"),
        ("never", "not an RFC 3339 time"),
        ("in 3 days", "not an RFC 3339 time"),
    ],
)
def test_an_end_that_cannot_be_read_is_an_error_and_never_no_end(expires: str, why: str) -> None:
    (finding,) = wrong_with(waiving(a_waiver(expires=expires)))
    assert said(finding).startswith(f"reconciler.yaml:3:78: expires {expires.strip(chr(39))}: {why}")
    assert (finding.rule, "2027-03-31T00:00:00Z" in finding.detail) == ("unreadable-time", True)


def test_a_number_for_an_end_is_not_told_to_stand_in_quotes() -> None:
    (finding,) = wrong_with(waiving(a_waiver(expires="2026")))
    assert (finding.rule, finding.hint) == ("schema-type", None)


def test_an_unknown_rule_gets_the_one_that_was_meant() -> None:
    findings = wrong_with(
        "policy:\n  severities: {few-full-administrator: error}\n  waivers:\n    - " + a_waiver("external-demotion-in-parts") + "\n"
    )
    assert [(said(finding), finding.hint) for finding in findings] == [
        ("reconciler.yaml:2:40: no rule few-full-administrator [configuration]", RULE),
        (
            "reconciler.yaml:4:14: no rule external-demotion-in-parts that could be waived [configuration]",
            "external-demotion-in-part",
        ),
    ]


@pytest.mark.parametrize(
    "rule", ["schema-required", "grant-too-long", "unreadable-time", "too-many-removals", "stale-plan", "required-actor"]
)
def test_structure_rails_and_staleness_are_no_rules(rule: str) -> None:
    for text in (waiving(a_waiver(rule)), f"policy: {{severities: {{{rule}: warning}}}}\n"):
        (finding,) = wrong_with(text)
        assert finding.message.startswith(f"no rule {rule}")
        assert "the structure of a manifest, the safety rails and the staleness of a plan are no rules" in finding.detail


@pytest.mark.parametrize("rule", sorted(FIXED_SEVERITY))
def test_what_guards_against_a_lockout_or_self_assignment_stays_and_says_why(rule: str) -> None:
    assert read(f"policy: {{severities: {{{rule}: error}}}}\n").policy.severities == {rule: Severity.ERROR}
    for severity in ("warning", "info", "'off'"):
        (finding,) = wrong_with(f"policy: {{severities: {{{rule}: {severity}}}}}\n")
        assert finding.message == f"{rule} cannot be lowered or switched off"
        assert finding.detail.startswith("allowed: error; ")
    (finding,) = wrong_with(waiving(a_waiver(rule)))
    assert finding.message == f"{rule} cannot be waived"
    assert finding.detail in {
        "without one nobody can let anybody in again; people from outside count, access with an end does not",
        "it opens running meetings; two people decide",
        "two people decide who gets in",
        "of two organizations one would be lost, with the history of both",
        "a manifest can neither give such a role nor keep it, and what is said of access would be wrong",
    }


@pytest.mark.parametrize("rule", STEP_RULES, ids=lambda rule: rule.id)
def test_manual_steps_can_be_switched_off_and_nothing_else(rule: object) -> None:
    (step,) = (one for one in STEP_RULES if one is rule)
    for severity in (step.severity.value, "off"):
        assert set(read(f"policy: {{severities: {{{step.id}: '{severity}'}}}}\n").policy.severities) == {step.id}
    other = next(severity for severity in Severity if severity is not step.severity)
    (finding,) = wrong_with(f"policy: {{severities: {{{step.id}: {other}}}}}\n")
    assert finding.message == f"{step.id} cannot be made {other}"
    assert finding.detail.startswith(f"allowed: off, or {step.severity}, ")
    (finding,) = wrong_with(waiving(a_waiver(step.id)))
    assert "policy.severities can switch it off" in finding.detail


def test_every_other_rule_takes_every_severity_and_a_waiver() -> None:
    fixed = FIXED_SEVERITY | {rule.id for rule in STEP_RULES}
    ids = [rule.id for rule in every_rule() if rule.id not in fixed]
    assert ids == [rule.id for rule in waivable_rules()]
    for severity in ("error", "warning", "info", "off"):
        listed = ", ".join(f"{rule}: '{severity}'" for rule in ids)
        assert list(read(f"policy: {{severities: {{{listed}}}}}\n").policy.severities) == ids
    assert [waiver.rule for waiver in read(waiving(*map(a_waiver, ids))).policy.waivers] == ids


def test_one_place_is_waived_once_for_a_rule_whatever_the_letters() -> None:
    first = a_waiver(about="acme/administrator/alice@acme.example")
    again = a_waiver(about="acme/administrator/Alice@ACME.example", reason="other")
    elsewhere = (
        a_waiver(about="acme/organization"),
        a_waiver(),
        a_waiver("look-alike-address", about="acme/administrator/alice@acme.example"),
    )
    (finding,) = wrong_with(waiving(first, *elsewhere, again))
    place = f"reconciler.yaml:7:46: {RULE} is waived twice for acme/administrator/Alice@ACME.example [configuration]"
    assert (said(finding), finding.detail) == (place, "first as item 1")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    findings = wrong_with(waiving(a_waiver("no-full-administrator", expires="soon"), a_waiver("few")))
    assert [said(finding).partition(": ")[0] for finding in findings] == [
        "reconciler.yaml:3:14",
        "reconciler.yaml:3:76",
        "reconciler.yaml:4:14",
    ]


# Freezes


def a_freeze(start: str = '"2026-12-18T18:00:00+01:00"', until: str = '"2027-01-04T07:00:00Z"', more: str = "") -> str:
    return f"policy: {{freeze: [{{from: {start}, until: {until}, reason: ' quiet '{more}}}]}}\n"


def test_a_freeze_is_read_with_its_place() -> None:
    (window,) = read(a_freeze(more=", organizations: [acme], labels: {tier: gold, region: eu}")).policy.freezes
    assert (window.begin, window.until) == (datetime(2026, 12, 18, 17, tzinfo=UTC), datetime(2027, 1, 4, 7, tzinfo=UTC))
    assert (window.reason, window.organizations, window.labels) == ("quiet", frozenset({"acme"}), (("region", "eu"), ("tier", "gold")))
    assert window.range is not None
    assert window.range.start == Position(line=1, column=26)
    (everywhere,) = read(a_freeze()).policy.freezes
    assert (everywhere.organizations, everywhere.labels) == (frozenset(), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            a_freeze("'2026-12-18'"),
            "1:26: from 2026-12-18: a date alone is no instant: the time and an offset are missing [unreadable-time]",
        ),
        (a_freeze(until="'2027-01-04T07:00:00'"), "until 2027-01-04T07:00:00: the offset is missing [unreadable-time]"),
        (a_freeze(until="never"), "until never: not an RFC 3339 time [unreadable-time]"),
        (a_freeze(until="'2026-12-18T17:00:00Z'"), "until 2026-12-18T17:00:00Z is not after from [configuration]"),
        (a_freeze(more=", organisations: [acme]"), "unknown field organisations [schema-unknown-field]"),
        (a_freeze(more=", organizations: []"), "organizations has 0 items [schema-length]"),
        (a_freeze(more=", organizations: [Acme]"), "an item of organizations Acme is not of the right form [schema-pattern]"),
        (a_freeze(more=", labels: {}"), "labels has no fields [schema-length]"),
        ("policy: {freeze: [{from: '2026-12-18T18:00:00Z', reason: x}]}\n", "until is missing in an item of freeze [schema-required]"),
        ("policy: {freeze: {from: '2026-12-18T18:00:00Z'}}\n", "freeze is a mapping, not a list [schema-type]"),
    ],
)
def test_a_freeze_that_cannot_be_read_is_an_error_never_no_freeze(text: str, expected: str) -> None:
    assert [said(finding).endswith(expected) for finding in wrong_with(text)] == [True], [said(finding) for finding in wrong_with(text)]


# Limits


def test_limits_are_read_number_by_number_and_know_where_they_are_set() -> None:
    policy = read("policy:\n  limits:\n    organization: {people: 2}\n    overall: {percent: 5}\n").policy
    assert replace(policy.organization_limit, range=None) == RemovalLimit(people=2, percent=30, minimum=10)
    assert replace(policy.overall_limit, range=None) == RemovalLimit(people=50, percent=5, minimum=0)
    assert policy.organization_limit.range is not None
    assert policy.organization_limit.range.start.line == 3
    default = read("policy: {limits: {organization: {minimum: 0}}}\n").policy
    assert default.overall_limit == OVERALL_LIMIT


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("organization: {percent: 51}", "percent cannot be 51 [schema-value]"),
        ("organization: {people: 51}", "people cannot be 51 [schema-value]"),
        ("overall: {people: -1}", "people cannot be -1 [schema-value]"),
        ("overall: {minimum: 5}", "unknown field minimum [schema-unknown-field]"),
        ("organization: {people: many}", "people is text many, not an integer [schema-type]"),
        ("organization: {}", "organization has no fields [schema-length]"),
        ("", "limits has no fields [schema-length]"),
    ],
)
def test_a_limit_can_be_loosened_only_so_far(limits: str, expected: str) -> None:
    (finding,) = wrong_with(f"policy: {{limits: {{{limits}}}}}\n")
    assert said(finding).endswith(expected), said(finding)


def test_the_documented_policy_is_right_and_the_page_names_what_policy_cannot_do() -> None:
    page = PAGE.read_text(encoding="utf-8")
    policy = read(page.partition("```yaml\n")[2].partition("```")[0]).policy
    assert (policy.required_actor, len(policy.severities), len(policy.waivers), len(policy.freezes)) == (True, 2, 1, 1)
    assert policy.organization_limit.people == 2
    fixed = FIXED_SEVERITY | {rule.id for rule in STEP_RULES}
    assert {rule for rule in fixed if f"`{rule}`" not in page} == set()


def test_the_scaffolded_examples_are_right_when_they_are_uncommented() -> None:
    text = SCAFFOLDED.read_text(encoding="utf-8")
    known, _, more = text.partition("# More, with their defaults:\n")
    lines = [line.removeprefix("#").removeprefix(" ") for line in more.splitlines()]
    policy = read("\n".join([known, *lines]) + "\n").policy
    assert (policy.required_actor, list(policy.severities), [waiver.rule for waiver in policy.waivers]) == (True, [RULE], [RULE])
