"""The present: what the machine's clock shows, and the instant by which a command decides."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.protocols import Clock, Facts, StateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The present of a command.

    Attributes:
        now: decided by, UTC.
        shown: by the clock; before `now` only when the clock is behind what is recorded.
    """

    now: datetime
    shown: datetime


def present(clock: Clock, reader: StateReader | Facts) -> Present:
    """Return the present by *clock*, but never before the highest instant on record: a clock that was set back lengthens no access."""
    shown, floor = clock.now(), reader.highest_instant()
    return Present(now=shown if floor is None else max(shown, floor), shown=shown)
