"""Rules have stable ids, and policy tunes their severities."""

import pytest

from reconciler.model.findings import Severity
from reconciler.model.policy import Policy
from reconciler.rules import FIXED_SEVERITY, AnyRule, Context, check, every_rule, told
from tests.fakes.builders import ALICE, CATALOG, NOW, an_organization, grants_alone

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
