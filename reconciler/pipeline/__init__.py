"""The product on a few pages: every use case as a straight line from inputs to one answer (`model.results`).

Belongs here: which step follows which. Does not belong here: options, exit codes, wording, the clock, and any logic of a step.

A use case is loaded when it is first named: the libraries of one are not paid for by the others.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.pipeline.access import access_everywhere, access_of_everybody, access_of_person, permission_holders
    from reconciler.pipeline.attesting import attest
    from reconciler.pipeline.changing import apply_paths, apply_saved, forget, unlock
    from reconciler.pipeline.checking import validate
    from reconciler.pipeline.explaining import explain, rules
    from reconciler.pipeline.granting import GrantEdit, approve_grant, deny_grant, list_grants, request_grant, revoke_grant
    from reconciler.pipeline.moving import copy_state, migrate_state
    from reconciler.pipeline.planning import drift, load_plan, plan, show_plan
    from reconciler.pipeline.present import Present, present
    from reconciler.pipeline.reading import history, show_organization, show_organizations, verify_journal
    from reconciler.pipeline.request import Approval, Request, RunSettings
    from reconciler.pipeline.sweeping import sweep

__all__ = [
    "Approval",
    "GrantEdit",
    "Present",
    "Request",
    "RunSettings",
    "access_everywhere",
    "access_of_everybody",
    "access_of_person",
    "apply_paths",
    "apply_saved",
    "approve_grant",
    "attest",
    "copy_state",
    "deny_grant",
    "drift",
    "explain",
    "forget",
    "history",
    "list_grants",
    "load_plan",
    "migrate_state",
    "permission_holders",
    "plan",
    "present",
    "request_grant",
    "revoke_grant",
    "rules",
    "show_organization",
    "show_organizations",
    "show_plan",
    "sweep",
    "unlock",
    "validate",
    "verify_journal",
]


def __getattr__(name: str) -> Any:
    """Load the use case *name*."""
    match name:
        case "access_everywhere" | "access_of_everybody" | "access_of_person" | "permission_holders":
            from reconciler.pipeline import access

            return getattr(access, name)
        case "explain" | "rules":
            from reconciler.pipeline import explaining

            return getattr(explaining, name)
        case "GrantEdit" | "approve_grant" | "deny_grant" | "list_grants" | "request_grant" | "revoke_grant":
            from reconciler.pipeline import granting

            return getattr(granting, name)
        case "Present" | "present":
            from reconciler.pipeline import present

            return getattr(present, name)
        case "apply_paths" | "apply_saved" | "attest" | "copy_state" | "forget" | "migrate_state" | "sweep" | "unlock":
            return _writing(name)
        case "validate":
            from reconciler.pipeline import checking

            return getattr(checking, name)
        case "drift" | "load_plan" | "plan" | "show_plan":
            from reconciler.pipeline import planning

            return getattr(planning, name)
        case "history" | "show_organization" | "show_organizations" | "verify_journal":
            from reconciler.pipeline import reading

            return getattr(reading, name)
        case "Approval" | "Request" | "RunSettings":
            from reconciler.pipeline import request

            return getattr(request, name)
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _writing(name: str) -> Any:
    match name:
        case "attest":
            from reconciler.pipeline import attesting

            return getattr(attesting, name)
        case "copy_state" | "migrate_state":
            from reconciler.pipeline import moving

            return getattr(moving, name)
        case "sweep":
            from reconciler.pipeline import sweeping

            return getattr(sweeping, name)
        case _:
            from reconciler.pipeline import changing

            return getattr(changing, name)
