"""`reconciler show`."""

from contextlib import closing, suppress

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import FORMATS, PLANS, Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.types import file_names
from reconciler.model.errors import StoreError, UsageError


@click.command(short_help="Show a saved plan, a stored organization, or the list of them.")
@click.argument("subject", required=False, metavar="[PLANFILE|ORG]", shell_complete=file_names)
@common_options(reads=True, formats=PLANS)
@click.pass_obj
def show(process: Process, common: Common, subject: str | None) -> int:
    """Show a saved plan (a file that ends in .json), one organization as stored, or the list of all stored organizations.

    \b
    Examples:
      reconciler show
      reconciler show acme-health
      reconciler show plan.json
      reconciler show plan.json --format gitlab-terraform --output tfplan.json
    """
    from reconciler import pipeline
    from reconciler.cli.plans import is_plan_file, read_plan_file
    from reconciler.cli.session import Session
    from reconciler.pipeline.missing import require_state
    from reconciler.stores import open_reader

    session = Session(process, common)
    if subject is not None and is_plan_file(subject):
        made = pipeline.load_plan(read_plan_file(subject), subject)
        # It is shown whatever has become of the state; with a state, what apply would object to is said.
        with suppress(StoreError), closing(open_reader(session.state)) as state:
            made = pipeline.show_plan(made, state, session.now(state))
        return session.report(made, exit_code=OK)
    if session.format not in FORMATS:
        raise UsageError(f"--format {session.format} is for saved plans", detail=f"of the stored state there is: {', '.join(FORMATS)}")
    with closing(open_reader(session.state)) as reader:
        require_state(session.request(), reader)
        if subject is None:
            return session.report(pipeline.show_organizations(reader, session.now(reader)), exit_code=OK)
        return session.report(pipeline.show_organization(subject, reader, session.now(reader)), exit_code=OK)
