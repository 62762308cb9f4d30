"""`reconciler drift`."""

from contextlib import closing

import click

from reconciler.cli.commands.validate import FAIL_ON
from reconciler.cli.exits import OK, PENDING
from reconciler.cli.options import RUNS, Common, common_options, recheck_option
from reconciler.cli.process import Process
from reconciler.cli.types import file_names


@click.command(short_help="Show where the stored state differs from the manifests.")
@click.argument("paths", nargs=-1, metavar="PATH...", shell_complete=file_names)
@common_options(reads=True, formats=RUNS)
@click.option("--fail-on", type=FAIL_ON, envvar="RECONCILER_FAIL_ON", help="Exit 2 for warnings, or for what could not be observed, too.")
@recheck_option
@click.option("--allow-empty", is_flag=True, help="Go on when there are no manifests at all.")
@click.pass_obj
def drift(process: Process, common: Common, paths: tuple[str, ...], fail_on: str | None, *, recheck: bool, allow_empty: bool) -> int:
    """Compare the manifests with the stored state. Exits 2 when they differ.

    Access that has ended by itself is expected, and no drift.

    \b
    Examples:
      reconciler drift organizations/
      reconciler drift organizations/ --format json
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session
    from reconciler.model.findings import Severity
    from reconciler.stores import open_reader

    session = Session(process, common)
    request = session.request(session.paths(paths), recheck=recheck, allow_empty=allow_empty)
    with closing(open_reader(session.state)) as reader:
        answer = pipeline.drift(request, reader, session.now(reader))
    strict = (fail_on or session.settings.fail_on) == "warning"
    differs = answer.unapplied or (strict and any(finding.severity is Severity.WARNING for finding in answer.findings))
    return session.report(answer, exit_code=PENDING if differs else OK)
