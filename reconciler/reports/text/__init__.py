"""Reports for people: calm, aligned, grouped by organization, and searchable line by line.

All foreign text goes through `visible`; every line leaves through `Page.line`, which keeps it from being a CI command.
"""

from typing import TextIO

from reconciler.model.results import (
    Accesses,
    AccessOf,
    Application,
    Attestation,
    Drift,
    Failure,
    FleetPlan,
    Grants,
    GrantStep,
    History,
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
from reconciler.reports.text.access import access
from reconciler.reports.text.application import application
from reconciler.reports.text.attestation import attestation
from reconciler.reports.text.drift import drift
from reconciler.reports.text.failure import failure, unlocked
from reconciler.reports.text.grants import grant_step, grants
from reconciler.reports.text.history import history
from reconciler.reports.text.page import Page
from reconciler.reports.text.plan import plan
from reconciler.reports.text.rules import rules
from reconciler.reports.text.scaffold import scaffold
from reconciler.reports.text.state import organizations, state
from reconciler.reports.text.validation import validation
from reconciler.reports.text.verification import verification


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write *result* to *out* as text."""
    page = Page(out, style)
    match result:
        case Validation():
            validation(page, result, exit_code)
        case FleetPlan():
            plan(page, result)
        case Application():
            application(page, result)
        case Drift():
            drift(page, result)
        case StateOf():
            state(page, result)
        case Organizations():
            organizations(page, result)
        case History():
            history(page, result)
        case Verification():
            verification(page, result)
        case AccessOf() | Accesses() | PermissionHolders():
            access(page, result)
        case Rules() | RuleOf() | StatementOf():
            rules(page, result)
        case Attestation() | GrantStep() | Grants() | Unlocked() | Scaffold():
            _done(page, result)
        case Failure():
            failure(page, result)


def _done(page: Page, result: Attestation | GrantStep | Grants | Unlocked | Scaffold) -> None:
    match result:
        case Attestation():
            attestation(page, result)
        case GrantStep():
            grant_step(page, result)
        case Grants():
            grants(page, result)
        case Unlocked():
            unlocked(page, result)
        case Scaffold():
            scaffold(page, result)
