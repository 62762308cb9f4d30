"""`reconciler state`."""

import click

from reconciler.cli.commands.apply import exit_code_of
from reconciler.cli.exits import REFUSED
from reconciler.cli.options import Common, common_options
from reconciler.cli.progress import Progress
from reconciler.cli.session import Process, Session
from reconciler.model.results import Application, FleetPlan
from reconciler.reports import formats_of

FORMATS = formats_of(Application)


@click.group(short_help="Work on the stored state itself.")
def state() -> None:
    """Work on the stored state itself."""


@state.command(short_help="Stop managing an organization.")
@click.argument("organization", metavar="ORG")
@common_options(formats=FORMATS, reads=False)
@click.pass_obj
def forget(process: Process, common: Common, organization: str) -> int:
    """Stop managing an organization: its record is removed, its journal stays, nobody's access changes at a target.

    \b
    Examples:
      reconciler state forget acme-health
    """
    from reconciler import pipeline

    session = Session(process, common, formats=FORMATS)
    settings = session.run_settings("forget", Progress(quiet=True))
    answer = pipeline.forget(organization, session.request(), settings)
    return session.report(answer, exit_code=REFUSED if isinstance(answer, FleetPlan) else exit_code_of(answer))
