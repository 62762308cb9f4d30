"""`reconciler sweep`."""

from typing import TYPE_CHECKING

import click

from reconciler.cli.exits import ERROR, LOCKED, OK, PARTIAL, SIGNALLED
from reconciler.cli.options import RUNS, Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.progress import Progress
from reconciler.cli.types import file_names

if TYPE_CHECKING:
    from reconciler.model.results import Swept


@click.command(short_help="End access that is over.")
@common_options(reads=False, formats=RUNS)
@click.option(
    "--metrics",
    metavar="FILE",
    shell_complete=file_names,
    envvar="RECONCILER_METRICS",
    help="Write OpenMetrics text for monitoring to a file.",
)
@click.pass_obj
def sweep(process: Process, common: Common, metrics: str | None) -> int:
    """End access that is over, of grants and of administrators with expiresAt, and nothing else. It is meant to run every minute.

    It goes by the stored state alone and reads no manifests. Exits 0 when everything due was ended, however late, or nothing was due;
    6 when some of it was, 1 when none of it, 5 when only locks of other runs were in the way. What is left is tried first next time.

    \b
    Examples:
      reconciler sweep
      reconciler sweep --metrics /var/lib/node_exporter/reconciler.prom
    """
    import logging
    from pathlib import Path

    from reconciler import pipeline
    from reconciler.cli.session import Session
    from reconciler.cli.streams import OutputError, replace_file
    from reconciler.cli.writing import report_changes
    from reconciler.reports.metrics import write_metrics

    session = Session(process, common, early=False, judges=False)
    settings = session.run_settings("sweep", Progress(quiet=True))
    swept = pipeline.sweep(session.request(), settings)
    code = exit_code_of(swept)
    if metrics is not None:
        try:
            replace_file(Path(metrics), lambda out: write_metrics(swept, out))
        except OutputError as error:
            message = "%s; what was due was ended all the same"
            logging.getLogger("reconciler").error(message, error.message)  # noqa: TRY400 - it is told, not traced
            code = code or ERROR
    return report_changes(session, swept.application, exit_code=code)


def exit_code_of(swept: "Swept") -> int:
    """Return the exit code of a sweep."""
    if swept.application.interrupted is not None:
        return SIGNALLED + swept.application.interrupted
    if not swept.failed:
        return OK
    if swept.application.counts.expire:
        return PARTIAL
    return LOCKED if swept.only_locked else ERROR
