"""`reconciler rules`."""

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process


@click.command(short_help="List every rule that is checked.")
@common_options(reads=True)
@click.pass_obj
def rules(process: Process, common: Common) -> int:
    """List every rule, with its severity as reconciler.yaml has it and the texts behind it.

    No manifest and no state is read.

    \b
    Examples:
      reconciler rules
      reconciler rules --format json
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session

    session = Session(process, common)
    return session.report(pipeline.rules(session.settings.policy), exit_code=OK)
