"""Clocks for tests: one that stands still until it is set, and one that is a step further at every look."""

from datetime import datetime, timedelta


class FixedClock:
    """Shows the same instant until somebody sets it."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    def advance(self, by: timedelta) -> None:
        self._now += by


class TickingClock:
    """Is *step* further at every look; the first look shows *start*."""

    def __init__(self, start: datetime, step: timedelta) -> None:
        self._next = start
        self._step = step

    def now(self) -> datetime:
        shown = self._next
        self._next += self._step
        return shown
