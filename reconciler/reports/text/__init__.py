"""Reports for people: calm, aligned, grouped by organization, and searchable line by line.

A report is loaded when it is first written: a command pays for its own.
All foreign text goes through `visible`; every line leaves through `Page.line`, which keeps it from being a CI command.
"""

from typing import TextIO

from reconciler.model.results import (
    Accesses,
    AccessOf,
    Application,
    Attestation,
    Copied,
    Drift,
    Failure,
    FleetPlan,
    Grants,
    GrantStep,
    History,
    Migrated,
    Organizations,
    PermissionHolders,
    Result,
    RuleOf,
    Rules,
    Scaffold,
    StatementOf,
    StateOf,
    Unlocked,
    Validation,
    Verification,
)
from reconciler.reports.style import Style
from reconciler.reports.text.page import Page


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write *result* to *out* as text."""
    page = Page(out, style)
    match result:
        case Validation():
            from reconciler.reports.text.validation import validation

            validation(page, result, exit_code)
        case FleetPlan():
            from reconciler.reports.text.plan import plan

            plan(page, result)
        case Application():
            from reconciler.reports.text.application import application

            application(page, result)
        case Drift():
            from reconciler.reports.text.drift import drift

            drift(page, result)
        case StateOf():
            from reconciler.reports.text.state import state

            state(page, result)
        case Organizations():
            from reconciler.reports.text.state import organizations

            organizations(page, result)
        case History():
            from reconciler.reports.text.history import history

            history(page, result)
        case Verification():
            from reconciler.reports.text.verification import verification

            verification(page, result)
        case AccessOf() | Accesses() | PermissionHolders():
            from reconciler.reports.text.access import access

            access(page, result)
        case Rules() | RuleOf() | StatementOf():
            from reconciler.reports.text.rules import rules

            rules(page, result)
        case Attestation() | GrantStep() | Grants() | Unlocked() | Copied() | Migrated() | Scaffold():
            _done(page, result)
        case Failure():
            from reconciler.reports.text.failure import failure

            failure(page, result)


def _done(page: Page, result: Attestation | GrantStep | Grants | Unlocked | Copied | Migrated | Scaffold) -> None:
    match result:
        case Attestation():
            from reconciler.reports.text.attestation import attestation

            attestation(page, result)
        case GrantStep():
            from reconciler.reports.text.grants import grant_step

            grant_step(page, result)
        case Grants():
            from reconciler.reports.text.grants import grants

            grants(page, result)
        case Unlocked():
            from reconciler.reports.text.failure import unlocked

            unlocked(page, result)
        case Copied() | Migrated():
            from reconciler.reports.text.moving import moving

            moving(page, result)
        case Scaffold():
            from reconciler.reports.text.scaffold import scaffold

            scaffold(page, result)
