"""`reconciler apply`."""

from pathlib import Path

import click

from reconciler.cli.commands.plan import acknowledgements
from reconciler.cli.exits import ERROR, OK, PARTIAL, REFUSED, SIGNALLED
from reconciler.cli.options import Common, common_options
from reconciler.cli.progress import Progress
from reconciler.cli.session import Process, Session, is_interactive
from reconciler.cli.types import PlanHash, Removals
from reconciler.model.errors import DeclinedError, UnreadablePlanError, UsageError
from reconciler.model.results import Application, FleetPlan
from reconciler.reports import formats_of

FORMATS = formats_of(Application)


@click.command(short_help="Perform a plan.")
@click.argument("paths", nargs=-1, metavar="PATH...|PLANFILE")
@common_options(formats=FORMATS, reads=False)
@click.option("--auto-approve", is_flag=True, envvar="RECONCILER_AUTO_APPROVE", help="Do not ask.")
@click.option("--expect", type=PlanHash(), envvar="RECONCILER_EXPECT", help="Apply this exact plan and no other; this is the approval.")
@click.option("--allow-empty", is_flag=True, help="No manifests at all is meant.")
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
      reconciler apply plan.json
    """
    from reconciler import pipeline

    session = Session(process, common, formats=FORMATS)
    if any(path.endswith(".json") for path in paths):
        if len(paths) > 1:
            raise UsageError("a saved plan is applied alone", detail=f"given: {', '.join(paths)}")
        if session.limited or allow_empty or prune:
            raise UsageError("a saved plan is applied as it is", detail="--org, -l, --allow-empty and --prune belong to plan")
        return _apply_saved(session, paths[0], expect, allow_removals)
    if not (auto_approve or expect or is_interactive()):
        way_out = "--auto-approve, or --expect sha256:…"
        raise UsageError("there is no terminal to ask on", detail="an apply from manifests needs an approval", hint=way_out)
    request = session.request(session.paths(paths), allow_empty=allow_empty, acknowledged=acknowledgements(allow_removals, prune))
    progress = Progress(quiet=bool(common.quiet))
    shown: list[FleetPlan] = []

    def ask(made: FleetPlan) -> None:
        progress.expect(sum(1 for _ in made.plans()))
        if auto_approve or expect:
            shown[:] = [made]
            return
        session.show_before_asking(made)
        click.echo("\nApply these changes? Only yes is an answer to go on: ", err=True, nl=False)
        if input().strip() != "yes":
            raise DeclinedError("nothing was applied: the answer was not yes")

    approval = pipeline.Approval(expect=expect, ask=ask, again=auto_approve and expect is None)
    answer = pipeline.apply_paths(request, session.run_settings("apply", progress), approval)
    return _report(session, answer, *shown)


def _apply_saved(session: Session, path: str, expect: str | None, allow_removals: tuple[tuple[str, int], ...]) -> int:
    from reconciler import pipeline

    made = pipeline.load_plan(read_plan_file(path))
    progress = Progress(quiet=False)
    progress.expect(sum(1 for _ in made.plans()))
    request = session.request(acknowledged=acknowledgements(allow_removals, ()))
    return _report(session, pipeline.apply_saved(made, request, session.run_settings("apply", progress), expect=expect))


def read_plan_file(path: str) -> str:
    """Return the text of a plan file.

    Raises:
        UnreadablePlanError: it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UnreadablePlanError(f"{path} cannot be read", detail=str(error)) from error


def _report(session: Session, answer: Application | FleetPlan, *shown: FleetPlan) -> int:
    if isinstance(answer, FleetPlan):
        return session.report(answer, exit_code=REFUSED)
    return session.report(*shown, answer, exit_code=exit_code_of(answer))


def exit_code_of(answer: Application) -> int:
    """Return the exit code of what became of a plan."""
    counts = answer.counts
    committed = counts.create + counts.update + counts.delete + counts.expire
    if answer.interrupted is not None:
        return SIGNALLED + answer.interrupted
    if counts.failed or counts.skipped:
        return PARTIAL if committed else ERROR
    return OK
