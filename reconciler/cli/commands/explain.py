"""`reconciler explain`."""

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process


@click.command(short_help="Explain a rule, with examples, or a statement behind rules.")
@click.argument("rule", metavar="RULE")
@common_options(reads=True)
@click.pass_obj
def explain(process: Process, common: Common, rule: str) -> int:
    """Explain a RULE: what it asks for and why, the texts behind it, how its severity is changed, a good and a bad example.

    Findings end with the id of their rule, in brackets. RULE may also be the id of a statement, such as R028, or of a decision where the
    texts leave a question open, such as C12: then the rules that keep it are shown. No manifest and no state is read.

    \b
    Examples:
      reconciler explain exclusive-role
      reconciler explain R028 --format json
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session

    session = Session(process, common)
    return session.report(pipeline.explain(rule, session.settings.policy), exit_code=OK)
