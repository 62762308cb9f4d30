"""What a command works with: options, environment and `reconciler.yaml` brought together, and the way to its report."""

import logging
import os
import shutil
import sys
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from reconciler import __version__
from reconciler.catalog import load
from reconciler.cli.clock import FixedClock, SystemClock, new_run_id, reading_clock
from reconciler.cli.configuration import Configuration, read_configuration
from reconciler.cli.options import DEFAULT_LOCK_TIMEOUT, DEFAULT_STATE, Common
from reconciler.cli.progress import Progress
from reconciler.cli.signals import Signals
from reconciler.cli.streams import write_report
from reconciler.model.errors import UsageError
from reconciler.model.policy import Acknowledgements
from reconciler.model.results import FleetPlan, Result
from reconciler.pipeline import Request, RunSettings
from reconciler.reports import Style, render
from reconciler.stores import here

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}


@dataclass(slots=True, kw_only=True)
class Process:
    """What the error boundary must know when a command fails: how and where to report. Filled in as soon as it is known."""

    signals: Signals
    format: str
    output: str | None = None
    style: Style = field(default_factory=Style)


class Session:
    """One command's surroundings."""

    def __init__(self, process: Process, common: Common, *, formats: tuple[str, ...]) -> None:
        """Bring options, environment and file together.

        Raises:
            UsageError: the file or the environment asks for something that does not exist.
        """
        self._process = process
        self._common = common
        process.output = common.output
        if common.format is not None:
            process.format = common.format
        self.settings: Configuration = read_configuration(common.config)
        self.format = common.format or self.settings.format or formats[0]
        if self.format not in formats:
            raise UsageError(f"format {self.format} is not available here", detail=f"one of: {', '.join(formats)}")
        self.style = Style(color=_color(common), width=_width())
        process.format, process.style = self.format, Style(width=self.style.width)
        _configure_log(common)

    @property
    def state(self) -> str:
        """The URL of the stored state."""
        return self._common.state or self.settings.state or DEFAULT_STATE

    @property
    def clock(self) -> SystemClock | FixedClock:
        """The clock of a command that only reads."""
        return reading_clock(self._common.now)

    def now(self) -> datetime:
        """Return the instant for which a reading command answers."""
        return self.clock.now()

    def paths(self, given: tuple[str, ...]) -> tuple[str, ...]:
        """Return the paths of manifests.

        Raises:
            UsageError: neither the command line nor `reconciler.yaml` names any.
        """
        paths = given or self.settings.paths
        if not paths:
            raise UsageError(
                "no manifests were named",
                detail="name files or directories, or - for standard input, or set paths in reconciler.yaml",
                hint=f"reconciler {self.command} organizations/",
            )
        return paths

    command = "plan"

    def request(self, paths: tuple[str, ...] = (), *, allow_empty: bool = False, acknowledged: Acknowledgements | None = None) -> Request:
        """Return what the use case is asked for."""
        return Request(
            catalog=load(),
            paths=paths,
            organizations=frozenset(self._common.organizations),
            labels=self._common.labels,
            allow_empty=allow_empty,
            policy=self.settings.policy,
            acknowledged=acknowledged or Acknowledgements(),
            state=self.state,
            must_exist=self.settings.must_exist,
            target=self.settings.target,
        )

    @property
    def limited(self) -> bool:
        """Whether `--org` or `-l` was given."""
        return bool(self._common.organizations or self._common.labels)

    def run_settings(self, operation: str, progress: Progress) -> RunSettings:
        """Return what a writing use case needs; from here on signals let it finish what is in flight."""
        clock = SystemClock()
        now = clock.now()
        self._process.signals.write_safely()
        return RunSettings(
            run=new_run_id(now),
            actor=self._common.actor,
            holder=here(operation, __version__, now),
            clock=clock,
            lock_timeout=self._common.lock_timeout or self.settings.lock_timeout or DEFAULT_LOCK_TIMEOUT,
            stopping=self._process.signals.asked,
            progress=progress.step,
        )

    def report(self, *results: Result, exit_code: int) -> int:
        """Write the report and return *exit_code*; in JSON, only the last of *results* is the document."""
        shown = results if self.format == "text" else results[-1:]

        def write(out: TextIO) -> None:
            for position, result in enumerate(shown):
                if position:
                    out.write("\n")
                render(result, self.format, out, exit_code=exit_code, style=replace(self.style, offers=len(shown) == 1))

        write_report(write, self._common.output)
        return exit_code

    def show_before_asking(self, plan: FleetPlan) -> None:
        """Show a plan to the person who is going to be asked, wherever the report itself goes."""
        out = sys.stdout if self.format == "text" and self._common.output in {None, "-"} else sys.stderr
        render(plan, "text", out, exit_code=0, style=replace(self.style, offers=False))
        out.flush()


def _color(common: Common) -> bool:
    if common.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return common.output in {None, "-"} and sys.stdout.isatty()


def _width() -> int:
    return shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120


def _configure_log(common: Common) -> None:
    named = os.environ.get("RECONCILER_LOG", "")
    if named and named not in _LEVELS:
        raise UsageError(f"RECONCILER_LOG={named} is no level", detail=f"one of: {', '.join(_LEVELS)}")
    level = _LEVELS.get(named, logging.WARNING) + 10 * (common.quiet - common.verbose)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger = logging.getLogger("reconciler")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(min(max(level, logging.DEBUG), logging.CRITICAL))


def is_interactive() -> bool:
    """Tell whether there is somebody to ask: a terminal on standard input, and no CI."""
    return sys.stdin is not None and sys.stdin.isatty() and os.environ.get("CI", "") in {"", "0", "false"}


def existing(path: str) -> Path:
    """Return *path* when it is a file.

    Raises:
        UsageError: it is not.
    """
    if not Path(path).is_file():
        raise UsageError(f"{path} is no file")
    return Path(path)
