"""The sweep: every scenario is hit at every point, or at every n-th, and judged."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.faults.engines import Engine, Site, Sqlite
from tests.faults.forked import Forks
from tests.faults.injecting import MissedError, Point
from tests.faults.judging import Legal, LostError, Trial, Verdict, command_of, judge, look
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.server import Postgresql
from tests.postgres import running

_TRIES: Final = 3
"""A run that makes its calls in another order is run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one point: a verdict, or why there is none.

    Attributes:
        missed: nothing was tried, because the command went another way.
    """

    point: Point
    verdict: Verdict | None
    reason: str = ""
    missed: bool = False


class Case:
    """A scenario on an engine, prepared once, in a folder that goes with it.

    Attributes:
        points: every one at which it can be hit, found by watching it.
        legal: the states before and after.
    """

    def __init__(self, scenario: Scenario, engine: Engine) -> None:
        self.scenario, self.engine = scenario, engine
        self._folder = tempfile.TemporaryDirectory(prefix="faults-")
        self._numbers = count()
        prepared = self._new_folder()
        prepared.mkdir()
        self._prepared = engine.site(prepared)
        with Forks() as forks:
            scenario.prepare(self._prepared, forks)
            site = self.copy()
            old = look(site.url)
            ended, self.points = engine.points(forks, site, self._command(site), self._log())
            assert ended.code == 0, ended.out + ended.err
            new = look(site.url)
            assert new.organizations != old.organizations
            self.legal = Legal(old=old, new=new, names=frozenset(engine.stored(site)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._folder.cleanup()

    def _new_folder(self) -> Path:
        return Path(self._folder.name) / f"{next(self._numbers):05}"

    def _log(self) -> Path:
        return self._new_folder().with_suffix(".log")

    def copy(self) -> Site:
        """Return a place with the state before."""
        return self.engine.copy(self._prepared, self._new_folder())

    def _command(self, site: Site) -> tuple[str, ...]:
        return command_of(self.scenario, site)

    def meet(self, point: Point, forks: Forks) -> Result:
        """Hit one point and judge what it left."""
        missed = Result(point=point, verdict=None, missed=True)
        for _ in range(_TRIES):
            site, log = self.copy(), self._log()
            try:
                ended = self.engine.hit(forks, site, self._command(site), point, log)
                trial = Trial(scenario=self.scenario, engine=self.engine, site=site, legal=self.legal, forks=forks)
                verdict = judge(trial, point, ended)
            except MissedError as error:
                missed = replace(missed, reason=str(error))
            except Exception as error:  # noqa: BLE001 -- whatever goes wrong here is a finding about this point, and the sweep goes on
                kind = "" if isinstance(error, LostError) else f"{type(error).__name__}: "
                return Result(point=point, verdict=None, reason=f"{kind}{error}")
            else:
                return Result(point=point, verdict=verdict)
            finally:
                log.unlink(missing_ok=True)
                self.engine.remove(site)
        return missed

    def meet_all(self, points: Sequence[Point], processes: int = 1) -> Iterator[Result]:
        """Hit *points*, several at once, and yield what became of them; those last that disturb the others."""
        together = [point for point in points if point.fault not in self.engine.alone]
        parts = [together[start::processes] for start in range(processes)]

        def work(part: Sequence[Point]) -> list[Result]:
            with Forks() as forks:
                return [self.meet(point, forks) for point in part]

        with ThreadPoolExecutor(processes) as pool:
            for results in pool.map(work, parts):
                yield from results
        yield from work([point for point in points if point.fault in self.engine.alone])


@contextmanager
def _postgresql() -> Iterator[Engine]:
    # What a killed process has written, the system keeps; only a power cut would tell a disk that was not told to sync.
    with running("-c", "fsync=off") as server:
        yield Postgresql(server)


ENGINES: Final[Mapping[str, Callable[[], AbstractContextManager[Engine]]]] = {
    Sqlite.name: lambda: nullcontext(Sqlite()),
    Postgresql.name: _postgresql,
}
"""How to have each engine for a while. A new one is one more entry."""


def scenarios_of(engine: str) -> list[Scenario]:
    """Return the scenarios that make sense on an engine."""
    return [scenario for scenario in SCENARIOS if not scenario.engines or engine in scenario.engines]
