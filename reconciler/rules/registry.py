"""The explicit lists of all rules, and the functions that run them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from reconciler.catalog import Catalog
from reconciler.model.changes import ManualStep
from reconciler.model.findings import Finding, Path, Severity, Waived
from reconciler.model.identifiers import organization_address
from reconciler.model.instants import format_instant
from reconciler.model.policy import Policy
from reconciler.model.resources import Organization
from reconciler.rules import acting, changing, declaring, granting, holding, lockout, people, references, restriction, services, steps
from reconciler.rules.actor import Actor
from reconciler.rules.base import Context, Rule, Violation, rule_id
from reconciler.rules.subject import Subject
from reconciler.rules.transition import Transition

ManifestRule = Rule[Callable[[str, str, Path, Catalog], Iterator[Violation]]]
OrganizationRule = Rule[Callable[[Subject, Context], Iterator[Violation]]]
ChangeRule = Rule[Callable[[Transition, Context], Iterator[Violation]]]
ActorRule = Rule[Callable[[Transition, Actor, Context], Iterator[Violation]]]
StepRule = Rule[Callable[[Transition, Context], Iterator[ManualStep]]]
AnyRule = Rule[Callable[..., Iterator[object]]]

_Checks = TypeVar("_Checks", bound=Callable[..., object])


def _rule(severity: Severity, check: _Checks) -> Rule[_Checks]:
    return Rule(id=rule_id(check), severity=severity, check=check)


MANIFEST_RULES: tuple[ManifestRule, ...] = (_rule(Severity.ERROR, declaring.derived_role),)
"""Rules that decide whether a manifest can be read at all. They are checked with its schema, and policy does not reach them."""

RULES: tuple[OrganizationRule, ...] = (
    _rule(Severity.ERROR, references.undeclared_site),
    _rule(Severity.ERROR, references.undeclared_location),
    _rule(Severity.ERROR, references.undeclared_service),
    _rule(Severity.ERROR, references.undeclared_organization),
    _rule(Severity.ERROR, references.former_name),
    _rule(Severity.ERROR, references.managing_partner_type),
    _rule(Severity.ERROR, references.customer_of_another_partner),
    _rule(Severity.ERROR, references.home_is_itself),
    _rule(Severity.ERROR, references.site_in_two_organizations),
    _rule(Severity.ERROR, holding.exclusive_role),
    _rule(Severity.ERROR, holding.scope_of_a_role),
    _rule(Severity.ERROR, holding.missing_base_role),
    _rule(Severity.ERROR, holding.site_managed_elsewhere),
    _rule(Severity.ERROR, holding.role_of_another_organization),
    _rule(Severity.ERROR, holding.role_not_for_this_home),
    _rule(Severity.ERROR, holding.account_not_for_administrators),
    _rule(Severity.ERROR, people.managing_partner_as_account),
    _rule(Severity.ERROR, lockout.no_full_administrator),
    _rule(Severity.ERROR, granting.grant_approver),
    _rule(Severity.ERROR, granting.grant_self_approved),
    _rule(Severity.ERROR, granting.grant_agent),
    _rule(Severity.ERROR, granting.grant_approved_by_the_partner),
    _rule(Severity.ERROR, granting.grant_in_the_future),
    _rule(Severity.WARNING, granting.grant_without_case),
    _rule(Severity.WARNING, lockout.few_full_administrators),
    _rule(Severity.WARNING, people.look_alike_address),
    _rule(Severity.WARNING, people.internal_to_two_organizations),
    _rule(Severity.WARNING, services.contact_center_role_combination),
    _rule(Severity.WARNING, services.contact_center_role_of_an_outsider),
    _rule(Severity.WARNING, services.no_calling_rights),
    _rule(Severity.WARNING, holding.many_locations),
    _rule(Severity.WARNING, restriction.restricted_mode_exemption),
)
"""Rules about what is declared, whatever is stored. They are checked by `validate`, and by `plan` and `apply` again."""

CHANGE_RULES: tuple[ChangeRule, ...] = (
    _rule(Severity.ERROR, changing.external_demotion_in_part),
    _rule(Severity.WARNING, changing.external_revoked),
    _rule(Severity.WARNING, changing.external_role_may_vanish),
    _rule(Severity.WARNING, changing.demotion_to_a_new_role),
    _rule(Severity.WARNING, changing.service_roles_to_review),
    _rule(Severity.WARNING, changing.provisioning_access_may_remain),
    _rule(Severity.WARNING, changing.new_partner),
    _rule(Severity.WARNING, changing.customer_groups_may_remain),
    _rule(Severity.WARNING, granting.grant_chain),
)
"""Rules about changes. An error of one of them is a refusal: the plan is shown, and not applied."""

ACTOR_RULES: tuple[ActorRule, ...] = (
    _rule(Severity.ERROR, acting.actor_cannot_assign),
    _rule(Severity.ERROR, acting.external_adds_external),
    _rule(Severity.ERROR, acting.external_changed_by_another),
    _rule(Severity.ERROR, acting.partner_makes_itself_full),
    _rule(Severity.ERROR, acting.self_assigned_role),
    _rule(Severity.WARNING, acting.discouraged_self_assignment),
    _rule(Severity.ERROR, acting.contact_center_role_by_an_external),
    _rule(Severity.WARNING, acting.customers_assigned_by_another),
    _rule(Severity.ERROR, acting.restricted_mode_switched_by_another),
    _rule(Severity.ERROR, acting.restricted_setting_changed),
)
"""Rules about who answers for a change. Errors are refusals; without an actor they are reported as unchecked."""

STEP_RULES: tuple[StepRule, ...] = (
    _rule(Severity.WARNING, steps.first_sign_in),
    _rule(Severity.WARNING, steps.partner_approval),
    _rule(Severity.INFO, steps.user_must_exist),
    _rule(Severity.WARNING, steps.partner_hub_alias),
)
"""Rules about what people do beside a change. Policy can switch them off, and nothing else."""

FIXED_SEVERITY = frozenset({"derived-role", "former-name", "grant-self-approved", "no-full-administrator", "self-assigned-role"})
"""Rules that policy can neither lower, nor switch off, nor waive."""


def waivable_rules() -> Iterator[AnyRule]:
    """Yield every rule whose findings a waiver can cover; a manual step is no finding."""
    for rule in every_rule():
        if rule.id not in FIXED_SEVERITY and rule not in STEP_RULES:
            yield rule


def every_rule() -> Iterator[AnyRule]:
    """Yield every rule, in the order in which they are listed."""
    yield from MANIFEST_RULES
    yield from RULES
    yield from CHANGE_RULES
    yield from ACTOR_RULES
    yield from STEP_RULES


def check(organization: Organization, context: Context, policy: Policy) -> Iterator[Finding]:
    """Yield every finding of every rule about *organization*, with the severity that *policy* gives it."""
    subject = Subject.of(organization, context.now, context.catalog)
    return _found(RULES, (subject, context), organization.name, _Judge(policy, context.now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules say about one transition.

    Attributes:
        findings: warnings and infos.
        refusals: errors; the plan is shown and not applied.
        steps: what people have to do beside the change.
    """

    findings: tuple[Finding, ...]
    refusals: tuple[Finding, ...]
    steps: tuple[ManualStep, ...]


def check_transition(transition: Transition, actor: Actor | None, context: Context, policy: Policy) -> Verdict:
    """Return what the rules about changes say, and those about *actor*; without one these are not asked."""
    judge = _Judge(policy, context.now)
    found = [*_found(CHANGE_RULES, (transition, context), transition.name, judge)]
    if actor is not None:
        found += _found(ACTOR_RULES, (transition, actor, context), transition.name, judge)
    wanted = (rule for rule in STEP_RULES if judge.severity(rule) is not None)
    steps_to_do = [step for rule in wanted for step in rule.check(transition, context)]
    return Verdict(
        findings=tuple(finding for finding in found if finding.severity is not Severity.ERROR),
        refusals=tuple(finding for finding in found if finding.severity is Severity.ERROR),
        steps=tuple(sorted(steps_to_do, key=lambda step: (step.address, step.rule))),
    )


def _found(
    rules: Iterable[Rule[Callable[..., Iterator[Violation]]]], subject: tuple[object, ...], organization: str, judge: "_Judge"
) -> Iterator[Finding]:
    for rule in rules:
        severity = judge.severity(rule)
        if severity is not None:
            for violation in rule.check(*subject):
                yield judge.finding(rule.id, severity, violation, organization)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What policy makes of a violation at one instant."""

    policy: Policy
    now: datetime

    def severity(self, rule: AnyRule) -> Severity | None:
        return self.policy.severities.get(rule.id, rule.severity)

    def finding(self, rule: str, severity: Severity, violation: Violation, organization: str) -> Finding:
        found = Finding(
            rule=rule,
            severity=severity,
            message=violation.message,
            detail=violation.detail,
            hint=violation.hint,
            address=violation.address or organization_address(organization),
            path=violation.path,
        )
        return _not_known(found) if violation.unknown else waive(found, self.policy, self.now)


def _not_known(finding: Finding) -> Finding:
    """What depends on a fact that nobody recorded is said, never taken for right or wrong."""
    detail = f"not known: nothing on record says so for certain; {finding.detail}"
    return replace(finding, severity=Severity.INFO, detail=detail)


def waive(finding: Finding, policy: Policy, now: datetime) -> Finding:
    """Return *finding* as an `info` that carries its reason, when a waiver of *policy* covers it at *now*.

    When only waivers would that have expired, its detail says so of the last one.
    """
    if finding.severity is Severity.INFO or finding.rule in FIXED_SEVERITY:
        return finding
    meant = [waiver for waiver in policy.waivers if waiver.is_for(finding.rule, finding.address or "")]
    for waiver in meant:
        if waiver.counts_at(now):
            waived = Waived(severity=finding.severity, reason=waiver.reason, expires=waiver.expires)
            return replace(finding, severity=Severity.INFO, waived=waived)
    if not meant:
        return finding
    last = max(meant, key=lambda waiver: waiver.expires)
    over = f"the waiver for {last.about} expired at {format_instant(last.expires)}: {last.reason}"
    return replace(finding, detail="; ".join(filter(None, (finding.detail, over))))
