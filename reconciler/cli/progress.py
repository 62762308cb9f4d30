"""Progress of long work: on a terminal only, on standard error only."""

import os
import sys

import click

_WORTH_SHOWING = 20
"""Fewer organizations are through before anybody could read about it."""


class Progress:
    """Counts organizations as they are done."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty() and os.environ.get("CI", "") in {"", "0", "false"}
        self._total = 0
        self._done = 0

    def expect(self, total: int) -> None:
        """Say how many organizations there are."""
        self._total = total

    def step(self, organization: str) -> None:
        """Note that one organization is through."""
        self._done += 1
        if self._shown and self._total >= _WORTH_SHOWING:
            click.echo(f"\r\x1b[Kapplying {self._done} of {self._total}: {organization}", err=True, nl=self._done == self._total)
