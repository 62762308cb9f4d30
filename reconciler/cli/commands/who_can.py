"""`reconciler who-can`."""

from contextlib import closing
from datetime import datetime

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import SHEETS, Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.types import Instant


@click.command("who-can", short_help="Show who has a permission, over all organizations.")
@click.argument("permission", metavar="PERMISSION")
@click.option("--at", type=Instant(), help="Answer for this instant from the stored facts, such as 2026-11-20T09:00:00Z; default now.")
@common_options(reads=True, formats=SHEETS)
@click.pass_obj
def who_can(process: Process, common: Common, permission: str, at: datetime | None) -> int:
    """Show everybody who has a permission, in every stored organization or in those of --org and -l.

    People of whom it is not known are listed apart, never left out. --at leaves out what has ended by then and what has not yet begun.
    The formats are text, json and csv.

    \b
    Examples:
      reconciler who-can user-management
      reconciler who-can device-management --org acme-health --format csv
    """
    from reconciler import pipeline
    from reconciler.cli.notes import say_notes
    from reconciler.cli.session import Session
    from reconciler.pipeline.missing import require_state
    from reconciler.stores import open_facts

    session = Session(process, common)
    request = session.request()
    with closing(open_facts(session.state)) as facts:
        require_state(request, facts)
        found = pipeline.permission_holders(permission, facts, request, at or session.now(facts))
        say_notes(session, found)
        return session.report(found, exit_code=OK)
