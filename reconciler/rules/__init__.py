"""Domain rules: one pure function each, grouped by subject, in explicit lists.

Belongs here: what makes a declared organization, or a change of one, right or wrong, given the facts about its neighbours, the instant,
and who answers for it.
Does not belong here: the shape of a document (schemas), input and output, the clock.
A rule's id is the name of its function with `-` for `_`; it is stable.
"""

from reconciler.rules.actor import Actor, actor_in
from reconciler.rules.asked import Asked
from reconciler.rules.base import Context, OnRecord, Rule, Violation, closest, listing, told, why
from reconciler.rules.registry import (
    ACTOR_RULES,
    CHANGE_RULES,
    FIXED_SEVERITY,
    MANIFEST_RULES,
    RULES,
    STEP_RULES,
    ActorRule,
    AnyRule,
    ChangeRule,
    ManifestRule,
    OrganizationRule,
    StepRule,
    Verdict,
    check,
    check_transition,
    every_rule,
    waivable_rules,
)
from reconciler.rules.transition import PersonChange, Transition

__all__ = [
    "ACTOR_RULES",
    "CHANGE_RULES",
    "FIXED_SEVERITY",
    "MANIFEST_RULES",
    "RULES",
    "STEP_RULES",
    "Actor",
    "ActorRule",
    "AnyRule",
    "Asked",
    "ChangeRule",
    "Context",
    "ManifestRule",
    "OnRecord",
    "OrganizationRule",
    "PersonChange",
    "Rule",
    "StepRule",
    "Transition",
    "Verdict",
    "Violation",
    "actor_in",
    "check",
    "check_transition",
    "closest",
    "every_rule",
    "listing",
    "told",
    "waivable_rules",
    "why",
]
