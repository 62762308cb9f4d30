"""What the writing commands share: the question before, and the report afterwards."""

import click

from reconciler.cli.exits import ERROR, OK, PARTIAL, REFUSED, SIGNALLED
from reconciler.cli.session import Session
from reconciler.cli.signals import Interruption
from reconciler.cli.streams import OutputError
from reconciler.model.errors import DeclinedError
from reconciler.model.results import Application, FleetPlan


def confirm(session: Session, made: FleetPlan) -> None:
    """Show a plan to the person at the terminal and ask.

    Raises:
        DeclinedError: the answer was not yes.
    """
    session.show_before_asking(made)
    try:
        click.echo("\nApply these changes? Type yes to apply, anything else to leave: ", err=True, nl=False)
        answer = input()
    except EOFError:
        click.echo(err=True)
        answer = ""
    except Interruption:
        click.echo(err=True)
        raise
    if answer.strip() != "yes":
        raise DeclinedError("nothing was applied: the answer was not yes")


def report_outcome(session: Session, answer: Application | FleetPlan, *shown: FleetPlan) -> int:
    """Report what became of a plan, or the plan itself when it was refused, and return the exit code.

    Raises:
        OutputError: the report cannot be written; it says what happened all the same.
    """
    if isinstance(answer, FleetPlan):
        return session.report(answer, exit_code=REFUSED)
    return report_changes(session, *shown, answer, exit_code=exit_code_of(answer))


def report_changes(session: Session, *results: FleetPlan | Application, exit_code: int) -> int:
    """Report what became of a plan, the last of *results*, and return *exit_code*.

    Raises:
        OutputError: the report cannot be written; it says what happened all the same.
    """
    answer = results[-1]
    try:
        return session.report(*results, exit_code=exit_code)
    except OutputError as error:
        if not isinstance(answer, Application) or answer.run is None:
            raise
        detail = f"the changes were made and recorded all the same, by run {answer.run}"
        raise type(error)(error.message, detail=detail, hint="reconciler history") from error


def exit_code_of(answer: Application) -> int:
    """Return the exit code of what became of a plan."""
    counts = answer.counts
    committed = counts.create + counts.update + counts.delete + counts.expire
    if answer.interrupted is not None:
        return SIGNALLED + answer.interrupted
    if counts.failed or counts.skipped:
        return PARTIAL if committed else ERROR
    return OK
