"""`reconciler verify`."""

from contextlib import closing

import click

from reconciler.cli.exits import ERROR, OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process


@click.command(short_help="Check the journal and the stored state.")
@common_options(reads=True)
@click.pass_obj
def verify(process: Process, common: Common) -> int:
    """Check every entry of the journal and every stored document. Exits 0 when all is intact, 1 when it is not.

    Keep the printed head somewhere else: it is what shows a journal that was cut or written anew.

    \b
    Examples:
      reconciler verify
      reconciler verify --format json
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session
    from reconciler.pipeline.missing import require_state
    from reconciler.stores import open_reader

    session = Session(process, common)
    with closing(open_reader(session.state)) as reader:
        require_state(session.request(), reader)
        answer = pipeline.verify_journal(reader, session.progress.watch)
    return session.report(answer, exit_code=ERROR if answer.problems else OK)
