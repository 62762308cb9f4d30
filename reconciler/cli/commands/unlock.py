"""`reconciler unlock`."""

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.progress import Progress
from reconciler.cli.session import Process, Session
from reconciler.model.results import Unlocked
from reconciler.reports import formats_of

FORMATS = formats_of(Unlocked)


@click.command(short_help="Release a dead lock.")
@click.argument("lock_id", metavar="ID")
@common_options(formats=FORMATS, reads=False)
@click.pass_obj
def unlock(process: Process, common: Common, lock_id: str) -> int:
    """Release the lock of a run that died on another host, by the id that the lock's message names. It is journalled.

    The lock of a process that is alive on this host is not released.

    \b
    Examples:
      reconciler unlock 3f2a9c51
    """
    from reconciler import pipeline

    session = Session(process, common, formats=FORMATS)
    settings = session.run_settings("unlock", Progress(quiet=True))
    return session.report(pipeline.unlock(lock_id, session.request(), settings), exit_code=OK)
