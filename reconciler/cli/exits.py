"""Exit codes: the one table from what happened to a number. They are an interface; `docs/plan-and-apply.md` promises them."""

from typing import Final

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
