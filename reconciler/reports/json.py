"""Reports as JSON: one document, sorted keys, two blanks of indentation, ASCII only, a final newline.

Long lists are written element by element as they come, so that a fleet or a journal is never held in memory.
"""

from collections.abc import Iterable
from typing import Final, TextIO

from reconciler import __version__
from reconciler.model.documents import Document, administrator_document, grant_document, settings_document
from reconciler.model.findings import Finding, Severity
from reconciler.model.instants import format_instant
from reconciler.model.journal import Entry, EntryKind
from reconciler.model.lifetimes import grant_status
from reconciler.model.protocols import LockInfo
from reconciler.model.results import (
    Accesses,
    AccessOf,
    Application,
    Attestation,
    Copied,
    Difference,
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
    StoredOrganization,
    Unlocked,
    Validation,
    Verification,
)
from reconciler.model.writing import Members, finding_document, follow_up_document, open_step_document, write_document
from reconciler.reports.access import access_members
from reconciler.reports.grants import grants_members
from reconciler.reports.rules import rules_members
from reconciler.reports.stateless import with_stateless
from reconciler.reports.style import Style

FORMAT_VERSION: Final = "1.0"


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write the JSON document of *result* to *out*."""
    match result:
        case FleetPlan():
            from reconciler.planning.codec import write_plan  # noqa: PLC0415 - planning loads slowly, and no other report needs it

            write_plan(result, out, exit_code=exit_code)
        case Validation():
            _write("validation", _validation(result), out, exit_code)
        case Application():
            _write("sweep" if result.operation == "sweep" else "apply", _application(result), out, exit_code)
        case Drift():
            _write("drift", _drift(result), out, exit_code)
        case StateOf():
            _write("state", _state(result), out, exit_code)
        case Organizations():
            _write("organizations", _organizations(result), out, exit_code)
        case History():
            _write("history", _history(result), out, exit_code)
        case Verification():
            _write("verification", _verification(result), out, exit_code)
        case AccessOf() | Accesses() | PermissionHolders():
            _write(*access_members(result), out, exit_code)
        case Rules() | RuleOf() | StatementOf():
            _write(*rules_members(result), out, exit_code)
        case Attestation() | GrantStep() | Grants() | Unlocked() | Copied() | Migrated() | Scaffold():
            _write(*_done(result), out, exit_code)
        case Failure():
            _write("error", _failure(result), out, exit_code)


def _write(kind: str, members: Members, out: TextIO, exit_code: int) -> None:
    common = {"format_version": FORMAT_VERSION, "kind": kind, "reconciler_version": __version__, "exit_code": exit_code}
    write_document({**common, **members}, out)


def _count(findings: Iterable[Finding], severity: Severity) -> int:
    return sum(finding.severity is severity for finding in findings)


def _validation(result: Validation) -> Members:
    return {
        "valid": result.valid,
        "error_count": _count(result.findings, Severity.ERROR),
        "warning_count": _count(result.findings, Severity.WARNING),
        "info_count": _count(result.findings, Severity.INFO),
        "waived_count": sum(finding.waived is not None for finding in result.findings),
        "files": result.files,
        "organizations": result.organizations,
        "grants": result.grants,
        "diagnostics": map(finding_document, result.findings),
    }


def _application(result: Application) -> Members:
    return {
        "operation": result.operation,
        "plan_hash": result.plan_hash,
        "run": result.run,
        "repeated": result.repeated,
        "target": result.target,
        "outcomes": (
            {
                "address": outcome.address,
                "actions": [outcome.action.value],
                "reason": outcome.reason.value,
                "status": outcome.status.value,
                "detail": outcome.detail,
                "at": format_instant(outcome.at),
                **({} if outcome.lateness_seconds is None else {"lateness_seconds": outcome.lateness_seconds}),
            }
            for outcome in result.outcomes()
        ),
        "manual_steps": map(open_step_document, result.open_steps()),
        "summary": {
            "create": result.counts.create,
            "update": result.counts.update,
            "delete": result.counts.delete,
            "expire": result.counts.expire,
            "manual": result.counts.manual,
            "failed": result.counts.failed,
            "skipped": result.counts.skipped,
        },
        "diagnostics": map(finding_document, (*result.failures, *result.findings)),
        "interrupted": result.interrupted,
    }


def _drift(result: Drift) -> Members:
    return {
        "in_sync": not result.unapplied,
        "complete": result.complete,
        "as_of": format_instant(result.as_of),
        "lineage": result.lineage,
        "organizations": result.organizations,
        "unapplied": map(_difference, result.unapplied),
        "out_of_band": [],
        "expected": map(_difference, result.expected),
        "unobserved": [],
        "manual_steps": map(open_step_document, result.open_steps),
        "diagnostics": map(finding_document, with_stateless(result.findings, result.lineage, result.location)),
    }


def _difference(difference: Difference) -> Document:
    return {
        "address": difference.address,
        "actions": [difference.action.value],
        "reason": difference.reason.value,
        "fields": list(difference.fields),
        "detail": difference.detail,
    }


def _state(result: StateOf) -> Members:
    stored = result.organization
    settings = {} if stored.settings is None else settings_document(stored.settings)
    people = stored.administrators
    grants = (stored.grants[name] for name in sorted(stored.grants))
    return {
        "lineage": result.lineage,
        "serial": result.serial,
        "organization": {"name": stored.name, **settings},
        "administrators": None if people is None else (administrator_document(people[key]) for key in sorted(people)),
        "grants": ({**grant_document(grant), "status": grant_status(grant, result.now).value} for grant in grants),
        "follow_ups": map(follow_up_document, result.follow_ups),
        "diagnostics": map(finding_document, result.findings),
    }


def _organizations(result: Organizations) -> Members:
    return {
        "lineage": result.lineage,
        "organizations": map(_stored_organization, result.organizations()),
        "diagnostics": map(finding_document, with_stateless(result.findings, result.lineage, result.location)),
    }


def _stored_organization(stored: StoredOrganization) -> Document:
    head = stored.head
    return {
        "name": head.name,
        "serial": head.serial,
        "digest": head.digest,
        "forgotten": head.digest is None,
        "next_end": None if head.next_end is None else format_instant(head.next_end),
        "type": stored.type,
        "display_name": stored.display_name,
        "administrators": stored.administrators,
        "grants": stored.grants,
        "follow_ups": len(head.follow_ups),
    }


def _history(result: History) -> Members:
    return {
        "lineage": result.lineage,
        "organization": result.organization,
        "head": result.head,
        "entries": map(_entry, result.entries()),
        "diagnostics": map(finding_document, with_stateless((), result.lineage, result.location)),
    }


def _entry(entry: Entry) -> Document:
    record = entry.record
    document: Document = {
        "seq": entry.seq,
        "run": record.run,
        "at": format_instant(record.at),
        "actor": record.actor,
        "operator": record.operator,
        "organization": entry.organization,
        "address": record.address,
        "kind": record.kind.value,
        "operation": record.operation,
        "reason": None if record.reason is None else record.reason.value,
        "before": record.before,
        "after": record.after,
        "detail": record.detail,
        "plan_hash": record.plan_hash,
        "serial": entry.serial,
        "digest": entry.digest,
        "previous": entry.previous,
        "hash": entry.hash,
        "version": record.version,
    }
    if record.kind is EntryKind.CHANGE and record.action is not None:
        document["actions"] = [record.action.value]
    return document


def _verification(result: Verification) -> Members:
    return {
        "intact": not result.problems,
        "lineage": result.lineage,
        "organizations": result.organizations,
        "entries": result.entries,
        "head": result.head,
        "problems": [{"organization": problem.organization, "seq": problem.seq, "message": problem.message} for problem in result.problems],
        "locks": [_lock(lock) for lock in result.locks],
        "diagnostics": map(finding_document, with_stateless((), result.lineage, result.location)),
    }


def _done(result: Attestation | GrantStep | Grants | Unlocked | Copied | Migrated | Scaffold) -> tuple[str, Members]:
    match result:
        case Attestation():
            return "attestation", {
                "run": result.run,
                "at": format_instant(result.at),
                "actor": result.actor,
                "note": result.note,
                "attested": map(follow_up_document, result.attested),
                "left": dict(result.left),
            }
        case GrantStep() | Grants():
            return grants_members(result)
        case Unlocked():
            return "unlock", {"lock": _lock(result.lock)}
        case Copied() | Migrated():
            return _moved(result)
        case Scaffold():
            return "init", {"folder": result.folder, "files": list(result.files)}


def _moved(result: Copied | Migrated) -> tuple[str, Members]:
    match result:
        case Copied():
            return "copy", {
                "source": result.source,
                "target": result.target,
                "lineage": result.lineage,
                "organizations": result.organizations,
                "entries": result.entries,
                "head": result.head,
            }
        case Migrated():
            return "migration", {"location": result.location, "before": result.before, "after": result.after}


def _lock(lock: LockInfo) -> Document:
    holder = lock.holder
    return {
        "id": lock.id,
        "organizations": list(lock.organizations),
        "operator": holder.operator,
        "host": holder.host,
        "pid": holder.pid,
        "operation": holder.operation,
        "version": holder.version,
        "since": format_instant(holder.since),
    }


def _failure(result: Failure) -> Members:
    return {
        "cancelled": result.cancelled,
        "diagnostics": map(finding_document, result.findings),
        "locks": [_lock(lock) for lock in result.locks],
    }
