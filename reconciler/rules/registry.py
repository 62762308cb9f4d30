"""The explicit list of all rules, and the one function that runs them."""

from collections.abc import Iterator

from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import organization_address
from reconciler.model.policy import Policy
from reconciler.model.resources import Organization
from reconciler.rules.base import Check, Context, Rule
from reconciler.rules.holding import (
    account_not_for_administrators,
    exclusive_role,
    missing_base_role,
    role_not_for_this_home,
    role_of_another_organization,
    scope_of_a_role,
    site_managed_elsewhere,
)
from reconciler.rules.lockout import few_full_administrators, no_full_administrator
from reconciler.rules.people import look_alike_address
from reconciler.rules.references import (
    customer_of_another_partner,
    home_is_itself,
    managing_partner_type,
    site_in_two_organizations,
    undeclared_location,
    undeclared_organization,
    undeclared_site,
)


def _rule(severity: Severity, check: Check) -> Rule:
    return Rule(id=getattr(check, "__name__", "").replace("_", "-"), severity=severity, check=check)


RULES: tuple[Rule, ...] = (
    _rule(Severity.ERROR, undeclared_site),
    _rule(Severity.ERROR, undeclared_location),
    _rule(Severity.ERROR, undeclared_organization),
    _rule(Severity.ERROR, managing_partner_type),
    _rule(Severity.ERROR, customer_of_another_partner),
    _rule(Severity.ERROR, home_is_itself),
    _rule(Severity.ERROR, site_in_two_organizations),
    _rule(Severity.ERROR, exclusive_role),
    _rule(Severity.ERROR, scope_of_a_role),
    _rule(Severity.ERROR, missing_base_role),
    _rule(Severity.ERROR, site_managed_elsewhere),
    _rule(Severity.ERROR, role_of_another_organization),
    _rule(Severity.ERROR, role_not_for_this_home),
    _rule(Severity.ERROR, account_not_for_administrators),
    _rule(Severity.ERROR, no_full_administrator),
    _rule(Severity.WARNING, few_full_administrators),
    _rule(Severity.WARNING, look_alike_address),
)

FIXED_SEVERITY = frozenset({"no-full-administrator"})
"""Rules that policy can neither lower nor switch off."""


def check(organization: Organization, context: Context, policy: Policy) -> Iterator[Finding]:
    """Yield every finding of every rule about *organization*, with the severity that *policy* gives it."""
    for rule in RULES:
        severity = policy.severities.get(rule.id, rule.severity)
        if severity is None:
            continue
        for violation in rule.check(organization, context):
            yield Finding(
                rule=rule.id,
                severity=severity,
                message=violation.message,
                detail=violation.detail,
                hint=violation.hint,
                address=violation.address or organization_address(organization.name),
                path=violation.path,
            )
