"""Measuring stops when a command did not do what is measured."""

import sys
from pathlib import Path

import pytest

from benchmarks.cases import fleets, starting
from benchmarks.measure import BenchmarkError, Case, measure


def case(directory: Path, code: str, output: tuple[str, int]) -> Case:
    return Case(name="case", size=1, directory=directory, command=(sys.executable, "-c", code), output=output)


@pytest.mark.parametrize("output", [(r"^(\d+) added", 7), ("added", 2)])
def test_the_cost_of_a_process_is_its_time_and_its_memory(tmp_path: Path, output: tuple[str, int]) -> None:
    cost = measure(case(tmp_path, "x = bytearray(100_000_000); print('3 added\\n4 added')", output))
    assert cost.peak >= 100_000_000
    assert cost.wall > 0
    assert cost.cpu > 0


@pytest.mark.parametrize(
    ("code", "said"),
    [("print('6 added')", "came to 6 instead of 7"), ("print('7 added'); raise SystemExit(1)", "exit code 1"), ("", "came to 0")],
)
def test_a_command_that_failed_or_did_something_else_is_no_figure(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(BenchmarkError, match=said):
        measure(case(tmp_path, code, (r"^(\d+) added", 7)))


def test_every_command_does_what_is_measured(tmp_path: Path) -> None:
    for measured in (*fleets(tmp_path, 3), *starting(tmp_path)):
        assert measure(measured).cpu > 0
