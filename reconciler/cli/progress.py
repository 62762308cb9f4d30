"""Progress of long work: on a terminal only, on standard error only."""

from collections.abc import Iterable

import click

from reconciler.cli.terminal import shows_progress

_WORTH_SHOWING = 20
"""Fewer organizations are through before anybody could read about it."""


class Progress:
    """Counts organizations as they are done, in one line that is gone in the end."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and shows_progress()
        self._total = 0
        self._done = 0

    def expect(self, organizations: Iterable[object]) -> None:
        """Say which organizations there are; they are counted only when somebody looks."""
        self._done = 0
        self._total = sum(1 for _ in organizations) if self._shown else 0

    def step(self, organization: str) -> None:
        """Note that one organization is through."""
        self._done += 1
        if self._total >= _WORTH_SHOWING:
            click.echo(f"\r\x1b[Kapplying {self._done} of {self._total}: {organization}", err=True, nl=False)

    def end(self) -> None:
        """Take the line away: what follows is the report."""
        if self._total >= _WORTH_SHOWING and self._done:
            click.echo("\r\x1b[K", err=True, nl=False)
        self._total = 0
