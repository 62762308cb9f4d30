"""Rules have stable ids, and policy tunes their severities."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.model.findings import Severity, Waived
from reconciler.model.policy import Policy, Waiver
from reconciler.model.resources import Home
from reconciler.rules import FIXED_SEVERITY, AnyRule, Context, Transition, Verdict, check, check_transition, every_rule, told, why
from tests.fakes.builders import ALICE, BOB, CATALOG, HOUR, NOW, SECOND, an_administrator, an_organization, grants_alone

CONTEXT = Context(now=NOW, catalog=CATALOG, known={}, declared=frozenset({"acme"}), site_owners={})
ONE_FULL = an_organization(ALICE)
RULE = "few-full-administrators"


def test_no_two_rules_have_one_id() -> None:
    ids = [rule.id for rule in every_rule()]
    assert len(ids) == len(set(ids))
    assert set(ids) >= FIXED_SEVERITY


@pytest.mark.parametrize("rule", list(every_rule()), ids=lambda rule: rule.id)
def test_every_rule_says_what_holds_where_it_comes_from_and_why(rule: AnyRule) -> None:
    text = told(rule.check)
    assert "Source: " in text
    assert "Why: " in text
    assert why(rule.check)


def test_a_finding_has_the_rules_own_severity_and_the_organizations_address() -> None:
    (finding,) = check(ONE_FULL, CONTEXT, Policy())
    assert (finding.rule, finding.severity, finding.address) == (RULE, Severity.WARNING, "acme/organization")


@pytest.mark.parametrize("severity", list(Severity))
def test_policy_gives_a_rule_another_severity(severity: Severity) -> None:
    (finding,) = check(ONE_FULL, CONTEXT, Policy(severities={RULE: severity}))
    assert finding.severity is severity


def test_policy_switches_a_rule_off() -> None:
    assert list(check(ONE_FULL, CONTEXT, Policy(severities={RULE: None}))) == []


def test_a_list_of_administrators_that_is_not_managed_is_nobodys_business() -> None:
    unmanaged = an_organization(administrators=None)
    assert list(check(unmanaged, CONTEXT, Policy())) == []
    assert list(check(grants_alone(), CONTEXT, Policy())) == []


# Waivers


def a_waiver(**fields: Any) -> Waiver:
    facts: dict[str, Any] = {"rule": RULE, "about": "acme", "reason": "OPS-7", "expires": NOW + HOUR}
    return Waiver(**(facts | fields))


def judged(*waivers: Waiver, **policy: Any) -> tuple[Severity, Waived | None]:
    (finding,) = check(ONE_FULL, CONTEXT, Policy(waivers=waivers, **policy))
    return finding.severity, finding.waived


@pytest.mark.parametrize("about", ["acme", "acme/organization"])
def test_what_a_waiver_covers_is_an_info_that_says_what_it_would_be_why_and_until_when(about: str) -> None:
    waived = Waived(severity=Severity.WARNING, reason="OPS-7", expires=NOW + HOUR)
    assert judged(a_waiver(about=about)) == (Severity.INFO, waived)


def test_the_severity_without_the_waiver_is_the_one_that_policy_gives() -> None:
    severity, waived = judged(a_waiver(), severities={RULE: Severity.ERROR})
    assert (severity, waived and waived.severity) == (Severity.INFO, Severity.ERROR)
    assert judged(a_waiver(), severities={RULE: Severity.INFO}) == (Severity.INFO, None)


def test_a_waiver_covers_its_rule_and_its_place_alone() -> None:
    elsewhere = a_waiver(about="globex"), a_waiver(about="acme/administrator/alice@acme.example"), a_waiver(rule="look-alike-address")
    assert judged(*elsewhere) == (Severity.WARNING, None)


def test_the_first_waiver_that_counts_is_the_one_that_is_named() -> None:
    over, first, second = a_waiver(expires=NOW, reason="over"), a_waiver(about="acme/organization"), a_waiver(reason="second")
    _, waived = judged(over, first, second)
    assert waived == Waived(severity=Severity.WARNING, reason="OPS-7", expires=NOW + HOUR)


@pytest.mark.parametrize(("left", "severity"), [(SECOND, Severity.INFO), (0 * SECOND, Severity.WARNING), (-HOUR, Severity.WARNING)])
def test_a_waiver_counts_before_its_end_only(left: timedelta, severity: Severity) -> None:
    assert judged(a_waiver(expires=NOW + left))[0] is severity


def test_when_a_waiver_has_expired_the_finding_is_back_and_says_so() -> None:
    earlier, later = a_waiver(expires=NOW - HOUR, reason="OPS-6"), a_waiver(about="acme/organization", expires=NOW)
    (plain,) = check(ONE_FULL, CONTEXT, Policy())
    (finding,) = check(ONE_FULL, CONTEXT, Policy(waivers=(later, earlier)))
    over = "; the waiver for acme/organization expired at 2026-11-20T09:30:00Z: OPS-7"
    assert finding == replace(plain, detail=plain.detail + over)


def test_an_address_is_a_person_whatever_the_letters() -> None:
    strange = an_administrator("\u0430lice@acme.example")  # the first letter is Cyrillic
    policy = Policy(waivers=(a_waiver(rule="look-alike-address", about="acme/administrator/\u0410lice@Acme.Example"),))
    found = check(an_organization(ALICE, an_administrator("carol@acme.example"), strange), CONTEXT, policy)
    assert [(finding.rule, finding.severity) for finding in found] == [("look-alike-address", Severity.INFO)]


def test_what_is_fixed_is_not_waived_whoever_made_the_policy() -> None:
    nobody = an_organization(BOB)
    policy = Policy(waivers=tuple(a_waiver(rule=rule) for rule in FIXED_SEVERITY))
    assert [finding.severity for finding in check(nobody, CONTEXT, policy)] == [Severity.ERROR]


def demoted(policy: Policy) -> Verdict:
    """One of two external full administrators is demoted, which is an error."""
    outside = [an_administrator(f"{name}@else.example", home=Home(type="business")) for name in ("eva", "eve")]
    before, after = (an_organization(ALICE, BOB, outside[0], other) for other in (outside[1], replace(outside[1], roles=BOB.roles)))
    transition = Transition.between(before, after, NOW, roles_once_held=lambda _: BOB.roles)
    return check_transition(transition, None, CONTEXT, policy)


def test_a_waived_error_about_a_change_is_no_refusal_but_is_told() -> None:
    rule = "external-demotion-in-part"
    assert [refusal.rule for refusal in demoted(Policy()).refusals] == [rule]
    verdict = demoted(Policy(waivers=(a_waiver(rule=rule, about="acme/administrator/eve@else.example"),)))
    assert verdict.refusals == ()
    assert [finding.waived and finding.waived.severity for finding in verdict.findings if finding.rule == rule] == [Severity.ERROR]
    (refusal,) = demoted(Policy(waivers=(a_waiver(rule=rule, expires=NOW),))).refusals
    assert refusal.detail.endswith("; the waiver for acme expired at 2026-11-20T09:30:00Z: OPS-7")
