"""Every n-th of the points of `make faults`: nothing is lost wherever a command that writes is killed, or its disk or server fails.

There are thousands of points; n is what their number and the time of the suite leave.
"""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import pytest

from tests import postgres
from tests.cli.running import environment
from tests.faults.engines import Engine, Site, Sqlite
from tests.faults.forked import Ended, Forks
from tests.faults.injecting import KILL, Point, name_of, watch
from tests.faults.judging import Verdict, command_of
from tests.faults.scenarios import SCENARIOS
from tests.faults.sweep import ENGINES, Case, scenarios_of

TRIED: Final = {"SQLite": 8, "PostgreSQL": 4}
"""So many points of each scenario are tried here."""

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture(scope="module")
def engine_of() -> Iterator[Callable[[str], Engine]]:
    """Have each engine once, when it is first asked for."""
    made: dict[str, Engine] = {}
    with ExitStack() as opened:

        def engine_of(name: str) -> Engine:
            if name not in made:
                made[name] = opened.enter_context(ENGINES[name]())
            return made[name]

        yield engine_of


@pytest.mark.parametrize(("engine", "name"), [(engine, scenario.name) for engine in ENGINES for scenario in scenarios_of(engine)])
def test_wherever_it_is_hit_nothing_is_lost_and_the_next_run_goes_on(engine: str, name: str, engine_of: Callable[[str], Engine]) -> None:
    if engine == "PostgreSQL" and postgres.installation() is None:
        pytest.skip(f"{postgres.PACKAGE} has no binaries for this platform")
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == name)
    with Case(scenario, engine_of(engine)) as case:
        # From the middle of the first part on: the first points of all are those of a run that has hardly begun.
        every = -(-len(case.points) // TRIED[engine])
        results = list(case.meet_all(case.points[every // 2 :: every]))
    assert [result for result in results if result.verdict is None and not result.missed] == []
    tried = [result for result in results if not result.missed]
    assert len(tried) >= len(results) * 3 // 4
    assert {result.verdict for result in tried} >= {Verdict.OLD}


# What judges has to see what it is there for.


class Damaging(Sqlite):
    """Does something to the state after every fault, as a product that loses things would."""

    def __init__(self, damage: Callable[[Site], object]) -> None:
        self._damage = damage

    def hit(self, forks: Forks, site: Site, arguments: tuple[str, ...], point: Point, log: Path) -> Ended:  # type: ignore[override]
        ended = super().hit(forks, site, arguments, point, log)
        self._damage(site)
        return ended


def path_of(site: Site) -> Path:
    return Path(site.url.removeprefix("sqlite:///"))


def execute(site: Site, statement: str) -> None:
    with closing(sqlite3.connect(path_of(site), isolation_level=None)) as raw:
        raw.execute(statement)


DAMAGES: dict[str, tuple[Callable[[Site], object], str]] = {
    "cut": (lambda site: path_of(site).write_bytes(path_of(site).read_bytes()[:-4096]), "truncated|verify ends with 1|damaged"),
    "document": (lambda site: execute(site, "UPDATE organizations SET body = replace(body, 'c.three', 'x.three')"), "verify ends with 1"),
    "journal": (lambda site: execute(site, "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)"), "verify ends with 1"),
    "entry": (lambda site: execute(site, "UPDATE journal SET detail = 'x' WHERE seq = 1"), "verify ends with 1"),
    "lost": (lambda site: path_of(site).unlink(), "neither old nor new|lineage|verify"),
    "stray": (lambda site: path_of(site).with_name("state.db.tmp").touch(), "left behind"),
    "lock": (
        lambda site: execute(
            site,
            "INSERT INTO locks (organization, id, operator, host, pid, process_started, operation, version, since) "
            "VALUES ('acme', 'x', 'a@b', 'elsewhere', 1, 1, 'apply', '1', '2026-01-01T00:00:00Z')",
        ),
        "the next run ends with 5",
    ),
}


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    """A change that is applied, on SQLite."""
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == "apply of a change")
    with Case(scenario, Sqlite()) as made:
        yield made


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_lost_is_found(case: Case, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    inflict, words = DAMAGES[damage]
    first = next(point for point in case.points if point.fault == KILL)
    monkeypatch.setattr(case, "engine", Damaging(inflict))
    with Forks() as forks:
        result = case.meet(first, forks)
    assert result.verdict is None
    assert not result.missed
    assert re.search(words, result.reason), result.reason


def test_a_fork_makes_the_calls_that_the_command_itself_makes(case: Case, tmp_path: Path) -> None:
    def about_the_state(calls: list[str], site: Site) -> list[str]:
        return [name_of(call) for call in calls if f"{site.folder}/state" in call]

    site, log = case.copy(), tmp_path / "log"
    with Forks() as forks:
        ended, calls = watch(forks, site.folder, command_of(case.scenario, site), log)
    other = case.copy()
    line = ["strace", "-f", "-y", "-o", str(log), sys.executable, "-B", "-m", "reconciler", *command_of(case.scenario, other)]
    subprocess.run(line, cwd=other.folder, env=environment(), capture_output=True, check=True, timeout=60)
    assert ended.code == 0
    assert about_the_state(calls, site) == about_the_state(log.read_text(errors="replace").splitlines(), other)


def test_a_point_that_no_call_comes_to_is_missed_and_not_passed(case: Case) -> None:
    with Forks() as forks:
        result = case.meet(Point(KILL, "pwrite64", 60_000), forks)
    assert (result.verdict, result.missed) == (None, True)
