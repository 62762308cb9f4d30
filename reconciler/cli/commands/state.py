"""`reconciler state`."""

import click

from reconciler.cli.groups import Commands
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.progress import Progress


@click.group(cls=Commands, short_help="Work on the stored state itself.")
def state() -> None:
    """Work on the stored state itself."""


@state.command(short_help="Stop managing an organization.")
@click.argument("organization", metavar="ORG")
@common_options(reads=False)
@click.pass_obj
def forget(process: Process, common: Common, organization: str) -> int:
    """Stop managing an organization: its record is removed, its journal stays, nobody's access changes at a target.

    \b
    Examples:
      reconciler state forget acme-health
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session
    from reconciler.cli.writing import report_outcome

    session = Session(process, common)
    settings = session.run_settings("forget", Progress(quiet=True))
    answer = pipeline.forget(organization, session.request(), settings)
    return report_outcome(session, answer)
