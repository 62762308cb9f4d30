"""The one error boundary: whatever happens becomes one report and one exit code. Nothing below the command line ends the process."""

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import NoReturn, TextIO

import click

from reconciler.cli.exits import ERROR, INTERNAL, USAGE, code_of
from reconciler.cli.group import commands
from reconciler.cli.session import Process
from reconciler.cli.signals import Signals
from reconciler.cli.streams import OutputError, reconfigure, write_report
from reconciler.model.errors import DeclinedError, ReconcilerError
from reconciler.model.findings import Finding, Severity
from reconciler.model.results import Failure
from reconciler.reports import FORMATS, render


def entry() -> NoReturn:
    """Run the command line of this process and end it."""
    sys.exit(main(sys.argv[1:]))  # noqa: TID251 -- the one end of the process


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    reconfigure()
    signals = Signals()
    signals.install()
    process = Process(signals=signals, format=_wanted_format(arguments))
    try:
        return _run(arguments, process)
    except ReconcilerError as error:
        return _fail(process, error.findings, code_of(error), cancelled=isinstance(error, DeclinedError))
    except Exception:  # noqa: BLE001 -- the boundary: a bug is reported, never shown as a traceback
        return _crash(process)


def _run(arguments: Sequence[str], process: Process) -> int:
    try:
        code = commands.main(args=list(arguments), prog_name="reconciler", standalone_mode=False, obj=process)
    except click.UsageError as error:
        return _fail(process, [_usage(error)], USAGE)
    except click.ClickException as error:
        return _fail(process, [_finding("error", error.format_message())], ERROR)
    except click.Abort:
        return _fail(process, [_finding("declined", "nothing was applied: the question was not answered")], ERROR, cancelled=True)
    return code if isinstance(code, int) else 0


def _wanted_format(arguments: Sequence[str]) -> str:
    """The wanted format, as far as it can be told before the arguments are understood."""
    wanted = os.environ.get("RECONCILER_FORMAT", "")
    for position, argument in enumerate(arguments):
        if argument == "--format" and position + 1 < len(arguments):
            wanted = arguments[position + 1]
        elif argument.startswith("--format="):
            wanted = argument.removeprefix("--format=")
    return wanted if wanted in FORMATS else "text"


def _usage(error: click.UsageError) -> Finding:
    path = error.ctx.command_path if error.ctx is not None else "reconciler"
    return _finding("usage", error.format_message().rstrip("."), hint=f"{path} --help")


def _finding(rule: str, message: str, *, detail: str = "", hint: str | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message[:1].lower() + message[1:], detail=detail, hint=hint)


def _fail(process: Process, findings: Sequence[Finding], code: int, *, cancelled: bool = False) -> int:
    """Report a failure: as the one document on standard output where a machine reads, else on standard error."""
    failure = Failure(exit_code=code, findings=tuple(findings), cancelled=cancelled)

    def write(out: TextIO) -> None:
        render(failure, process.format, out, exit_code=code, style=process.style)

    if process.format == "text":
        write(sys.stderr)
        return code
    try:
        write_report(write, process.output)
    except OutputError:
        write(sys.stderr)
    return code


def _crash(process: Process) -> int:
    """Say in one line that this is our bug, and where the details are."""
    log = "(it could not be written)"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="reconciler-", suffix=".log", delete=False, encoding="utf-8") as file:
            file.write(traceback.format_exc())
            log = file.name
    except OSError:
        pass
    kind = sys.exc_info()[0]
    name = kind.__name__ if kind else "error"
    message = f"internal error ({name}); this is a bug in reconciler"
    finding = _finding("internal", message, detail=f"log: {log}", hint="report it with that log")
    return _fail(process, [finding], INTERNAL)
