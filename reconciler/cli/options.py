"""The options that every command has, and what they come to together with the environment and `reconciler.yaml`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import click

from reconciler.cli.types import Duration, Email, Instant, Label

DEFAULT_STATE = "sqlite:///.reconciler/state.db"
DEFAULT_LOCK_TIMEOUT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The common options as given; None means that the command line and the environment say nothing."""

    config: str | None
    state: str | None
    organizations: tuple[str, ...]
    labels: Mapping[str, str]
    actor: str | None
    format: str | None
    output: str | None
    lock_timeout: timedelta | None
    no_color: bool
    quiet: int
    verbose: int
    now: datetime | None


_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option("--config", metavar="FILE", envvar="RECONCILER_CONFIG", help="Settings; default reconciler.yaml here."),
    click.option("--state", metavar="URL", envvar="RECONCILER_STATE", help=f"The stored state; default {DEFAULT_STATE}."),
    click.option(
        "--org", "organizations", metavar="NAME", multiple=True, envvar="RECONCILER_ORG", help="Only this organization; repeatable."
    ),
    click.option("-l", "--selector", "labels", type=Label(), multiple=True, help="Only organizations with this label; repeatable."),
    click.option("--actor", type=Email(), envvar="RECONCILER_ACTOR", help="Who answers for the change."),
    click.option("--output", metavar="FILE", envvar="RECONCILER_OUTPUT", help="Write the report to a file instead of standard output."),
    click.option(
        "--lock-timeout", type=Duration(), envvar="RECONCILER_LOCK_TIMEOUT", help="How long to wait for another run's lock; default 30s."
    ),
    click.option("--no-color", is_flag=True, envvar="RECONCILER_NO_COLOR", help="No colors; NO_COLOR does the same."),
    click.option("-q", "--quiet", count=True, help="Say less on standard error; repeatable."),
    click.option("-v", "--verbose", count=True, help="Say more on standard error; repeatable."),
)


def common_options(*, formats: tuple[str, ...], reads: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the common options to a command; its function receives them as one `Common`.

    Args:
        formats: the names that `--format` takes here, the default first.
        reads: whether the command only reads, and therefore takes `--now`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(**options: Any) -> Any:
            given = {name: options.pop(name) for name in Common.__dataclass_fields__ if name in options}
            given["labels"] = dict(given["labels"])
            given.setdefault("now", None)
            return function(Common(**given), **options)

        decorated: Callable[..., Any] = call
        if reads:
            decorated = click.option(
                "--now", type=Instant(), envvar="RECONCILER_NOW", help="Take this instant for the present, such as 2026-11-20T09:00:00Z."
            )(decorated)
        for option in reversed(_OPTIONS):
            decorated = option(decorated)
        return click.option(
            "--format", type=click.Choice(formats), envvar="RECONCILER_FORMAT", help=f"How the report is written; default {formats[0]}."
        )(decorated)

    return decorate
