"""`reconciler apply`."""

from typing import TYPE_CHECKING

import click

from reconciler.cli.commands.plan import acknowledgements
from reconciler.cli.options import RUNS, Common, base_option, common_options, recheck_option
from reconciler.cli.process import Process
from reconciler.cli.progress import Progress
from reconciler.cli.terminal import is_interactive
from reconciler.cli.types import PlanHash, Removals, file_names
from reconciler.model.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.model.results import FleetPlan


@click.command(short_help="Perform a plan.")
@click.argument("paths", nargs=-1, metavar="PATH...|PLANFILE", shell_complete=file_names)
@common_options(reads=False, formats=RUNS)
@click.option("--auto-approve", is_flag=True, envvar="RECONCILER_AUTO_APPROVE", help="Apply without asking.")
@click.option("--expect", type=PlanHash(), envvar="RECONCILER_EXPECT", help="Apply this exact plan and no other; this is the approval.")
@base_option
@recheck_option
@click.option("--allow-empty", is_flag=True, help="Go on when there are no manifests at all.")
@click.option("--allow-removals", type=Removals(), multiple=True, help="Exactly N removals in ORG (or all) are meant.")
@click.option("--prune", metavar="ORG", multiple=True, help="Stop managing an organization that no manifest declares; repeatable.")
@click.pass_obj
def apply(
    process: Process,
    common: Common,
    paths: tuple[str, ...],
    *,
    auto_approve: bool,
    expect: str | None,
    base: str | None,
    recheck: bool,
    allow_empty: bool,
    allow_removals: tuple[tuple[str, int], ...],
    prune: tuple[str, ...],
) -> int:
    """Bring the stored state to what the manifests declare, or perform a saved plan (a file that ends in .json).

    From manifests it shows the plan and asks; without a terminal it needs --auto-approve or --expect. A saved plan is its own approval.

    \b
    Examples:
      reconciler apply organizations/
      reconciler apply organizations/ --expect sha256:...
      reconciler apply organizations/ --base HEAD^ --expect sha256:...
      reconciler apply plan.json
    """
    from reconciler import pipeline
    from reconciler.cli.plans import is_plan_file
    from reconciler.cli.session import Session
    from reconciler.cli.writing import confirm, report_outcome

    session = Session(process, common)
    acknowledged = acknowledgements(allow_removals, prune)
    if any(map(is_plan_file, paths)):
        if len(paths) > 1:
            raise UsageError("a saved plan is applied alone", detail=f"given: {', '.join(paths)}")
        if session.limited or base is not None or recheck or allow_empty or prune:
            belong = "--org, -l, --base, --recheck, --allow-empty and --prune belong to plan"
            raise UsageError("a saved plan is applied as it is", detail=belong)
        return _apply_saved(session, paths[0], expect, allow_removals)
    approved = auto_approve or expect is not None
    if not (approved or is_interactive()):
        hint = "--auto-approve, or --expect sha256:… with the hash that plan printed"
        raise UsageError("apply from manifests asks before it changes anything, and there is no terminal to ask on", hint=hint)
    request = session.request(session.paths(paths), base=base, recheck=recheck, allow_empty=allow_empty, acknowledged=acknowledged)
    progress = Progress(quiet=bool(common.quiet))
    shown: list[FleetPlan] = []

    def ask(made: "FleetPlan") -> None:
        progress.expect(made.plans())
        if approved:
            shown[:] = [made]
        else:
            confirm(session, made)

    approval = pipeline.Approval(expect=expect, ask=ask, again=auto_approve and expect is None)
    try:
        answer = pipeline.apply_paths(request, session.run_settings("apply", progress), approval)
    finally:
        progress.end()
    return report_outcome(session, answer, *shown)


def _apply_saved(session: "Session", path: str, expect: str | None, allow_removals: tuple[tuple[str, int], ...]) -> int:
    from reconciler import pipeline
    from reconciler.cli.plans import read_plan_file
    from reconciler.cli.writing import report_outcome

    made = pipeline.load_plan(read_plan_file(path), path)
    progress = Progress(quiet=session.quiet)
    progress.expect(made.plans())
    request = session.request(acknowledged=acknowledgements(allow_removals, ()))
    try:
        answer = pipeline.apply_saved(made, request, session.run_settings("apply", progress), expect=expect)
    finally:
        progress.end()
    return report_outcome(session, answer)
