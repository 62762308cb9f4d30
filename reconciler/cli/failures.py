"""Failures: from whatever stopped a command to one report and one exit code."""

import platform
import sys
import tempfile
import traceback
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, TextIO

import click

from reconciler import __version__
from reconciler.cli.exits import ERROR, INTERNAL, USAGE, code_of
from reconciler.cli.process import Process
from reconciler.cli.streams import LostOutputError, OutputError, write_report
from reconciler.model.errors import DeclinedError, LockedError, ReconcilerError
from reconciler.model.findings import Finding, Severity
from reconciler.model.results import Failure
from reconciler.reports import Style, has_form, render

if TYPE_CHECKING:
    from reconciler.model.rulebook import RuleFacts

_ALIKE = 0.75
"""How much of a mistyped option must be right before another one is suggested."""


def report(error: Exception, process: Process) -> int:
    """Report *error* and return the exit code of the process."""
    failure = _failure(error)
    if isinstance(error, LostOutputError):
        _to_stderr(failure, process)
    else:
        _write(failure, process)
    if process.format == "github":
        _tell_runner(failure, process)
    return failure.exit_code


def _failure(error: Exception) -> Failure:
    match error:
        case ReconcilerError():
            return Failure(
                exit_code=code_of(error),
                findings=error.findings,
                cancelled=isinstance(error, DeclinedError),
                locks=tuple(error.locks) if isinstance(error, LockedError) else (),
            )
        case click.UsageError():
            return Failure(exit_code=USAGE, findings=(_usage(error),))
        case click.ClickException():
            return Failure(exit_code=ERROR, findings=(_finding("error", error.format_message()),))
        case click.Abort():
            message = "nothing was applied: the question was not answered"
            return Failure(exit_code=ERROR, findings=(_finding("declined", message),), cancelled=True)
        case _:
            return Failure(exit_code=INTERNAL, findings=(_internal(error),))


def _usage(error: click.UsageError) -> Finding:
    context = error.ctx
    path = context.command_path if context is not None else "reconciler"
    help_hint = f"{path} --help"
    if isinstance(error, click.NoSuchOption):
        return _unknown_option(error.option_name, context, help_hint)
    message = error.format_message().rstrip(".")
    if isinstance(error, click.BadParameter) and error.param is not None and isinstance(error.param.type, click.Choice):
        close = get_close_matches(error.message.partition("'")[2].partition("'")[0], map(str, error.param.type.choices), n=1)
        return _finding("usage", message, hint=f"{error.param.opts[0]} {close[0]}" if close else help_hint)
    if context is None or not isinstance(context.command, click.Group):
        return _finding("usage", message, hint=help_hint)
    names = context.command.list_commands(context)
    mistyped = getattr(error, "command_name", "")
    close = get_close_matches(mistyped, names, n=1) if mistyped else []
    return _finding("usage", message, detail=f"commands: {', '.join(names)}", hint=f"{path} {close[0]}" if close else help_hint)


def _unknown_option(name: str, context: click.Context | None, help_hint: str) -> Finding:
    message = f"no such option {name}"
    if context is None:
        return _finding("usage", message, hint=help_hint)
    if isinstance(context.command, click.Group):
        return _finding("usage", f"{message} before the command", detail="options follow the command they are for", hint=help_hint)
    options = [option for parameter in context.command.params for option in parameter.opts]
    close = get_close_matches(name, options, n=1, cutoff=_ALIKE)
    return _finding("usage", message, detail=f"see {help_hint}", hint=close[0] if close else None)


def _finding(rule: str, message: str, *, detail: str = "", hint: str | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message[:1].lower() + message[1:], detail=detail, hint=hint)


def _internal(error: Exception) -> Finding:
    """Say in one line that this is our bug, and where the details are."""
    log = "which could not be written"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="reconciler-", suffix=".log", delete=False, encoding="utf-8") as file:
            file.write(f"reconciler {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n")
            file.writelines(traceback.format_exception(error))
            log = file.name
    except OSError:
        pass
    return _finding("internal", f"internal error ({type(error).__name__}): a bug in reconciler; please report it with the log {log}")


def _write(failure: Failure, process: Process) -> None:
    """As the one document on standard output (or in the file) where the format has one for it, else in words on standard error."""
    if process.format != "text" and has_form(failure, process.format):
        for output in dict.fromkeys((process.output or "-", "-")):
            try:
                write_report(lambda out: _render(failure, process.format, process, out), output)
            except LostOutputError:
                break
            except OutputError:
                continue
            return
    _to_stderr(failure, process)


def _to_stderr(failure: Failure, process: Process) -> None:
    try:
        _render(failure, "json" if process.format == "json" else "text", process, sys.stderr)
        sys.stderr.flush()
    except OSError:
        pass  # nobody reads standard error either; the exit code still says it


def _render(failure: Failure, format_: str, process: Process, out: TextIO) -> None:
    render(failure, format_, out, exit_code=failure.exit_code, style=_style(process))


def _style(process: Process) -> Style:
    return Style(width=process.width, command=process.command, scope=process.scope, rules=_rules)


def _tell_runner(failure: Failure, process: Process) -> None:
    from reconciler.cli.runner import tell_runner  # noqa: PLC0415 - only in a job of GitHub Actions

    with suppress(OutputError):  # the failure has been told, and the exit code says it too
        tell_runner(failure, exit_code=failure.exit_code, style=_style(process))


def _rules() -> tuple["RuleFacts", ...]:
    """Return every rule as it is without a policy, which may be what failed."""
    from reconciler.model.policy import Policy  # noqa: PLC0415 - few failures are told with the rules behind them
    from reconciler.pipeline import rules  # noqa: PLC0415 - likewise

    return rules(Policy()).rules
