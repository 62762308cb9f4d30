"""From `results.json` to the figures of `docs/performance.md`: every ratio is computed here, none is typed."""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from math import log
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, Final

from benchmarks.floors import COMMITS
from benchmarks.measure import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results.json"
PAGE: Final = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- Written by `python -m benchmarks` from here. Do not edit. -->\n", "<!-- To here. -->"
ONE: Final = ", one organization"
WORK: Final = ("validate", "first plan", "first apply", "warm plan", "warm plan, 1 % changed", "cold plan")
STATIC: Final = "Terraform plan, static"
PEERS: Final = {
    "octoDNS validate": ("validate",),
    "octoDNS plan": ("cold plan", "warm plan"),
    "octoDNS first apply": ("first apply",),
    STATIC: ("cold plan", "warm plan"),
    "Terraform plan, over YAML": ("cold plan", "warm plan"),
    "Terraform first apply, static": ("first apply",),
}
"""What each case of a peer is compared with."""

DRAWN: Final = ("CSafeLoader", "cold plan", "warm plan", "octoDNS plan", STATIC, "Terraform plan, over YAML")


class Results:
    """What was measured, by case and size."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.sizes: list[int] = document["sizes"]
        self.rows = {(row["case"], row["size"]): row for row in document["costs"]}

    def of(self, case: str, size: int, what: str = "cpu") -> list[float]:
        """Return what each run cost, in the order of the rounds; empty when the case was no figure at this size."""
        costs: list[float] = self.rows.get((case, size), {}).get(what, [])
        return costs

    def measured(self, case: str) -> list[int]:
        """Return the sizes at which *case* was measured."""
        return sorted(size for name, size in self.rows if name == case)

    def compared(self, peer: str) -> int:
        """Return the largest size of at most 1,000 organizations at which *peer* was measured; 0 where it was not."""
        return max((size for size in self.measured(peer) if size <= 1_000), default=0)

    def beyond_one(self, case: str, size: int, what: str = "cpu") -> list[float]:
        """Return what each run cost beyond the same command on one organization: without its start."""
        start = self.of(case.removesuffix(ONE), 1, what)
        return [cost - median(start) for cost in self.of(case, size, what)] if start else []

    def grown(self, case: str) -> list[int]:
        """Return the sizes over which the growth of *case* is taken; peers were not run on one organization, and have every size."""
        sizes = self.sizes if self.of(case.removesuffix(ONE), 1) else self.measured(case)
        return [size for size in sizes if self.of(case, size)]

    def growth(self, case: str) -> float | None:
        """Return the exponent with which the cost grows beyond that of one organization: least squares over the logarithms.

        None where it was measured at one size alone, or where what is beyond one organization is lost in the noise.
        """
        costs = [(size, median(self.beyond_one(case, size) or self.of(case, size))) for size in self.grown(case)]
        if len(costs) < 2 or min(cost for _, cost in costs) <= 0:
            return None
        return linear_regression([log(size) for size, _ in costs], [log(cost) for _, cost in costs]).slope


def ratio(costs: Sequence[float], others: Sequence[float]) -> float | None:
    """Return the median of the ratios within each round."""
    return median(cost / other for cost, other in zip(costs, others, strict=False)) if costs and others else None


def row(number: int, what: str, value: float | None, limit: str, unit: str = "×") -> str:
    """Return one row of the table of goals; *limit* is a sign and a number, such as `≤ 0.7`."""
    goal = f"{limit} {unit}".strip()
    if value is None or value <= 0:  # what two noisy figures differ by can be negative, and says nothing then
        return f"| {number} | {what} | {goal} | – | no figure |"
    sign, bound = limit.split()
    reached = value <= float(bound) if sign == "≤" else value >= float(bound)
    return f"| {number} | {what} | {goal} | {f'{_number(value)} {unit}'.strip()} | {'reached' if reached else '**missed**'} |"


def goals(results: Results) -> Iterator[str]:
    """Yield the row of every goal."""
    of, beyond = results.of, results.beyond_one
    below, top = results.sizes[-2:]
    loader, loading = of("CSafeLoader", top), "of `yaml.load(CSafeLoader)` for the same bytes"
    yield row(1, f"cold plan, one core, {loading}", ratio(of("cold plan, one core", top), loader), "≤ 0.7")
    on_the_clock = ratio(of("cold plan", top, "wall"), of("CSafeLoader", top, "wall"))
    yield row(1, f"cold plan, all cores, on the clock, {loading}", on_the_clock, "≤ 0.4")
    for case, limit in (("warm plan", "≤ 2"), ("warm plan, 1 % changed", "≤ 4")):
        value = ratio(beyond(case, top), beyond("read and hash", top))
        yield row(2, f"{case}, of reading and hashing the bytes, both beyond one organization", value, limit)
    peaks = {case: (max(of(case, below, "peak")), max(of(case, top, "peak"))) for case in WORK}
    worst = max(large / small for small, large in peaks.values())
    yield row(3, f"peak memory at {top:,} organizations, of that at {below:,}, worst command", worst, "≤ 1.3")
    yield row(3, f"peak memory at {top:,} organizations, worst command", max(large for _, large in peaks.values()) / 1e6, "≤ 150", "MB")
    yield row(4, "`--help`", median(of("--help", 0)), "≤ 0.15", "s")
    yield row(4, "`--help`, of a bare click group", ratio(of("--help", 0), of("bare click group", 0)), "≤ 1.5")
    yield row(4, "validate of one small organization", median(of("validate", 1)), "≤ 0.35", "s")
    yield row(5, f"first apply, {loading}", ratio(of("first apply", top), loader), "≤ 1.2")
    applying = zip(beyond("first apply", top, "wall"), beyond("first plan", top, "wall"), strict=True)
    disk = _number(1e3 * median(of("durable write", 0, "wall")) / COMMITS)
    what = f"durable commit of one organization: first apply less first plan, on the clock (a bare durable write takes this disk {disk} ms)"
    yield row(5, what, median(1e3 * (apply - plan) / top for apply, plan in applying), "≤ 1", "ms")
    for peer, case, limit in (
        ("octoDNS plan", "cold plan", "≥ 15"),
        ("octoDNS plan", "warm plan", "≥ 200"),
        (STATIC, "cold plan", "≥ 20"),
        ("Terraform plan, over YAML", "cold plan", "≥ 300"),
    ):
        size = results.compared(peer)
        yield row(6, f"{peer}, of our {case}{_at(size)}", ratio(of(peer, size), of(case, size)), limit)
    size = results.compared(STATIC)
    memory = ratio(of("cold plan", size, "peak"), of(STATIC, size, "peak"))
    yield row(6, f"memory of our cold plan, of {STATIC}{_at(size)}", memory, "≤ 0.05")
    yield row(7, "PostgreSQL: eight runners, of one", None, "≥ 4")
    yield row(8, f"who-can over {top:,} organizations", median(of("who-can", top)), "≤ 2", "s")
    yield row(8, f"access of one person in one of {top:,} organizations", median(of("access", top)), "≤ 0.3", "s")
    for case in ("validate", "first plan", "first apply"):
        for suffix, things in (("", "organizations"), (ONE, "administrators in one organization")):
            what = f"growth of {case} from {results.sizes[0]:,} to {top:,} {things}, exponent"
            yield row(9, what, results.growth(case + suffix), "≤ 1.05", "")


def generated(results: Results) -> str:
    """Return the generated part of the page."""
    machine, rounds = results.document["machine"], results.document["repeat"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    sizes = sorted({size for case, size in results.rows if case == "cold plan"})
    ours = [name for name in dict.fromkeys(case for case, _ in results.rows) if name not in PEERS and not name.endswith(ONE)]
    lines = [
        f"Measured on {machine['date']}: {machine['cores']} × {machine['processor']}, {machine['system']}; Python {machine['python']},",
        f"reconciler {machine['reconciler']}, {packages}; medians of {rounds} rounds.",
        "",
        "### Goals",
        "",
        "| | processor time, unless the clock is named | goal | measured | |",
        "|---|---|---|---|---|",
        *goals(results),
        "",
        "![Processor time against the number of organizations](performance.svg)",
        "",
        "### Every case",
        "",
        "Multiple of CSafeLoader on the same bytes · processor seconds (least–most) · peak memory.",
        "",
        *_table(results, [name for name in ours if results.of(name, 1)], sizes, "organization"),
        "",
        "One organization with many administrators:",
        "",
        *_table(results, [f"{name}{ONE}" for name in ("CSafeLoader", *WORK[:3])], results.sizes, "administrator"),
        "",
        "Start-up: " + "; ".join(f"{name} {_cost(results, name, 0)}" for name in ours if results.of(name, 0)) + ".",
        "",
        "### Peers",
        "",
        *_peers(results),
        "",
        "### Growth",
        "",
        "Exponent over the number of organizations; peers with their start-up, which makes it smaller.",
        "",
        "| | from | to | exponent |",
        "|---|---|---|---|",
        *_growth(results),
    ]
    return "\n".join(lines) + "\n"


def _table(results: Results, names: Sequence[str], sizes: Sequence[int], thing: str) -> Iterator[str]:
    yield f"| | {' | '.join(f'{size:,} {thing}' + 's' * (size > 1) for size in sizes)} |"
    yield f"|---|{'---|' * len(sizes)}"
    for name in names:
        loader = f"CSafeLoader{ONE if name.endswith(ONE) else ''}"
        cells = (f"**{_number(ratio(results.of(name, size), results.of(loader, size)))}** · {_cost(results, name, size)}" for size in sizes)
        yield f"| {name.removesuffix(ONE)} | {' | '.join(cells)} |"


def _peers(results: Results) -> Iterator[str]:
    absent = [peer for peer in ("octodns", "terraform") if peer not in results.document["peers"]]
    if absent:
        yield from (f"Not installed for this run: {', '.join(absent)}.", "")
    sizes = sorted({size for name in PEERS for size in results.measured(name)})
    if not sizes:
        return
    yield f"| | {' | '.join(f'{size:,} organizations' for size in sizes)} |"
    yield f"|---|{'---|' * len(sizes)}"
    for name, others in PEERS.items():
        cells = []
        for size in sizes:
            ratios = ", ".join(f"**{_number(ratio(results.of(name, size), results.of(other, size)))}** × {other}" for other in others)
            cells.append(f"{ratios} · {_cost(results, name, size)}" if results.of(name, size) else "–")
        yield f"| {name} | {' | '.join(cells)} |"


def _growth(results: Results) -> Iterator[str]:
    for name in ("read and hash", "CSafeLoader", *WORK, *PEERS):
        sizes = results.grown(name)
        if len(sizes) > 1:
            yield f"| {name} | {sizes[0]:,} | {sizes[-1]:,} | {_number(results.growth(name))} |"


def _cost(results: Results, case: str, size: int) -> str:
    cpu, peak = results.of(case, size), results.of(case, size, "peak")
    spread = f" ({_number(min(cpu))}–{_number(max(cpu))})" if len(cpu) > 1 else ""
    return f"{_number(median(cpu))} s{spread} · {max(peak) / 1e6:.0f} MB"


def _at(size: int) -> str:
    return f" at {size:,} organizations" if size else ""


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return (
        f"{value:,.0f}"
        if abs(value) >= 100
        else f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
        if abs(value) >= 0.1
        else f"{value:.3f}"
    )


def _series(results: Results) -> dict[str, list[tuple[int, float]]]:
    sizes = {name: [size for size in results.measured(name) if size > 1] for name in DRAWN}
    return {name: [(size, median(results.of(name, size))) for size in measured] for name, measured in sizes.items() if measured}


def dumped(document: dict[str, Any]) -> str:
    """Return the results as text with one case a line."""
    rows = ",\n".join(f"  {json.dumps(row)}" for row in document["costs"])
    head = json.dumps({**document, "costs": []}, indent=1)
    return head.removesuffix("[]\n}") + f"[\n{rows}\n ]\n}}\n"


def write(results: Path, page: Path) -> None:
    """Write the generated part of *page*, and the plot beside it where matplotlib is installed."""
    found = Results(json.loads(results.read_text(encoding="utf-8")))
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(before + BEGIN + generated(found) + END + rest.partition(END)[2], encoding="utf-8")
    try:
        from benchmarks.plot import draw  # noqa: PLC0415 -- an extra, and large: only after the last measurement
    except ImportError as error:
        print(f"no plot: {error}", file=sys.stderr)
        return
    series = _series(found)
    draw(series, page.with_suffix(".svg"), _mark(series))


def check(results: Path, page: Path) -> int:
    """Return 0 when *page* and its plot show what *results* say, else 1; matplotlib is not needed."""
    found = Results(json.loads(results.read_text(encoding="utf-8")))
    current = BEGIN + generated(found) + END in page.read_text(encoding="utf-8")
    drawn = _mark(_series(found)) in page.with_suffix(".svg").read_text(encoding="utf-8")
    if not (current and drawn):
        print(
            "docs/performance.md or its plot is not what benchmarks/results.json says: python -m benchmarks --report-only", file=sys.stderr
        )
    return 0 if current and drawn else 1


def _mark(series: dict[str, list[tuple[int, float]]]) -> str:
    """Return what the plot carries to tell which figures it shows."""
    return f"sha256:{hashlib.sha256(json.dumps(series).encode()).hexdigest()}"
