"""Domain rules: one pure function each, grouped by subject, in one explicit list.

Belongs here: what makes a declared organization right or wrong, given the facts about its neighbours and the instant.
Does not belong here: the shape of a document (schemas), transitions against the stored state (planning), input and output, the clock.
A rule's id is the name of its function with `-` for `_`; it is stable.
"""

from reconciler.rules.base import Context, Rule, Violation, closest, listing
from reconciler.rules.registry import FIXED_SEVERITY, RULES, check

__all__ = ["FIXED_SEVERITY", "RULES", "Context", "Rule", "Violation", "check", "closest", "listing"]
