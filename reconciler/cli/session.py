"""What a command works with: options, environment and `reconciler.yaml` brought together, and the way to its report."""

import logging
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

import click

from reconciler import __version__
from reconciler.catalog import load
from reconciler.cli.clock import FixedClock, SystemClock, new_run_id, reading_clock
from reconciler.cli.configuration import Configuration, read_configuration
from reconciler.cli.options import DEFAULT_LOCK_TIMEOUT, DEFAULT_STATE, FORMATS, Common
from reconciler.cli.plans import refuse_plan_files
from reconciler.cli.process import Process
from reconciler.cli.progress import Progress
from reconciler.cli.streams import is_stdout, refuse_output, write_report
from reconciler.cli.terminal import draws, takes_color, width
from reconciler.model.errors import UsageError
from reconciler.model.policy import Acknowledgements
from reconciler.model.protocols import Facts, StateReader
from reconciler.model.results import FleetPlan, Result
from reconciler.pipeline.present import Present, present
from reconciler.pipeline.request import Request, RunSettings
from reconciler.reports import Style, render
from reconciler.reports.visible import visible

if TYPE_CHECKING:  # they take a while to make, and few formats have any
    from reconciler.model.rulebook import RuleFacts

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}


class Session:
    """One command's surroundings."""

    def __init__(self, process: Process, common: Common, *, early: bool = True, judges: bool = True) -> None:
        """Bring options, environment and file together.

        Args:
            process: learns how and where to report.
            common: the options.
            early: whether a report that could not be written is reason enough to do nothing at all.
            judges: whether the command asks any rule, and so needs the policy.

        Raises:
            UsageError: the file or the environment asks for something that does not exist.
            OutputError: the report could not be written where it is wanted.
        """
        self._process = process
        self._common = common
        process.output, process.width = common.output, width()
        process.command = click.get_current_context().info_name or ""
        process.scope = "/".join(sorted(common.organizations))
        if common.format is not None:
            process.format = common.format
        _configure_log(common)
        self.progress = Progress(quiet=self.quiet)
        self.settings: Configuration = read_configuration(common.config, judges=judges)
        self.format = process.format = common.format or self.settings.format or FORMATS[0]
        if early:
            refuse_output(common.output)

    @property
    def state(self) -> str:
        """The URL of the stored state."""
        return self._common.state or self.settings.state or DEFAULT_STATE

    @property
    def lock_timeout(self) -> timedelta:
        """How long to wait for somebody else's lock; no time at all is an answer too."""
        given = self._common.lock_timeout if self._common.lock_timeout is not None else self.settings.lock_timeout
        return DEFAULT_LOCK_TIMEOUT if given is None else given

    def given_now(self) -> datetime:
        """Return the instant for which a command answers that looks at no state."""
        return reading_clock(self._common.now).now()

    def present(self, reader: StateReader | Facts) -> Present:
        """Return the present for a command that only reads; an instant that was given is taken as it is."""
        clock = reading_clock(self._common.now)
        if isinstance(clock, FixedClock):
            return Present(now=clock.now(), shown=clock.now())
        return present(clock, reader)

    def now(self, reader: StateReader | Facts) -> datetime:
        """Return the instant for which a reading command answers."""
        return self.present(reader).now

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
                hint=f"{click.get_current_context().command_path} organizations/",
            )
        refuse_plan_files(paths)
        return paths

    def request(
        self,
        paths: tuple[str, ...] = (),
        *,
        base: str | None = None,
        allow_empty: bool = False,
        recheck: bool = False,
        full_access: bool = False,
        acknowledged: Acknowledgements | None = None,
    ) -> Request:
        """Return what the use case is asked for."""
        return Request(
            catalog=load(),
            paths=paths,
            organizations=frozenset(self._common.organizations),
            labels=self._common.labels,
            allow_empty=allow_empty,
            recheck=recheck,
            full_access=full_access,
            policy=self.settings.policy,
            acknowledged=acknowledged or Acknowledgements(),
            base=base,
            state=self.state,
            must_exist=self.settings.must_exist,
            target=self._common.target or self.settings.target,
            actor=self._common.actor,
            watch=self.progress.watch,
        )

    def performing(self, paths: tuple[str, ...], *acknowledged: str) -> tuple[str, ...]:
        """Return the words that perform what is planned now, without the approval; *acknowledged* is what was typed for this one run."""
        organizations = (word for name in self._common.organizations for word in ("--org", name))
        labels = (word for key, value in self._common.labels.items() for word in ("-l", f"{key}={value}"))
        return ("reconciler", "apply", *self.paths(paths), *organizations, *labels, *acknowledged)

    @property
    def quiet(self) -> bool:
        """Whether standard error is to say less."""
        return self._common.quiet > 0

    @property
    def limited(self) -> bool:
        """Whether `--org` or `-l` was given."""
        return bool(self._common.organizations or self._common.labels)

    def run_settings(self, operation: str, progress: Progress) -> RunSettings:
        """Return what a writing use case needs; once it asks whether to stop, signals let it finish what is in flight."""
        from reconciler.stores import here  # noqa: PLC0415 - only writing commands hold locks

        clock = SystemClock()
        now = clock.now()
        return RunSettings(
            run=new_run_id(now),
            holder=here(operation, __version__, now),
            clock=clock,
            lock_timeout=self.lock_timeout,
            stopping=self._process.signals.asked,
            progress=progress.step,
        )

    def report(
        self, *results: Result, exit_code: int, strict: bool = False, perform: tuple[str, ...] = (), saved: str | None = None
    ) -> int:
        """Write the report and return *exit_code*; but in text, only the last of *results* is the document.

        Args:
            results: the answer, in text behind what it is the answer to.
            exit_code: what the process is going to end with.
            strict: whether warnings count as failures.
            perform: the words that perform the plan that is reported.
            saved: the file that it was saved in.
        """
        shown = results if self.format == "text" else results[-1:]
        style = self._style(sys.stdout if is_stdout(self._common.output) else None, offers=len(shown) == 1)
        style = replace(style, strict=strict, perform=perform, saved=saved)

        def write(out: TextIO) -> None:
            for position, result in enumerate(shown):
                if position:
                    out.write("\n")
                render(result, self.format, out, exit_code=exit_code, style=style)

        write_report(write, self._common.output)
        if self.format == "github":
            from reconciler.cli.runner import tell_runner  # noqa: PLC0415 - only in a job of GitHub Actions

            tell_runner(results[-1], exit_code=exit_code, style=style)
        return exit_code

    def show_before_asking(self, plan: FleetPlan) -> None:
        """Show a plan to the person who is going to be asked, wherever the report itself goes."""
        if self.format == "text" and is_stdout(self._common.output):
            write_report(lambda out: render(plan, "text", out, exit_code=0, style=self._style(sys.stdout, offers=False)), None)
        else:
            render(plan, "text", sys.stderr, exit_code=0, style=self._style(sys.stderr, offers=False))
            sys.stderr.flush()

    def _style(self, stream: TextIO | None, *, offers: bool) -> Style:
        color = stream is not None and takes_color(stream, refused=self._common.no_color)
        bars = stream is not None and draws(stream)
        known = self._process
        style = Style(width=known.width, command=known.command, scope=known.scope, rules=self._rules)
        return replace(style, color=color, bars=bars, offers=offers)

    def _rules(self) -> tuple["RuleFacts", ...]:
        from reconciler.pipeline import rules  # noqa: PLC0415 - few formats describe the rules behind their findings

        return rules(self.settings.policy).rules


class _Line(logging.Formatter):
    """One line in the form that findings have; foreign text in it cannot become anything else."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {visible(record.getMessage())}"


def _configure_log(common: Common) -> None:
    named = os.environ.get("RECONCILER_LOG", "")
    if named and named not in _LEVELS:
        raise UsageError(f"RECONCILER_LOG={named} is no level", detail=f"one of: {', '.join(_LEVELS)}")
    level = _LEVELS.get(named, logging.WARNING) + 10 * (common.quiet - common.verbose)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    logger = logging.getLogger("reconciler")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(min(max(level, logging.DEBUG), logging.CRITICAL))
