"""`python -m benchmarks`: measure, write `results.json`, and the figures and the plot of `docs/performance.md`."""

import argparse
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.measure import ROOT
from benchmarks.peers import MODULES
from benchmarks.run import run


def main() -> int:
    """Return 0, or 1 when the page is not what the results say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 and 1,000 organizations, three rounds, peers at small sizes")
    parser.add_argument("--full", action="store_true", help="peers at sizes that take them ten minutes as well")
    parser.add_argument("--sizes", help="numbers of organizations, and of administrators in one; default 100,1000,10000")
    parser.add_argument("--repeat", type=int, help="rounds; default 5")
    parser.add_argument("--peers", default=",".join(MODULES), help="default octodns,terraform")
    parser.add_argument(
        "--out", type=Path, help="write results.json, performance.md and performance.svg here instead of into the repository"
    )
    parser.add_argument("--report-only", action="store_true", help="measure nothing; write the page and the plot again")
    parser.add_argument("--check", action="store_true", help="measure and write nothing; say whether the page and the plot are current")
    given = parser.parse_args()
    results, page = (given.out / "results.json", given.out / "performance.md") if given.out else (report.RESULTS, report.PAGE)
    if given.check:
        return report.check(results, page)
    if not given.report_only:
        sizes = [int(size) for size in (given.sizes or ("100,1000" if given.quick else "100,1000,10000")).split(",")]
        peers = [peer for peer in given.peers.split(",") if peer]
        measured = run(sizes, given.repeat or (3 if given.quick else 5), peers, quick=given.quick, full=given.full)
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(report.dumped(measured), encoding="utf-8")
    if given.out:
        page.write_text((ROOT / report.PAGE).read_text(encoding="utf-8"), encoding="utf-8")
    report.write(results, page)
    return 0


if __name__ == "__main__":
    sys.exit(main())  # noqa: TID251 -- a program of its own
