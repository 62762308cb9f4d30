"""Errors that stop a run. Each carries its kind; a table in `cli` maps the kind to an exit code.

Expected problems of the input are findings, not errors; an error may carry findings to show.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.findings import Finding
    from reconciler.model.protocols import LockInfo


class ReconcilerError(Exception):
    """The root of all expected failures; never raised itself.

    Attributes:
        rule: stable kebab-case id of the failure.
        message: one line for a person.
        detail: more, or empty.
        hint: the way out, or None.
        findings: what to show; by default one finding made of the above.
    """

    rule = "error"

    def __init__(self, message: str, *, detail: str = "", hint: str | None = None, findings: Sequence["Finding"] = ()) -> None:
        super().__init__(message)
        from reconciler.model.findings import Finding, Severity  # noqa: PLC0415 - the command line names errors; few runs have one

        self.message = message
        self.detail = detail
        self.hint = hint
        own = Finding(rule=self.rule, severity=Severity.ERROR, message=message, detail=detail, hint=hint)
        self.findings: tuple[Finding, ...] = tuple(findings) or (own,)


class UsageError(ReconcilerError):
    """The command line or `reconciler.yaml` asks for something that does not exist."""

    rule = "usage"


class ManifestError(ReconcilerError):
    """The manifests cannot be used: unreadable, empty, or invalid."""

    rule = "invalid-manifests"


class WorkerError(ReconcilerError):
    """A process that did a part of the work died."""

    rule = "worker-died"


class PlanError(ReconcilerError):
    """The root of what is wrong with a plan."""

    rule = "plan"


class UnreadablePlanError(PlanError):
    """The plan file cannot be read as a plan."""

    rule = "unreadable-plan"


class StalePlanError(PlanError):
    """The stored state moved since the plan was made, or is another one."""

    rule = "stale-plan"


class TamperedPlanError(PlanError):
    """The plan is not what it was when it was sealed, or not the one that was approved."""

    rule = "tampered-plan"


class ExpiredPlanError(PlanError):
    """Access named in the plan has started or ended since it was made."""

    rule = "expired-plan"


class RefusedError(PlanError):
    """A safety rail or policy refuses the change."""

    rule = "refused"


class StoreError(ReconcilerError):
    """The stored state cannot be used."""

    rule = "state"


class LockedError(StoreError):
    """Another run holds the lock of an organization.

    Attributes:
        locks: those that are in the way, as far as they are known.
    """

    rule = "state-locked"

    def __init__(self, message: str, *, detail: str = "", hint: str | None = None, locks: Sequence["LockInfo"] = ()) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.locks = tuple(locks)


class StateVersionError(StoreError):
    """The stored state was written by a newer version."""

    rule = "state-version"


class CorruptStateError(StoreError):
    """The stored state is damaged, or not ours."""

    rule = "state-corrupt"


class MissingStateError(StoreError):
    """There is no stored state where there must be one."""

    rule = "state-missing"


class NothingOpenError(StoreError):
    """No follow-up is open where one was to be attested."""

    rule = "nothing-open"


class StorageFaultError(StoreError):
    """The storage itself fails (full, read-only, unreadable): whatever is tried next would fail too."""

    rule = "state"


class FencedError(StoreError):
    """This writer lost its lock or its serial; nothing was written."""

    rule = "state-moved"


class TargetError(ReconcilerError):
    """The target did not do what was asked.

    Attributes:
        retryable: whether trying again may help.
    """

    rule = "target"

    def __init__(self, message: str, *, retryable: bool, detail: str = "", hint: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.retryable = retryable


class DeclinedError(ReconcilerError):
    """The person at the prompt said no."""

    rule = "declined"


class InterruptedRunError(ReconcilerError):
    """A signal asked the run to stop.

    Attributes:
        signal_number: 2 (SIGINT) or 15 (SIGTERM).
    """

    rule = "interrupted"

    def __init__(self, message: str, *, signal_number: int, detail: str = "", hint: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.signal_number = signal_number
