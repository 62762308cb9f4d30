"""The product on a few pages: every use case as a straight line from inputs to one answer (`model.results`).

Belongs here: which step follows which. Does not belong here: options, exit codes, wording, the clock, and any logic of a step.
"""

from reconciler.pipeline.access import access_everywhere, access_of_everybody, access_of_person, permission_holders
from reconciler.pipeline.attesting import attest
from reconciler.pipeline.changing import apply_paths, apply_saved, forget, unlock
from reconciler.pipeline.checking import validate
from reconciler.pipeline.explaining import explain, rules
from reconciler.pipeline.planning import drift, load_plan, plan, show_plan
from reconciler.pipeline.present import Present, present
from reconciler.pipeline.reading import history, show_organization, show_organizations, verify_journal
from reconciler.pipeline.request import Approval, Request, RunSettings
from reconciler.pipeline.sweeping import sweep

__all__ = [
    "Approval",
    "Present",
    "Request",
    "RunSettings",
    "access_everywhere",
    "access_of_everybody",
    "access_of_person",
    "apply_paths",
    "apply_saved",
    "attest",
    "drift",
    "explain",
    "forget",
    "history",
    "load_plan",
    "permission_holders",
    "plan",
    "present",
    "rules",
    "show_organization",
    "show_organizations",
    "show_plan",
    "sweep",
    "unlock",
    "validate",
    "verify_journal",
]
