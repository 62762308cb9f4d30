"""Waivers and the required actor, from files to the answer: what is waived, what has expired, what covers nothing, who is asked for."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.errors import ManifestError, TamperedPlanError
from reconciler.model.findings import Finding, Position, Range, Severity
from reconciler.model.policy import Policy, Waiver
from reconciler.model.results import Application, Counts, FleetPlan
from reconciler.pipeline import apply_saved, drift, forget, validate
from reconciler.stores import open_reader
from tests.fakes.builders import DAY, HOUR, MINUTE, NOW, SECOND
from tests.unit.pipeline.manifests import grant, organization
from tests.unit.pipeline.test_changing import Place

FEW = "few-full-administrators"
TOGETHER = "external-demotion-in-part"
ONE = organization().replace(", {email: carol@acme.example, roles: [full-administrator]}", "")
OUTSIDE = "{{email: {}@else.example, roles: [{}], home: {{type: business}}}},"
EXTERNALS = OUTSIDE.format("eva", "full-administrator") + OUTSIDE.format("eve", "full-administrator")
DEMOTED = OUTSIDE.format("eva", "full-administrator") + OUTSIDE.format("eve", "read-only-administrator")
HERE = Range(filename="reconciler.yaml", start=Position(line=4, column=13), end=Position(line=4, column=36))


def a_waiver(rule: str = FEW, **fields: Any) -> Waiver:
    facts: dict[str, Any] = {"about": "acme", "reason": "OPS-7", "expires": NOW + DAY, "range": HERE}
    return Waiver(rule=rule, **(facts | fields))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path)
    place.write(acme=ONE)
    return place


def waive(place: Place, *waivers: Waiver) -> None:
    place.request = replace(place.request, policy=replace(place.request.policy, waivers=waivers))


def told(findings: Iterable[Finding]) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in findings if finding.rule in {FEW, TOGETHER, "unused-waiver"}]


def validated(place: Place) -> list[tuple[str, Severity]]:
    return told(validate(place.request, place.clock.now()).findings)


# Waivers that cover nothing


def test_a_waiver_that_covers_something_is_not_unused_not_even_when_it_has_expired(place: Place) -> None:
    waive(place, a_waiver(), a_waiver(about="acme/organization"))
    assert validated(place) == [(FEW, Severity.INFO)]
    assert told(place.planned().findings) == [(FEW, Severity.INFO)]
    waive(place, a_waiver(expires=NOW))
    assert validated(place) == [(FEW, Severity.WARNING)]


def test_a_waiver_that_covers_nothing_is_said_where_it_stands(place: Place) -> None:
    place.write(acme=organization())
    waive(place, a_waiver(), a_waiver(about="acme/administrator/alice@acme.example", expires=NOW))
    for findings in (validate(place.request, NOW).findings, place.planned().findings):
        unused = [finding for finding in findings if finding.rule == "unused-waiver"]
        assert [finding.detail for finding in unused] == ["expired at 2026-11-20T09:30:00Z: OPS-7", "until 2026-11-21T09:30:00Z: OPS-7"]
        assert [finding.address for finding in unused] == ["acme/administrator/alice@acme.example", "acme/organization"]
        assert {(finding.range, finding.severity) for finding in unused} == {(HERE, Severity.INFO)}


def test_a_rule_that_is_switched_off_needs_no_waiver(place: Place) -> None:
    place.request = replace(place.request, policy=Policy(severities={FEW: None}, waivers=(a_waiver(),)))
    assert validated(place) == [("unused-waiver", Severity.INFO)]


@pytest.mark.parametrize("limits", [{"organizations": frozenset({"acme"})}, {"labels": {"tier": "gold"}}], ids=["--org", "-l"])
def test_a_run_that_does_not_look_everywhere_calls_no_waiver_unused(place: Place, limits: dict[str, Any]) -> None:
    place.write(acme=organization().replace("{name: acme}", "{name: acme, labels: {tier: gold}}"))
    waive(place, a_waiver())
    place.request = replace(place.request, **limits)
    assert validated(place) == told(place.planned().findings) == []


def test_waivers_about_what_this_run_is_not_given_are_left_alone(place: Place) -> None:
    place.write(globex=organization("globex"))
    waive(place, a_waiver())
    assert validated(place) == told(place.planned().findings) == []


def test_waivers_about_grants_without_their_organization_are_left_alone(place: Place) -> None:
    place.apply()
    place.write(grant=grant())
    waive(place, a_waiver())
    assert validated(place) == told(place.planned().findings) == []


def test_waivers_about_a_manifest_that_cannot_be_read_are_left_alone(place: Place) -> None:
    place.write(acme=ONE.replace("type: customer", "type: unheard-of"))
    waive(place, a_waiver())
    assert validated(place) == []
    with pytest.raises(ManifestError) as caught:
        place.planned()
    assert told(caught.value.findings) == []


def test_a_waiver_of_a_rule_about_changes_may_wait_for_its_change_until_it_expires(place: Place) -> None:
    waive(place, a_waiver(), a_waiver(TOGETHER))
    assert validated(place) == told(place.planned().findings) == [(FEW, Severity.INFO)]
    waive(place, a_waiver(), a_waiver(TOGETHER, expires=NOW))
    assert validated(place) == told(place.planned().findings) == [(FEW, Severity.INFO), ("unused-waiver", Severity.INFO)]


# What is waived, and until when


def test_the_end_of_a_waiver_does_not_end_a_plan(place: Place) -> None:
    waive(place, a_waiver(expires=NOW + MINUTE))
    assert place.planned().valid_until is None
    place.write(acme=ONE, grant=grant())
    assert place.planned().valid_until == NOW + 30 * MINUTE


def test_drift_knows_nothing_of_changes_their_waivers_and_their_actors(place: Place) -> None:
    place.write(acme=organization(people=EXTERNALS))
    place.apply()
    place.write(acme=organization(people=DEMOTED))
    waive(place, a_waiver(), a_waiver(TOGETHER), a_waiver("external-changed-by-another"))
    place.request = replace(place.request, policy=replace(place.request.policy, required_actor=True), actor="nobody@acme.example")
    assert [finding.rule for finding in place.planned().findings if finding.waived] == ["external-changed-by-another", TOGETHER]
    with closing(open_reader(place.state)) as reader:
        answer = drift(place.request, reader, NOW)
    assert [it.address for it in answer.unapplied] == ["acme/administrator/eve@else.example"]
    assert answer.findings == ()


@pytest.fixture
def demoting(place: Place) -> Place:
    """One of two external full administrators is going to be demoted, which a rule refuses."""
    place.write(acme=organization(people=EXTERNALS))
    place.apply()
    place.write(acme=organization(people=DEMOTED))
    return place


def refused(place: Place, saved: FleetPlan) -> list[str]:
    answer = apply_saved(saved, place.request, place.settings(), expect=None)
    assert isinstance(answer, FleetPlan)
    return [f"{refusal.rule}: {refusal.detail.rpartition('; ')[2]}" for refusal in answer.refusals]


def test_a_waived_refusal_is_none_and_the_change_is_made(demoting: Place) -> None:
    assert [refusal.rule for refusal in demoting.planned().refusals] == [TOGETHER]
    waive(demoting, a_waiver(TOGETHER))
    assert demoting.planned().refusals == ()
    assert demoting.apply().counts == Counts(update=1)


def test_a_saved_plan_is_judged_by_the_waivers_of_the_run_that_applies_it(demoting: Place) -> None:
    strict = demoting.saved()
    waive(demoting, a_waiver(TOGETHER, expires=NOW + HOUR))
    lax = demoting.saved()
    assert (len(strict.refusals), len(lax.refusals)) == (1, 0)
    waive(demoting)
    assert refused(demoting, lax) == [f"{TOGETHER}: eva@else.example would stay"]
    waive(demoting, a_waiver(TOGETHER, expires=NOW + HOUR))
    demoting.clock.advance(HOUR)
    assert refused(demoting, lax) == [f"{TOGETHER}: the waiver for acme expired at 2026-11-20T10:30:00Z: OPS-7"]
    waive(demoting, a_waiver(TOGETHER))
    assert demoting.apply_saved(strict).counts == Counts(update=1)


def test_what_a_saved_plan_declares_is_judged_by_them_as_well(place: Place) -> None:
    on_site = "{email: dan@acme.example, sites: {acme.webex.com: {role: site-administrator}}},"
    place.write(acme=organization(people=on_site))
    waive(place, a_waiver("undeclared-site", expires=NOW + HOUR))
    saved = place.saved()
    place.clock.advance(HOUR - SECOND)
    until = place.clock.now()
    place.clock.advance(SECOND)
    with pytest.raises(TamperedPlanError) as caught:
        place.apply_saved(saved)
    (finding,) = caught.value.findings
    assert finding.detail.endswith("the waiver for acme expired at 2026-11-20T10:30:00Z: OPS-7")
    place.clock.set(until)
    assert place.apply_saved(saved).counts == Counts(create=4)


# The required actor


def demand(place: Place, *, actor: str | None = None) -> None:
    place.request = replace(place.request, policy=replace(place.request.policy, required_actor=True), actor=actor)


def test_changes_for_which_nobody_answers_are_refused_from_manifests_and_from_a_saved_plan(place: Place) -> None:
    unasked = place.saved()
    demand(place)
    assert [refusal.rule for refusal in place.planned().refusals] == ["required-actor"]
    assert refused(place, unasked) == ["required-actor: ends that come by themselves do not wait for it"]
    assert not (place.folder.parent / "state.db").exists()
    demand(place, actor="alice@acme.example")
    named = place.saved()
    assert named.refusals == ()
    demand(place)
    assert place.apply_saved(named).counts == Counts(create=2)


def test_nothing_to_do_needs_nobody_to_answer_for_it(place: Place) -> None:
    place.apply()
    demand(place)
    assert place.planned().refusals == ()
    assert place.apply().run is None


def test_ends_that_come_by_themselves_never_wait_for_anybody(place: Place) -> None:
    place.write(acme=ONE.replace("[ {", '[ {email: eve@acme.example, roles: [device-administrator], expiresAt: "2026-11-20T10:00:00Z"}, {'))
    place.apply()
    place.clock.advance(HOUR)
    demand(place)
    saved = place.saved()
    assert (saved.refusals, saved.summary.expire, saved.summary.changes) == ((), 1, 1)
    assert place.apply_saved(saved).counts == Counts(expire=1)


def test_an_end_beside_a_change_waits_with_it(place: Place) -> None:
    place.write(acme=ONE.replace("[ {", '[ {email: eve@acme.example, roles: [device-administrator], expiresAt: "2026-11-20T10:00:00Z"}, {'))
    place.apply()
    place.clock.advance(HOUR)
    place.write(acme=organization())
    demand(place)
    assert [refusal.rule for refusal in place.planned().refusals] == ["required-actor"]


def test_an_organization_is_not_forgotten_without_somebody_who_answers_for_it(place: Place) -> None:
    place.apply()
    demand(place)
    answer = forget("acme", place.request, place.settings())
    assert isinstance(answer, FleetPlan)
    assert [refusal.rule for refusal in answer.refusals] == ["required-actor"]
    demand(place, actor="alice@acme.example")
    assert isinstance(forget("acme", place.request, place.settings()), Application)
