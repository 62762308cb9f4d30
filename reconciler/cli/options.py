"""The options that every command has, and what they come to together with the environment and `reconciler.yaml`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import click

from reconciler.cli.types import Duration, Email, Instant, Label, file_names
from reconciler.model.errors import UsageError

DEFAULT_STATE = "sqlite:///.reconciler/state.db"
DEFAULT_LOCK_TIMEOUT = timedelta(seconds=30)

FORMATS = ("text", "json")
"""The formats of reports, the default first; written down here because the reports themselves load slowly."""

SHEETS = (*FORMATS, "csv")
"""The formats of commands that also answer as a spreadsheet."""

RUNS = (*FORMATS, "markdown", "github")
"""The formats of `apply`, `sweep` and `drift`."""

VALIDATION = (*RUNS, "sarif", "junit", "gitlab-codequality")
PLANS = (*RUNS, "sarif", "gitlab-codequality", "gitlab-terraform")
"""The formats of `validate`, and of plans, fresh or saved."""

EVERY = tuple(dict.fromkeys((*SHEETS, *VALIDATION, *PLANS)))
"""All formats; a command has some of them."""

TARGETS = ("none",)
"""The targets there are, for the same reason."""


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
    target: str | None
    no_color: bool
    quiet: int
    verbose: int
    now: datetime | None


_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option(
        "--config",
        metavar="FILE",
        shell_complete=file_names,
        envvar="RECONCILER_CONFIG",
        help="The settings of the repository; default reconciler.yaml in the current directory.",
    ),
    click.option("--state", metavar="URL", envvar="RECONCILER_STATE", help=f"Where the stored state is; default {DEFAULT_STATE}."),
    click.option(
        "--org",
        "organizations",
        metavar="NAME",
        multiple=True,
        envvar="RECONCILER_ORG",
        help="Plan and apply only this organization; repeatable.",
    ),
    click.option(
        "-l",
        "--selector",
        "labels",
        type=Label(),
        multiple=True,
        help="Plan and apply only organizations with this label; of several, all must match.",
    ),
    click.option("--actor", type=Email(), envvar="RECONCILER_ACTOR", help="Who answers for the change; recorded in the journal."),
    click.option(
        "--output",
        metavar="FILE",
        shell_complete=file_names,
        envvar="RECONCILER_OUTPUT",
        help="Write the report to a file instead of standard output.",
    ),
    click.option(
        "--lock-timeout", type=Duration(), envvar="RECONCILER_LOCK_TIMEOUT", help="How long to wait for another run's lock; default 30s."
    ),
    click.option(
        "--target",
        type=click.Choice(TARGETS),
        envvar="RECONCILER_TARGET",
        help="The live side; none, the default: the stored state is the record.",
    ),
    click.option("--no-color", is_flag=True, envvar="RECONCILER_NO_COLOR", help="No colors; NO_COLOR does the same."),
    click.option("-q", "--quiet", count=True, help="Say less on standard error; repeatable."),
    click.option("-v", "--verbose", count=True, help="Say more on standard error; repeatable."),
)


def common_options(*, reads: bool, formats: tuple[str, ...] = FORMATS) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the common options to a command; its function receives them as one `Common`.

    Args:
        reads: whether the command only reads, and therefore takes `--now`.
        formats: the names that `--format` takes here, the default first.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(**options: Any) -> Any:
            given = {name: options.pop(name) for name in Common.__dataclass_fields__ if name in options}
            given["labels"] = _labels(given["labels"])
            given.setdefault("now", None)
            return function(Common(**given), **options)

        decorated: Callable[..., Any] = call
        if reads:
            decorated = click.option(
                "--now", type=Instant(), envvar="RECONCILER_NOW", help="Take this instant for the present, such as 2026-11-20T09:00:00Z."
            )(decorated)
        for option in reversed(_OPTIONS):
            decorated = option(decorated)
        # The names stand in the help, where they can be wrapped.
        said = f"How the report is written: {', '.join(formats)}; default {formats[0]}."
        return click.option("--format", type=click.Choice(formats), metavar="FORMAT", envvar="RECONCILER_FORMAT", help=said)(decorated)

    return decorate


def _labels(given: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    labels: dict[str, str] = {}
    for key, value in given:
        if labels.setdefault(key, value) != value:
            raise UsageError(f"-l {key}={labels[key]} and -l {key}={value}: no organization has both", hint="make two runs")
    return labels


recheck_option = click.option("--recheck", is_flag=True, help="Read and judge every manifest, also those that apply found in order.")

base_option = click.option(
    "--base",
    metavar="REV|DIR",
    help="Only what changed since then: since the git revision that HEAD and REV have in common, or since the manifests in DIR.",
)
