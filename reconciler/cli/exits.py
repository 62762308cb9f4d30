"""Exit codes: the one table from what happened to a number. They are an interface; the tables in the documentation are made of it."""

from signal import SIGINT, SIGTERM
from typing import Final, NamedTuple

from reconciler.model.errors import (
    CorruptStateError,
    DeclinedError,
    ExpiredPlanError,
    InterruptedRunError,
    LockedError,
    ManifestError,
    ReconcilerError,
    RefusedError,
    StalePlanError,
    StoreError,
    TamperedPlanError,
    TargetError,
    UnreadablePlanError,
    UsageError,
)

OK: Final = 0
ERROR: Final = 1
PENDING: Final = 2
REFUSED: Final = 3
STALE: Final = 4
LOCKED: Final = 5
PARTIAL: Final = 6
USAGE: Final = 64
INTERNAL: Final = 70
SIGNALLED: Final = 128


class ExitCode(NamedTuple):
    """One line of the table: numbers, in two words for the help, and in a sentence."""

    numbers: tuple[int, ...]
    brief: str
    meaning: str


CODES: Final = (
    ExitCode((OK,), "ok", "done, or nothing to do; also `plan` with changes"),
    ExitCode(
        (ERROR,), "error", "an error: invalid manifests, unreadable files, a state that cannot be used, the question answered with no"
    ),
    ExitCode((PENDING,), "changes or drift", "changes are pending (`plan --detailed-exitcode`), or drift (`drift`)"),
    ExitCode((REFUSED,), "refused", "refused by a safety rail or by policy; also from `plan`"),
    ExitCode((STALE,), "stale plan", "the plan is stale, altered, unreadable or past its time"),
    ExitCode((LOCKED,), "locked", "another run holds a lock; from `sweep`, when nothing but locks was in the way"),
    ExitCode((PARTIAL,), "partly applied", "partly applied; from `sweep`, some of what was due could not be ended"),
    ExitCode((USAGE,), "usage", "wrong usage: an unknown option, a missing argument, a key of `reconciler.yaml` that does not exist"),
    ExitCode((INTERNAL,), "internal error", "an internal error; please report it"),
    ExitCode((SIGNALLED + SIGINT, SIGNALLED + SIGTERM), "interrupted", "interrupted by Ctrl-C, by SIGTERM"),
)
"""All of them, in their order."""

_BY_ERROR: Final[tuple[tuple[type[ReconcilerError], int], ...]] = (
    (UsageError, USAGE),
    (ManifestError, ERROR),
    (StalePlanError, STALE),
    (TamperedPlanError, STALE),
    (ExpiredPlanError, STALE),
    (UnreadablePlanError, STALE),
    (RefusedError, REFUSED),
    (LockedError, LOCKED),
    (CorruptStateError, ERROR),
    (StoreError, ERROR),
    (TargetError, ERROR),
    (DeclinedError, ERROR),
)


def code_of(error: ReconcilerError) -> int:
    """Return the exit code of a run that *error* stopped."""
    if isinstance(error, InterruptedRunError):
        return SIGNALLED + error.signal_number
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), ERROR)
