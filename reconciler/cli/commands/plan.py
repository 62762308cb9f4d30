"""`reconciler plan`."""

from contextlib import closing
from typing import TYPE_CHECKING

import click

from reconciler.cli.exits import OK, PENDING, REFUSED
from reconciler.cli.options import PLANS, Common, base_option, common_options, recheck_option
from reconciler.cli.process import Process
from reconciler.cli.types import Removals, file_names
from reconciler.model.errors import UsageError

if TYPE_CHECKING:
    from reconciler.model.policy import Acknowledgements


def acknowledgements(allow_removals: tuple[tuple[str, int], ...], prune: tuple[str, ...]) -> "Acknowledgements":
    """Return what was typed for this one run.

    Raises:
        UsageError: one organization was given two numbers.
    """
    from reconciler.model.policy import Acknowledgements

    removals = dict(allow_removals)
    if len(removals) != len(allow_removals):
        raise UsageError("--allow-removals names one organization twice")
    return Acknowledgements(removals=removals, prune=frozenset(prune))


@click.command(short_help="Show what apply would do; never writes.")
@click.argument("paths", nargs=-1, metavar="PATH...", shell_complete=file_names)
@common_options(reads=True, formats=PLANS)
@click.option("--out", metavar="FILE.json", shell_complete=file_names, help="Save the plan, to be applied as it is.")
@click.option("--detailed-exitcode", is_flag=True, envvar="RECONCILER_DETAILED_EXITCODE", help="Exit 2 when there are changes.")
@click.option(
    "--access",
    type=click.Choice(["changes", "full"]),
    default="changes",
    help="Who gets which permission: in organizations that exist already (changes, the default) or in new ones as well (full).",
)
@base_option
@recheck_option
@click.option("--allow-empty", is_flag=True, help="Go on when there are no manifests at all.")
@click.option("--allow-removals", type=Removals(), multiple=True, help="Exactly N removals in ORG (or all) are meant; not saved.")
@click.option("--prune", metavar="ORG", multiple=True, help="Stop managing an organization that no manifest declares; repeatable.")
@click.pass_obj
def plan(
    process: Process,
    common: Common,
    paths: tuple[str, ...],
    *,
    out: str | None,
    detailed_exitcode: bool,
    access: str,
    base: str | None,
    recheck: bool,
    allow_empty: bool,
    allow_removals: tuple[tuple[str, int], ...],
    prune: tuple[str, ...],
) -> int:
    """Show what apply would change, against the stored state. PATH is a file, a directory, or - for standard input.

    \b
    Examples:
      reconciler plan organizations/
      reconciler plan organizations/ --out plan.json --detailed-exitcode
      reconciler plan organizations/ --base origin/main
      reconciler plan organizations/ --org acme-health --access full --format json
    """
    from pathlib import Path

    from reconciler import pipeline
    from reconciler.cli.plans import refuse_name
    from reconciler.cli.session import Session
    from reconciler.cli.streams import replace_file
    from reconciler.planning.codec import write_plan
    from reconciler.stores import open_reader

    session = Session(process, common)
    refuse_name(out)
    request = session.request(
        session.paths(paths),
        base=base,
        recheck=recheck,
        allow_empty=allow_empty,
        full_access=access == "full",
        acknowledged=acknowledgements(allow_removals, prune),
    )
    with closing(open_reader(session.state)) as reader:
        here = session.present(reader)
        made = pipeline.plan(request, reader, here.now, shown=here.shown)
    if out is not None:
        replace_file(Path(out), lambda stream: write_plan(made, stream, exit_code=None))
    pending = PENDING if detailed_exitcode and made.summary.changes else OK
    removals = [word for name, number in allow_removals for word in ("--allow-removals", f"{name}={number}")]
    if out is not None:
        perform = ("reconciler", "apply", out, *removals)
    else:
        pruned = [word for name in prune for word in ("--prune", name)]
        since = ["--base", base] if base is not None else []
        perform = session.performing(paths, *since, *(["--allow-empty"] if allow_empty else []), *pruned, *removals)
    return session.report(made, exit_code=REFUSED if made.refusals else pending, perform=perform, saved=out)
