"""`reconciler state`."""

import click

from reconciler.cli.exits import OK
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


@state.command(short_help="Copy the stored state to another place.")
@click.argument("url", metavar="URL")
@common_options(reads=False)
@click.pass_obj
def copy(process: Process, common: Common, url: str) -> int:
    """Copy the stored state to another place, on the same engine or another one, where there must be none yet.

    The copy has the same lineage, serials and journal, and is verified before it becomes a state. The state that was copied stays as it
    is: name the new one in reconciler.yaml (or RECONCILER_STATE) for every run, and move the old one away.

    \b
    Examples:
      reconciler state copy postgresql://reconciler@db.example/reconciler
      reconciler state copy sqlite:///backup.db
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session

    session = Session(process, common, judges=False)
    return session.report(pipeline.copy_state(session.request(), url), exit_code=OK)


@state.command(short_help="Bring the layout of the stored state up to date.")
@click.option("--create", is_flag=True, help="Make a state where there is none.")
@common_options(reads=False)
@click.pass_obj
def migrate(process: Process, common: Common, *, create: bool) -> int:
    """Bring the layout of the stored state up to date, after a backup beside it; what is up to date stays as it is.

    A state in a file needs no such command: the first apply migrates it. In PostgreSQL the role that owns the tables runs it at every
    upgrade, and with --create once at the beginning, so that the role of apply and sweep needs no right to change tables.

    \b
    Examples:
      reconciler state migrate
      reconciler state migrate --create --state postgresql://owner@db/roles
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session

    session = Session(process, common, judges=False)
    return session.report(pipeline.migrate_state(session.request(), create=create), exit_code=OK)
