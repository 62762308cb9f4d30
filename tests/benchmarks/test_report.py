"""The page about performance says what was measured."""

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.report import PAGE, RESULTS, Results


def results(costs: dict[tuple[str, int], list[float]]) -> Results:
    rows = [{"case": case, "size": size, "cpu": cpu} for (case, size), cpu in costs.items()]
    return Results({"sizes": [100, 1000, 10000], "costs": rows})


def test_the_page_and_the_plot_show_the_results() -> None:
    assert report.check(RESULTS, PAGE) == 0


@pytest.mark.parametrize("name", ["performance.md", "performance.svg"])
def test_a_page_or_a_plot_that_says_something_else_is_found(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (PAGE, PAGE.with_suffix(".svg")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert report.check(RESULTS, tmp_path / PAGE.name) == 0
    wrong = (tmp_path / name).read_text(encoding="utf-8").replace("| 1 |", "| 2 |").replace("sha256:", "sha256:0")
    (tmp_path / name).write_text(wrong, encoding="utf-8")
    assert report.check(RESULTS, tmp_path / PAGE.name) == 1
    assert "--report-only" in capsys.readouterr().err


@pytest.mark.parametrize("exponent", [1, 2])
def test_growth_is_the_exponent_of_what_is_beyond_one_organization(exponent: int) -> None:
    costs = {("validate", size): [0.3 + 0.001 * size**exponent] for size in (100, 1000, 10000)}
    assert results({("validate", 1): [0.3], **costs}).growth("validate") == pytest.approx(exponent)


def test_there_is_no_growth_where_noise_is_larger_than_the_cost() -> None:
    costs = {("validate", 1): [0.3], ("validate", 100): [0.29], ("validate", 1000): [0.6], ("validate", 10000): [6.0]}
    assert results(costs).growth("validate") is None


def test_growth_of_a_peer_is_that_of_the_whole_process() -> None:
    costs = {("octoDNS plan", size): [0.2 * size**1.5] for size in (10, 100)}
    assert results(costs).growth("octoDNS plan") == pytest.approx(1.5)
    assert results({}).growth("octoDNS plan") is None


def test_a_ratio_is_taken_within_each_round() -> None:
    assert report.ratio([1, 20, 3], [2, 40, 30]) == 0.5
    assert report.ratio([1], []) is None


@pytest.mark.parametrize(
    ("value", "limit", "verdict"),
    [
        (1.0, "≤ 1", "reached"),
        (1.01, "≤ 1", "**missed**"),
        (1.0, "≥ 1", "reached"),
        (0.99, "≥ 1", "**missed**"),
        (None, "≤ 1", "no figure"),
        (-5.0, "≤ 1", "no figure"),
    ],
)
def test_a_goal_is_reached_when_its_figure_is_within_its_limit(value: float | None, limit: str, verdict: str) -> None:
    assert report.row(1, "x", value, limit).endswith(f"| {verdict} |")
