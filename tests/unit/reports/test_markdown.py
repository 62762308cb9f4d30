"""Reports as Markdown: one comment that says who gains what and until when, that fits, and in which names are text."""

import io
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.changes import Action, Change, FieldChange, Plan, Reason
from reconciler.model.documents import Document, grant_document, settings_document
from reconciler.model.identifiers import administrator_address, grant_address
from reconciler.model.results import Failure, FleetPlan, Result
from reconciler.reports import Style, formats_of, render
from reconciler.reports.markdown import markdown
from reconciler.reports.markdown.sheet import COMMENT, STEP_SUMMARY, Room, octets, units
from reconciler.reports.markdown.spans import prose, row, span
from tests.golden.reports.builders import (
    ALICE,
    EVE,
    FEW,
    LOCATION,
    NOW,
    TOO_MANY,
    a_change,
    a_changed_organization,
    a_finding,
    a_fleet_plan,
    a_grant,
    a_new_organization,
    added,
    again,
    an_administrator,
    an_application,
    every_result,
    settings,
)
from tests.unit.reports.reading_markdown import read, tables

RESULTS = every_result()
WRITTEN = [name for name, result in RESULTS.items() if "markdown" in formats_of(type(result))]


def written(result: Result, **asked: Any) -> str:
    out = io.StringIO()
    render(result, "markdown", out, exit_code=0, style=Style(**asked))
    return out.getvalue()


def plan_of(number: int, name: str = "acme-health", padding: str = "") -> Plan:
    people = [an_administrator(f"p{index:05}@x.example", name=f"{index}{padding}") for index in range(number)]
    return Plan(organization=name, serial=3, digest="ab" * 32, as_of=EVE.expires_at, changes=tuple(added(one, name) for one in people))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_report_parses_and_is_ours_alone(name: str) -> None:
    text = written(RESULTS[name])
    assert read(text) or name in {"validation-valid", "error-cancelled", "sweep-nothing", "sweep-stateless"}
    assert text.startswith("<!-- reconciler:")
    assert text.partition("\n")[2].startswith("## reconciler")
    for line in text.split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert line.isprintable()


def test_a_reader_learns_who_gains_what_and_until_when() -> None:
    text = written(RESULTS["plan-changes"])
    rows = {row[1]: row for row in tables(text)[0] if row[0] == "gains"}
    assert rows["eve@contractor.example"][2:] == [
        "acme-health",
        "read-only-administrator; external (business)",
        "31 Mar 2027, 00:00 UTC (in 130 d)",
    ]
    assert rows["bob@acme.example"][4] == "no end"
    assert rows["tac@cisco.example (Cisco TAC)"][4] == "20 Nov 2026, 10:10 UTC (in 40 min)"
    assert "approved by alice@acme.example" in rows["tac@cisco.example (Cisco TAC)"][3]
    timeline = tables(text)[1]
    assert ["31 Mar 2027, 00:00 UTC (in 130 d)", "access of eve@contractor.example to acme-health ends"] in timeline
    access = tables(text)[2]
    assert access[0][1:] == ["Person", "Permission", "Before → after", "Because"]
    assert ["gains", "bob@acme.example", "troubleshooting", "none → full", "support-administrator"] in access


def test_the_marker_names_scope_hash_and_serial_and_is_found_again() -> None:
    def facts(result: Result, **asked: Any) -> dict[str, str]:
        first = written(result, **asked).partition("\n")[0]
        assert first.startswith("<!-- reconciler:")
        return dict(pair.split("=", 1) for pair in first.split()[3:-1])

    one = a_fleet_plan(a_changed_organization())
    assert facts(one) == {"scope": "all", "hash": one.plan_hash, "serial": "3", "truncated": "false"}
    assert facts(replace(one, complete=False))["scope"] == "acme-health"
    assert facts(one, scope="acme-health/globex")["scope"] == "acme-health/globex"
    two = a_fleet_plan(a_changed_organization(), a_new_organization(), complete=False)
    assert (facts(two)["scope"], "serial" in facts(two)) == ("acme-health/globex", False)
    many = replace(two, serials={f"organization-{number}": 1 for number in range(99)})
    assert facts(many)["scope"].startswith("99-")
    assert facts(Failure(exit_code=1, findings=(FEW,))) == {"scope": "all", "truncated": "false"}
    assert written(Failure(exit_code=1, findings=(FEW,)), command="show").startswith("<!-- reconciler:plan v1 ")


def test_the_plan_says_how_exactly_it_is_applied_and_only_when_it_can_be() -> None:
    made = a_fleet_plan(a_changed_organization())
    assert f"reconciler apply PATH... --expect {made.plan_hash}" in read(written(made))
    perform = ("reconciler", "apply", "my orgs", "--org", "acme-health")
    assert f"reconciler apply 'my orgs' --org acme-health --expect {made.plan_hash}" in read(written(made, perform=perform))
    assert f"reconciler apply plan.json --expect {made.plan_hash}" in read(written(replace(made, file="plan.json")))
    assert f"reconciler apply PATH... --expect {made.plan_hash}" in read(written(made, perform=("reconciler", "apply", *["orgs"] * 300)))
    stale = a_finding(rule="stale-plan")
    for other in (replace(made, refusals=(TOO_MANY,)), replace(made, findings=(stale,)), a_fleet_plan(serials={"acme-health": 1})):
        assert not [line for line in read(written(other)) if line.startswith("reconciler apply")]


def test_the_lockout_check_has_its_verdict_either_way() -> None:
    made = a_fleet_plan(a_changed_organization())
    assert "**Lockout check passed:**" in written(made)
    locked = a_finding("nobody would be left", rule="no-full-administrator-left", address="acme-health/organization")
    text = written(replace(made, refusals=(locked,)))
    assert "**Lockout check failed:** 1 organization would be left without a full administrator." in text
    assert "## reconciler: `acme-health`, refused\n" in text
    assert "Lockout" not in written(a_fleet_plan(serials={"acme-health": 1}))


def a_row(change: Change, **fields: Any) -> list[str]:
    """Return the row of *change* in the first table."""
    part = Plan(organization="acme-health", serial=1, digest="ab" * 32, as_of=NOW, changes=(change,), **fields)
    text = written(a_fleet_plan(part))
    read(text)
    return tables(text)[0][1]


REQUEST = grant_document(a_grant(approved_by=None, approved_at=None, expires_at=None))
GRANT = grant_document(a_grant())
ADDRESS = grant_address("acme-health", "inc-4711")
TAC = "tac@cisco.example (Cisco TAC)"
WHY = "reason SSO login broken after the IdP certificate changed, ticket SR-4711"
BY = "emergency access by grant inc-4711"
IN_40 = "20 Nov 2026, 10:10 UTC (in 40 min)"
SHORTER = FieldChange(path="expires_at", before="2026-11-20T10:10:00Z", after="2026-11-20T10:00:00Z")


@pytest.mark.parametrize(
    ("action", "before", "after", "reason", "expected"),
    [
        (
            Action.CREATE,
            None,
            GRANT,
            Reason.DECLARED,
            ["gains", TAC, f"all rights of a full administrator: {BY}, approved by {ALICE}, {WHY}", IN_40],
        ),
        (
            Action.UPDATE,
            REQUEST,
            GRANT,
            Reason.DECLARED,
            ["gains", TAC, f"all rights of a full administrator: {BY}, approved by {ALICE}, {WHY}", IN_40],
        ),
        (Action.CREATE, None, REQUEST, Reason.DECLARED, ["asks", TAC, f"for {BY}, not decided yet, {WHY}", ""]),
        (Action.UPDATE, REQUEST, {**REQUEST, "denied_by": ALICE}, Reason.DECLARED, ["denied", TAC, f"{BY}, by {ALICE}, {WHY}", ""]),
        (Action.DELETE, REQUEST, None, Reason.OMITTED, ["withdrawn", TAC, f"request for {BY}", ""]),
        (Action.DELETE, GRANT, None, Reason.OMITTED, ["loses", TAC, f"{BY}: no longer declared", ""]),
        (Action.DELETE, GRANT, None, Reason.EXPIRED, ["ended", TAC, f"{BY}: expired 2026-11-20T10:10:00Z", ""]),
        (
            *(Action.UPDATE, GRANT, {**GRANT, "revoked_at": "2026-11-20T09:29:00Z"}, Reason.REVOKED),
            ["loses", TAC, f"{BY}: revoked 2026-11-20T09:29:00Z", ""],
        ),
        (
            *(Action.UPDATE, GRANT, {**GRANT, "expires_at": "2026-11-20T10:00:00Z"}, Reason.DECLARED),
            ["changes", TAC, f"{BY}: expires_at: 2026-11-20T10:10:00Z -> 2026-11-20T10:00:00Z", "20 Nov 2026, 10:00 UTC (in 30 min)"],
        ),
    ],
)
def test_every_step_of_an_emergency_access_is_told(
    action: Action, before: Document | None, after: Document | None, reason: Reason, expected: list[str]
) -> None:
    change = a_change(ADDRESS, action, reason=reason, before=before, after=after)
    fields = (SHORTER,) if expected[0] == "changes" else ()
    assert a_row(replace(change, fields=fields)) == expected


def test_people_and_organizations_are_told_in_words() -> None:
    frank = {"email": "frank@acme.example", "roles": ["full-administrator"], "expires_at": "2026-11-20T09:00:00Z"}
    address = administrator_address("acme-health", "frank@acme.example")
    ended = a_change(address, Action.DELETE, reason=Reason.EXPIRED, before=frank)
    assert a_row(ended)[::2] == ["ended", "everything: was full-administrator; expired 2026-11-20T09:00:00Z"]
    odd = a_change(address, Action.CREATE, after={**frank, "expires_at": "soon"})
    assert a_row(odd)[3] == "soon"
    itself = a_change("acme-health/organization", Action.UPDATE, before={}, after={})
    changed = replace(itself, fields=(FieldChange(path="display_name", before="A", after="B"),))
    assert a_row(changed) == ["changes", "the organization itself", "display_name: A -> B", ""]
    gone = a_change("acme-health/organization", Action.DELETE, reason=Reason.OMITTED, before=settings_document(settings()))
    assert a_row(gone)[2] == "is no longer managed here; nobody's access changes"


def test_somebody_who_stays_with_less_is_among_those_who_lose() -> None:
    before = {"email": "frank@acme.example", "roles": ["full-administrator"]}
    change = a_change(
        administrator_address("acme-health", "frank@acme.example"),
        Action.UPDATE,
        before=before,
        after={**before, "roles": ["read-only-administrator"]},
    )
    text = written(a_fleet_plan(Plan(organization="acme-health", serial=1, digest="", as_of=NOW, changes=(change,))))
    assert "> - `frank@acme.example` is no full administrator of `acme-health` any more\n" in text


def test_a_plan_for_a_live_target_does_not_say_that_people_make_the_changes() -> None:
    made = a_fleet_plan(a_changed_organization())
    assert "people make them in Control Hub" in written(made)
    assert "Control Hub" not in written(replace(made, target="webex"))


def test_what_does_not_fit_is_counted_and_what_matters_most_stays() -> None:
    gone = a_changed_organization()
    many = replace(gone, changes=(*gone.changes, *plan_of(10_000).changes))
    text = written(replace(a_fleet_plan(many), refusals=(TOO_MANY,)))
    assert units(text) <= COMMENT
    assert "truncated=true -->" in text.partition("\n")[0]
    assert "**This comment is cut and cannot approve the plan.**" in text
    assert "reconciler apply" not in text
    read(text)
    for kept in (
        "Plan: 10003 to add, 2 to change, 1 to remove, 1 to expire.",
        "`dave@acme.example` leaves",
        "Lockout check",
        "**Refused:**",
    ):
        assert kept in text
    shown = len(tables(text)[0]) - 1
    assert f"… and {10_007 - shown} more changes" in text
    assert shown > 50
    whole = markdown(replace(a_fleet_plan(many)), Room(limit=STEP_SUMMARY, measure=octets), exit_code=0, style=Style())
    assert COMMENT < octets(whole) <= STEP_SUMMARY
    read(whole)


def test_a_fleet_streams_through_and_its_details_are_counted_by_organization() -> None:
    plans = [plan_of(3, f"org-{number:05}") for number in range(2_000)]
    text = written(a_fleet_plan(*plans))
    assert units(text) <= COMMENT
    assert "## reconciler: 2000 organizations, review needed" in text
    assert "more organizations" in text
    read(text)


def test_one_change_that_is_larger_than_a_comment_is_counted() -> None:
    text = written(a_fleet_plan(plan_of(1, padding="x" * 70_000), plan_of(1, "globex")))
    read(text)
    assert units(text) <= COMMENT
    assert "`acme-health`: 1 change not shown here." in text
    assert "<code>globex</code>: 1 change" in text


def test_lengths_are_counted_as_the_platform_counts_them() -> None:
    assert units("a😀é") == 4
    text = written(a_fleet_plan(plan_of(3_000, padding="😀" * 20)))
    assert COMMENT - 2_000 < units(text) <= COMMENT


def test_very_many_removals_leave_room_for_the_rest() -> None:
    crowd = plan_of(5_000).changes
    removed = tuple(replace(change, action=Action.DELETE, before=change.after, after=None, reason=Reason.OMITTED) for change in crowd)
    text = written(a_fleet_plan(replace(plan_of(0), changes=removed)))
    assert "> **Takes access away** from 5000 people:\n" in text
    assert "more removals" in text
    assert len(tables(text)[0]) > 50
    read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("only 1 full administrator would be left", "only 1 full administrator would be left"),
        (
            "a@b.example holds full-administrator, and (as x-y) more; why?",
            "`a@b.example` holds `full-administrator`, and (as `x-y`) more; `why?`",
        ),
        ("use --org acme-x twice", "use `--org acme-x` twice"),
        ("a `tick` and ) alone", "a `` `tick` `` and `)` alone"),
        ("deadbeef defaced 1234567 12345 GH-1 #1", "`deadbeef defaced 1234567` 12345 `GH-1 #1`"),
        ("the partner's own _people_ *x*", "the partner's own `_people_ *x*`"),
        ("foo( bar@x", "`foo( bar@x`"),
        ("", ""),
    ],
)
def test_plain_words_stay_and_everything_else_is_code(text: str, expected: str) -> None:
    assert prose(text) == expected
    assert [token for token in read(f"x {prose(text)}\n") if token not in text] == []


def test_a_code_span_and_a_cell_hold_anything() -> None:
    for text in ("`", "``", " a ", " ", "a|b", "\\", "``` x `", "|", "a`"):
        assert read(f"x {span(text)}\n") == [text]
        assert tables(f"|a|\n|---|\n{row(span(text))}")[0][1] == [text]
    assert span("") == '`""`'
    escaped = row(span("a\\|b"))
    assert tables(f"|a|\n|---|\n{escaped}")[0][1] == ["a\\u{5c}\\u{7c}b"]


def test_a_location_that_is_no_location_takes_no_room() -> None:
    first = RESULTS["plan-first"]
    assert isinstance(first, FleetPlan)
    assert LOCATION in read(written(first))
    assert "No stored state: everything counts as new" in written(replace(first, location="x" * 70_000))


def test_a_repeated_plan_and_a_run_that_did_nothing_say_so() -> None:
    assert "This plan was already applied by run" in written(an_application(repeated=True))
    assert "## reconciler apply: nothing to do" in written(an_application(run=None))
    with pytest.raises(TypeError, match="no form as Markdown"):
        written(RESULTS["history-runs"])


def test_who_answers_is_named() -> None:
    made = a_fleet_plan(a_changed_organization(), actor=ALICE)
    assert f"answered for by `{ALICE}`" in written(made)
    assert "answered for by (a text of 70000 characters)" in written(replace(made, actor="x" * 70_000, open_steps=again()))
