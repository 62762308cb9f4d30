"""`reconciler history`."""

from contextlib import closing

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process


@click.command(short_help="Show the journal: who changed what, when.")
@click.argument("organization", required=False, metavar="[ORG]")
@common_options(reads=True)
@click.pass_obj
def history(process: Process, common: Common, organization: str | None) -> int:
    """Show what was recorded about one organization, or about all.

    \b
    Examples:
      reconciler history acme-health
      reconciler history --format json
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session
    from reconciler.pipeline.missing import require_state
    from reconciler.stores import open_reader

    session = Session(process, common)
    with closing(open_reader(session.state)) as reader:
        require_state(session.request(), reader)
        return session.report(pipeline.history(organization, reader), exit_code=OK)
