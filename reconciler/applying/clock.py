"""The clock of a run: the machine's, with a floor under it.

A clock that was set back must not lengthen access, and the journal goes forward in time. What is recorded is therefore the least that any
instant of a run can be, and no instant of a run lies before an earlier one of the same run.
"""

from datetime import datetime

from reconciler.model.protocols import Clock


class FlooredClock:
    """Shows what another clock shows, but never less than its floor, and never less than it has shown before."""

    def __init__(self, clock: Clock, floor: datetime | None) -> None:
        self._clock = clock
        self._floor = floor

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        shown = self._clock.now()
        self._floor = shown if self._floor is None else max(shown, self._floor)
        return self._floor
