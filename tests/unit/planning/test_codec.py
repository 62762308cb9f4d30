"""Codec: a saved plan reads back whole, and whatever else a file holds is refused by name."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from reconciler.model.changes import Action, Elevated, FollowUp, ManualStep, Plan, Recorded
from reconciler.model.documents import digest_of
from reconciler.model.errors import PlanError, TamperedPlanError, UnreadablePlanError
from reconciler.model.findings import Finding, Position, Range, Severity, Waived
from reconciler.model.results import FleetPlan
from reconciler.planning.codec import plan_bytes, plan_from_bytes, read_plan, stale, write_plan
from reconciler.planning.effects import access_changes
from reconciler.planning.plan import with_ranges
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    HOUR,
    LINEAGE,
    NOW,
    a_fleet,
    a_follow_up,
    a_grant,
    a_plan,
    a_step,
    an_administrator,
    an_organization,
)

PLACE = Range(filename="acme.yaml", start=Position(line=3, column=5), end=Position(line=3, column=9))
ALICE_IN = "acme/administrator/alice@acme.example"
ELEVATED = (Elevated(organization="acme", until=NOW + HOUR, person="tac@cisco.example", grant="inc-1", approved_by=None),)
OPEN = (a_follow_up(), a_follow_up("acme/organization", "other-rule", summary="\ud800"), a_follow_up("globex/organization"))
WARNING = Finding(
    rule="few-full-administrators",
    severity=Severity.WARNING,
    message="##[x] alice is alone",
    detail="two",
    hint="one more",
    address="acme/organization",
    pointer="/spec/administrators",
    range=PLACE,
)


WAIVED = replace(
    WARNING, severity=Severity.INFO, waived=Waived(severity=Severity.ERROR, reason="##[x] \u202e OPS-7", expires=NOW + HOUR / 3)
)


def some_plans() -> list[Plan]:
    eve = an_administrator("eve@acme.example", expires_at=NOW + HOUR)
    acme = a_plan(an_organization(ALICE, replace(BOB, name="Bob \u202e"), eve, grants=[a_grant()]), an_organization(ALICE, BOB))
    globex = a_plan(an_organization(ALICE, name="globex"))
    effects = access_changes(an_organization(ALICE), an_organization(ALICE, BOB), partner_of=lambda _: None, now=NOW, catalog=CATALOG)
    steps = (a_step(ALICE_IN, "other-rule", summary="##[x] \u202e", follow_up=False, detail=""), a_step("acme/organization"))
    since = {acme.changes[-1].address: Recorded(at=NOW - HOUR, run="r0", actor="carol@acme.example", operator="root@ci")}
    acme = replace(with_ranges(acme, {acme.changes[0].address: PLACE}), access=tuple(effects), steps=steps, since=since)
    return [acme, globex]


def saved(plan: FleetPlan, *, exit_code: int | None = None) -> str:
    out = StringIO()
    write_plan(plan, out, exit_code=exit_code)
    return out.getvalue()


def small() -> str:
    return saved(a_fleet([a_plan(an_organization(ALICE, BOB), an_organization(ALICE))], findings=(WARNING,)))


def resealed(document: dict[str, Any]) -> str:
    """Return *document* as a forger would save it: with an integrity that fits."""
    document = {key: value for key, value in document.items() if key != "integrity"}
    return json.dumps({**document, "integrity": digest_of(document)})


def test_a_saved_plan_reads_back_whole() -> None:
    plans = some_plans()
    refusal = replace(WARNING, severity=Severity.ERROR, range=None)
    fleet = a_fleet(
        plans, findings=(WARNING, WAIVED), refusals=(refusal,), people=7, complete=False, open_steps=lambda: iter(OPEN), elevated=ELEVATED
    )
    read = read_plan(saved(fleet))
    nothing = Plan(organization="", serial=0, digest="", as_of=NOW)
    # What a plan file leaves out of each organization stays with the fleet.
    kept = [replace(plan, valid_until=None, removals=nothing.removals, refusals=()) for plan in plans]
    assert list(read.plans()) == list(read.plans()) == kept
    assert tuple(read.open_steps()) == tuple(read.open_steps()) == OPEN
    assert replace(read, plans=fleet.plans, open_steps=fleet.open_steps) == replace(fleet, location="")


def test_saving_what_was_read_gives_the_same_bytes() -> None:
    text = saved(a_fleet(some_plans(), findings=(WARNING,), open_steps=lambda: iter(OPEN), elevated=ELEVATED))
    assert saved(read_plan(text)) == text


def test_a_plan_that_an_earlier_version_saved_names_nobody_who_is_elevated() -> None:
    document = json.loads(saved(a_fleet(some_plans(), elevated=ELEVATED)))
    del document["elevated"]
    assert read_plan(resealed(document)).elevated == ()


def test_a_plan_of_nothing_reads_back() -> None:
    read = read_plan(saved(a_fleet([], lineage=None, serials={"acme": 0})))
    assert (list(read.plans()), read.lineage, read.serials) == ([], None, {"acme": 0})


def test_a_spooled_plan_reads_back_but_for_what_stays_with_the_fleet() -> None:
    for plan in some_plans():
        read = plan_from_bytes(plan_bytes(plan))
        assert read == replace(plan, removals=read.removals, refusals=(), findings=())


def test_the_file_is_sorted_indented_ascii_and_ends_with_a_line() -> None:
    text = small()
    assert text.isascii()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True).replace("##[", "#\\u0023[") + "\n"


def test_any_changed_byte_is_refused_or_says_the_same() -> None:
    text = small()
    original = json.loads(text)
    read = 0
    for position, letter in enumerate(text):
        for other in {chr(ord(letter) ^ 1), chr(ord(letter) ^ 32), "0", " ", '"', "-"} - {letter}:
            altered = text[:position] + other + text[position + 1 :]
            try:
                read_plan(altered)
            except (UnreadablePlanError, TamperedPlanError):
                continue
            read += 1
            assert json.loads(altered) == original, f"{position}: {letter!r} became {other!r}"
    assert read > 0


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda text: "", "the file is not a saved plan: it is no JSON"),
        (lambda text: text[:-20], "the file is not a saved plan: it is no JSON"),
        (lambda text: text.replace('"kind": "plan"', '"kind": "plan", "kind": "plan"'), "the file is not a saved plan: it is no JSON"),
        (lambda text: text.replace('"people": 0', '"people": NaN'), "the file is not a saved plan: it is no JSON"),
        (lambda text: text.replace('"people": 0', '"people": Infinity'), "the file is not a saved plan: it is no JSON"),
        (lambda text: text.replace('"people": 0', '"people": 1e999'), "the file is not a saved plan: it is no JSON"),
        (lambda text: text.replace('"people": 0', f'"people": {"9" * 5000}'), "the file is not a saved plan: it is no JSON"),
        (lambda text: "[" * 100_000, "the file is not a saved plan: it is no JSON"),
        (lambda text: "[]", "the file is not a saved plan"),
        (lambda text: '"plan"', "the file is not a saved plan"),
        (lambda text: "apiVersion: reconciler/v1", "the file is not a saved plan: it is no JSON"),
        (lambda text: '{"kind": "drift", "format_version": "1.0"}', "the file is not a saved plan"),
        (lambda text: text.replace('"format_version": "1.0"', '"format_version": "2.0"'), "the saved plan has format version 2.0"),
        (lambda text: text.replace('"format_version": "1.0"', '"format_version": 1'), "the saved plan has format version 1"),
        (lambda text: text.replace('"format_version": "1.0",', ""), "the saved plan has format version None"),
    ],
)
def test_what_is_no_saved_plan_is_unreadable(alter: Callable[[str], str], message: str) -> None:
    with pytest.raises(UnreadablePlanError) as caught:
        read_plan(alter(small()))
    assert caught.value.message == message
    assert caught.value.hint == "make a new plan: reconciler plan PATH... --out FILE"


def test_steps_come_by_organization_and_address_the_plans_own_before_those_of_earlier_runs() -> None:
    acme, globex = some_plans()
    own = replace(globex, steps=(a_step("globex/organization", "b"), a_step("globex/organization", "a"), a_step("globex/administrator/z")))
    listed = json.loads(saved(a_fleet([acme, own], open_steps=lambda: iter(OPEN)), exit_code=0))["manual_steps"]
    assert [(step["address"], step["rule_id"], step["since"]) for step in listed] == [
        (ALICE_IN, "other-rule", None),
        ("acme/organization", "sign-in-once", None),
        ("globex/administrator/z", "sign-in-once", None),
        ("globex/organization", "a", None),
        ("globex/organization", "b", None),
        ("acme/administrator/bob@acme.example", "sign-in-once", "2026-11-19T09:30:00Z"),
        ("acme/organization", "other-rule", "2026-11-19T09:30:00Z"),
        ("globex/organization", "sign-in-once", "2026-11-19T09:30:00Z"),
    ]
    assert [(step["follow_up"], step["detail"]) for step in listed[:2]] == [(False, ""), (True, "roles count from then on")]
    assert {(step["follow_up"], step["detail"]) for step in listed[-3:]} == {(True, "")}


def test_neither_hash_nor_digest_knows_of_steps() -> None:
    plans = some_plans()
    bare = [replace(plan, steps=()) for plan in plans]
    read = read_plan(saved(a_fleet(plans, open_steps=lambda: iter(OPEN))))
    assert read.plan_hash == a_fleet(bare).plan_hash
    assert [plan.digest for plan in read.plans()] == [plan.digest for plan in bare]


def test_a_report_is_no_saved_plan() -> None:
    with pytest.raises(UnreadablePlanError, match="the file is a report, not a saved plan"):
        read_plan(saved(a_fleet(some_plans()), exit_code=2))


def test_a_deep_file_is_unreadable_at_any_depth() -> None:
    for depth in range(1, 1_100):
        text = f'{{"kind": "plan", "format_version": "1.0", "integrity": "", "x": {"[" * depth}{"]" * depth}}}'
        with pytest.raises(PlanError):
            read_plan(text)


def test_an_edit_without_a_new_seal_is_tampering() -> None:
    with pytest.raises(TamperedPlanError, match="the saved plan was changed after it was made"):
        read_plan(small().replace("support-administrator", "full-administrator"))


def test_a_resealed_plan_that_contradicts_its_hash_is_tampering() -> None:
    document = json.loads(small())
    document["resource_changes"][0]["change"]["after"]["roles"] = ["full-administrator"]
    with pytest.raises(TamperedPlanError, match="the saved plan does not have the hash it names"):
        read_plan(resealed(document))


def test_organizations_out_of_order_are_not_of_the_expected_shape() -> None:
    document = json.loads(saved(a_fleet(some_plans())))
    document["resource_changes"].reverse()
    with pytest.raises(UnreadablePlanError, match="the saved plan is not of the expected shape"):
        read_plan(resealed(document))


def ways_into(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every node of a JSON value, the deepest last."""
    yield ()
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        for rest in ways_into(inner):
            yield (step, *rest)


@pytest.mark.parametrize("strange", [None, True, 3, -1.5, "x", [], [1], {}, {"x": 1}], ids=repr)
def test_a_resealed_plan_with_a_strange_value_anywhere_is_refused_or_can_be_shown(strange: Any) -> None:
    fleet = a_fleet(some_plans(), findings=(WARNING, WAIVED), refusals=(WARNING,), open_steps=lambda: iter(OPEN))
    original = json.loads(saved(fleet))
    for way in list(ways_into(original)):
        if not way or way[0] == "integrity":
            continue
        document = json.loads(json.dumps(original))
        holder = document
        for step in way[:-1]:
            holder = holder[step]
        holder[way[-1]] = strange
        try:
            read = read_plan(resealed(document))
        except PlanError:
            continue
        saved(read)
        assert isinstance(read.people, int)
        assert isinstance(read.complete, bool)
        assert isinstance(read.target, str)
        listed: list[ManualStep | FollowUp] = [*read.open_steps(), *(step for section in read.plans() for step in section.steps)]
        assert all("/" in step.address for step in listed)
        assert isinstance("".join(step.rule + step.summary for step in listed), str)
        assert all(isinstance(text, str) for finding in (*read.findings, *read.refusals) for text in (finding.rule, finding.message))


def test_a_finding_that_does_not_say_whether_it_is_waived_is_not_of_the_expected_shape() -> None:
    document = json.loads(small())
    del document["diagnostics"][0]["waived"]
    with pytest.raises(UnreadablePlanError, match="the saved plan is not of the expected shape"):
        read_plan(resealed(document))


def test_a_change_with_two_actions_or_none_is_not_of_the_expected_shape() -> None:
    for actions in ([], ["delete", "create"], "create", ["replace"]):
        document = json.loads(small())
        document["resource_changes"][0]["change"]["actions"] = actions
        with pytest.raises(UnreadablePlanError):
            read_plan(resealed(document))


def test_a_stale_plan_says_what_to_do() -> None:
    error = stale("moved", "serial 1 is 2")
    assert (error.message, error.detail, error.hint) == ("moved", "serial 1 is 2", "make a new plan: reconciler plan PATH... --out FILE")


def test_the_lineage_and_the_serials_of_the_file_are_those_of_the_plan() -> None:
    read = read_plan(small())
    assert (read.lineage, read.serials, [plan.serial for plan in read.plans()]) == (LINEAGE, {"acme": 1}, [1])
    assert [change.action for plan in read.plans() for change in plan.changes] == [Action.CREATE]
