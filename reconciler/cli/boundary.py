"""The one error boundary: whatever happens becomes one report and one exit code. Nothing below the command line ends the process."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from reconciler.cli.exits import code_of
from reconciler.cli.group import commands
from reconciler.cli.options import EVERY, FORMATS
from reconciler.cli.passwords import hide_passwords
from reconciler.cli.process import Process
from reconciler.cli.signals import Interruption, Signals
from reconciler.cli.standard import reconfigure, settle


def entry() -> NoReturn:
    """Run the command line of this process and end it."""
    # A command makes many objects and hardly a circle: looking for circles as often as a server does takes a tenth of its time.
    gc.set_threshold(100_000, 50, 50)
    code = main(hide_passwords())
    settle()
    sys.exit(code)  # noqa: TID251 -- the one end of the process


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    reconfigure()
    signals = Signals()
    signals.install()
    wanted = _given(arguments, "--format", "RECONCILER_FORMAT")
    output = _given(arguments, "--output", "RECONCILER_OUTPUT")
    process = Process(signals=signals, format=wanted if wanted in EVERY else FORMATS[0], output=output or None)
    try:
        return _run(arguments, process)
    except Interruption as interruption:  # while a failure was being reported
        return code_of(interruption.error)


def _run(arguments: Sequence[str], process: Process) -> int:
    try:
        code = commands.main(args=list(arguments), prog_name="reconciler", standalone_mode=False, obj=process)
    except Interruption as interruption:
        return _report(interruption.error, process)
    except Exception as error:  # noqa: BLE001 -- the boundary: a bug is reported, never shown as a traceback
        return _report(error, process)
    return code if isinstance(code, int) else 0


def _report(error: Exception, process: Process) -> int:
    from reconciler.cli.failures import report  # noqa: PLC0415 -- reports load slowly, and most commands do not fail

    return report(error, process)


def _given(arguments: Sequence[str], option: str, variable: str) -> str:
    """Return what was given for an option, as far as it can be told before the arguments are understood."""
    given = os.environ.get(variable, "")
    for position, argument in enumerate(arguments):
        if argument == option and position + 1 < len(arguments):
            given = arguments[position + 1]
        elif argument.startswith(f"{option}="):
            given = argument.removeprefix(f"{option}=")
    return given
