"""The one place that reads the machine's clock."""

import os
from datetime import UTC, datetime

from reconciler.model.errors import UsageError


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, UTC, in whole seconds: what is written down can be read back equal."""
        return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 -- the one place


class FixedClock:
    """An instant that was given."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """Return the given instant."""
        return self._instant


def reading_clock(given: datetime | None) -> SystemClock | FixedClock:
    """Return the clock of a command that only reads: `--now`, then SOURCE_DATE_EPOCH, then the machine's.

    Raises:
        UsageError: SOURCE_DATE_EPOCH is no number of seconds.
    """
    if given is not None:
        return FixedClock(given)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return SystemClock()
    try:
        return FixedClock(datetime.fromtimestamp(int(epoch), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH={epoch} is no number of seconds since 1970") from error


def new_run_id(now: datetime) -> str:
    """Return a name for a run that sorts by time and is unique over machines."""
    import secrets  # noqa: PLC0415 - it brings much along, and only writing commands have a name

    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
