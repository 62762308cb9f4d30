"""`reconciler attest`."""

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.progress import Progress
from reconciler.cli.types import Line


@click.command(short_help="Record that a manual step was done.")
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@common_options(reads=False)
@click.option("--note", type=Line(), required=True, help="What was done, in one line; recorded in the journal.")
@click.pass_obj
def attest(process: Process, common: Common, addresses: tuple[str, ...], note: str) -> int:
    """Record that what apply left to people was done: the follow-ups at ADDRESS are open no longer. It is journalled.

    ADDRESS is ORG/administrator/EMAIL, ORG/organization, ORG/elevation-grant/NAME, as plan, drift and show print it, or ORG for all that
    is open in an organization.

    \b
    Examples:
      reconciler attest acme/administrator/bob@acme.example --note "signed in"
      reconciler attest acme --note "done, SR-4711" --actor alice@acme.example
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session

    session = Session(process, common)
    settings = session.run_settings("attest", Progress(quiet=True))
    return session.report(pipeline.attest(addresses, note, session.request(), settings), exit_code=OK)
