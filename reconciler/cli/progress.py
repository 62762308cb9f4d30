"""Progress of long work: on a terminal only, on standard error only."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final, TypeVar

import click

from reconciler.cli.terminal import columns, shows_progress

_WORTH_SHOWING: Final = 20
"""Fewer organizations are through before anybody could read about it."""
_UPDATES: Final = 200
"""However much there is to do, the line is written about so many times."""

Item = TypeVar("Item")


class Progress:
    """Counts what is done, in one line that is gone in the end."""

    def __init__(self, *, quiet: bool, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._shown = not quiet and shows_progress()
        self._doing = ""
        self._total = 0
        self._done = 0
        self._began = 0.0

    def expect(self, organizations: Iterable[object]) -> None:
        """Say which organizations are going to be applied; they are counted only when somebody looks."""
        self._begin("applying", sum(1 for _ in organizations) if self._shown else 0)

    def step(self, organization: str = "") -> None:
        """Note that one is through."""
        self._done += 1
        if self._total < _WORTH_SHOWING or (self._done < self._total and self._done % max(1, self._total // _UPDATES)):
            return
        line = f"{self._doing} {self._done:,} of {max(self._total, self._done):,}{self._times()}"
        line = f"{line}: {organization}" if organization else line
        click.echo(f"\r\x1b[K{line[: columns() - 1]}", err=True, nl=False, color=True)

    def watch(self, doing: str, items: Iterable[Item], total: int, /) -> Iterable[Item]:
        """Count *items* as they go by, of which there are *total*; see `reconciler.model.protocols.Watch`."""
        return self._watched(doing, items, total) if self._shown else items

    def end(self) -> None:
        """Take the line away: what follows is the report."""
        if self._total >= _WORTH_SHOWING and self._done:
            click.echo("\r\x1b[K", err=True, nl=False, color=True)
        self._total = 0

    def _begin(self, doing: str, total: int) -> None:
        self._doing, self._total, self._done, self._began = doing, total, 0, self._seconds()

    def _watched(self, doing: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        self._begin(doing, total)
        try:
            for item in items:
                yield item
                self.step()
        finally:
            self.end()

    def _times(self) -> str:
        """Return how long it has taken and, by that, still takes; nothing within the first second."""
        from reconciler.model.instants import span_text  # noqa: PLC0415 - for long work

        elapsed = self._seconds() - self._began
        if elapsed < 1:
            return ""
        left = elapsed / self._done * max(self._total - self._done, 0)
        return f", {span_text(timedelta(seconds=elapsed))}, {span_text(timedelta(seconds=left))} left"
