"""Compare what the tests leave uncovered with `docs/coverage.md`, where each gap has its reason.

Run after `coverage combine`. A gap is a function, or the body of a module, with a line or a branch that no test takes.
It fails when a gap has no row there, and when a row names something that is covered or does not exist.
"""

import io
import json
import re
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "coverage.md"


def gaps() -> dict[tuple[str, str], str]:
    """Return file and function of every gap, with the lines and branches that are missing."""
    measured = coverage.Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    found = {}
    for path, file in files.items():
        for name, function in file["functions"].items():
            lines = [str(line) for line in function["missing_lines"]]
            branches = [f"{start}->{end}" for start, end in function.get("missing_branches", []) if str(start) not in lines]
            if lines or branches:
                found[Path(path).as_posix(), name or "(module)"] = ", ".join([*lines, *branches])
    return found


def explained() -> set[tuple[str, str]]:
    """Return file and function of every row of the page."""
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {(path, name) for path, name in rows}


def compare() -> int:
    """Print the gaps without a reason and the reasons without a gap; return the exit code."""
    found, known = gaps(), explained()
    for path, name in sorted(set(found) - known):
        print(f"{path}: {name} is not covered: {found[path, name]}", file=sys.stderr)
    for path, name in sorted(known - set(found)):
        print(f"{PAGE.relative_to(ROOT)}: {path} {name} is covered, take the row out", file=sys.stderr)
    print(f"{len(found)} gaps, {len(set(found) & known)} with a reason")
    return int(set(found) != known)


if __name__ == "__main__":
    raise SystemExit(compare())
