"""`reconciler unlock`."""

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.progress import Progress


@click.command(short_help="Release a dead lock.")
@click.argument("lock_id", metavar="ID")
@common_options(reads=False)
@click.pass_obj
def unlock(process: Process, common: Common, lock_id: str) -> int:
    """Release the lock of a run that died on another host, by the id that the lock's message names. It is journalled.

    The lock of a process that is alive on this host is not released.

    \b
    Examples:
      reconciler unlock 3f2a9c51
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session

    session = Session(process, common)
    settings = session.run_settings("unlock", Progress(quiet=True))
    return session.report(pipeline.unlock(lock_id, session.request(), settings), exit_code=OK)
