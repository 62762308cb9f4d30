"""What the error boundary must know when a command fails: how and where to report."""

from dataclasses import dataclass

from reconciler.cli.signals import Signals


@dataclass(slots=True, kw_only=True)
class Process:
    """This process as far as it is known; a command fills in the rest as soon as it has understood its options.

    Attributes:
        format: of the report.
        output: the file the report goes to; None or `-` for standard output.
        width: columns of a text report.
        command: the name of the command, empty as long as it is not known.
        scope: the organizations that were asked for, empty for all of them.
    """

    signals: Signals
    format: str
    output: str | None = None
    width: int = 120
    command: str = ""
    scope: str = ""
