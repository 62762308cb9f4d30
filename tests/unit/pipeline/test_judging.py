"""Who answers for changes: checked at plan, checked again at apply, and said when it was not checked."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.applying import apply_plan
from reconciler.model.findings import Severity
from reconciler.model.policy import Policy
from reconciler.model.results import FleetPlan
from reconciler.pipeline import Request, plan
from reconciler.pipeline.judging import ACTOR_UNCHECKED, REQUIRED_ACTOR
from reconciler.rules import ACTOR_RULES
from reconciler.targets import NoTarget
from tests.fakes.builders import CATALOG, DAY, NOW, a_run, a_store, an_administrator, an_organization
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.unit.pipeline.manifests import organization, write

BOB = "{email: bob@acme.example, roles: [device-administrator]},"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "orgs", acme=organization(people=BOB))


def planned(paths: tuple[str, ...], store: MemoryStore, actor: str | None, policy: Policy | None = None) -> FleetPlan:
    return plan(Request(catalog=CATALOG, paths=paths, actor=actor, policy=policy or Policy()), store, NOW)


def unchecked(made: FleetPlan) -> list[str]:
    return [finding.message for finding in made.findings if finding.rule == ACTOR_UNCHECKED]


def test_without_an_actor_one_line_says_what_was_not_checked(paths: tuple[str, ...]) -> None:
    made = planned(paths, a_store(an_organization(an_administrator())), None)
    (finding,) = [finding for finding in made.findings if finding.rule == ACTOR_UNCHECKED]
    assert finding.severity is Severity.INFO
    assert all(rule.id in finding.detail for rule in ACTOR_RULES)
    assert not made.refusals


def test_ends_that_come_by_themselves_need_nobody_to_answer_for_them(paths: tuple[str, ...]) -> None:
    store = MemoryStore()
    eve = '{email: eve@acme.example, roles: [device-administrator], expiresAt: "2026-11-20T00:00:00Z"},'
    manifests = write(Path("orgs"), acme=organization(people=eve))
    first = plan(Request(catalog=CATALOG, paths=manifests), store, NOW - DAY)
    apply_plan(first, store, a_run(target=NoTarget(), clock=FixedClock(NOW - DAY)))
    made = planned(manifests, store, None, Policy(required_actor=True))
    assert made.summary.expire == made.summary.changes == 1
    assert (unchecked(made), made.refusals) == ([], ())


def test_where_nobody_is_on_record_the_actor_is_said_to_be_unchecked(paths: tuple[str, ...]) -> None:
    made = planned(paths, MemoryStore(), "mallory@acme.example")
    (message,) = unchecked(made)
    assert message == "whether mallory@acme.example may make these changes was not checked: nobody is on record yet in acme"
    assert not made.refusals


def test_an_actor_on_record_is_checked_and_nothing_is_said(paths: tuple[str, ...]) -> None:
    store = a_store(an_organization(an_administrator()))
    assert unchecked(planned(paths, store, "alice@acme.example")) == []
    assert not planned(paths, store, "alice@acme.example").refusals
    (refusal,) = planned(paths, store, "mallory@acme.example").refusals[:1]
    assert (refusal.rule, refusal.severity) == ("actor-cannot-assign", Severity.ERROR)
    assert refusal.range is not None


def test_the_actor_is_part_of_the_plan_and_not_of_its_hash(paths: tuple[str, ...]) -> None:
    store = a_store(an_organization(an_administrator()))
    with_actor, without = planned(paths, store, "alice@acme.example"), planned(paths, store, None)
    assert (with_actor.actor, without.actor) == ("alice@acme.example", None)
    assert with_actor.plan_hash == without.plan_hash


def test_policy_can_demand_an_actor(paths: tuple[str, ...]) -> None:
    store = a_store(an_organization(an_administrator()))
    made = planned(paths, store, None, Policy(required_actor=True))
    assert [refusal.rule for refusal in made.refusals] == [REQUIRED_ACTOR]
    assert planned(paths, store, "alice@acme.example", Policy(required_actor=True)).refusals == ()


def test_policy_sets_the_severity_of_rules_about_changes(paths: tuple[str, ...]) -> None:
    store = a_store(an_organization(an_administrator()))
    lenient = Policy(severities={"actor-cannot-assign": Severity.WARNING})
    made = planned(paths, store, "mallory@acme.example", lenient)
    assert made.refusals == ()
    assert "actor-cannot-assign" in {finding.rule for finding in made.findings}
    off = replace(lenient, severities={"actor-cannot-assign": None})
    assert "actor-cannot-assign" not in {finding.rule for finding in planned(paths, store, "mallory@acme.example", off).findings}
