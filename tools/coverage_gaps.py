"""Compare what the tests leave uncovered with `docs/coverage.md`, where each gap has its reason.

Run after `coverage combine`. A gap is a function, or the body of a module, with a line or a branch that no test takes.
It fails when a gap has no row there, and when a row names a function that does not exist. A row whose function is covered
this time is only noted: some branches depend on how processes happen to meet.
With `--rows` it prints the missing rows, ready to be given a reason.
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

Place = tuple[str, str]
"""A file and a function in it."""


def measured() -> dict[Place, str]:
    """Return every function with the lines and branches that are missing in it, empty when nothing is."""
    data = coverage.Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        report = Path(folder) / "coverage.json"
        data.json_report(outfile=str(report))
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    found = {}
    for path, file in files.items():
        for name, function in file["functions"].items():
            lines = [str(line) for line in function["missing_lines"]]
            branches = [f"{start}->{end}" for start, end in function.get("missing_branches", []) if str(end) not in lines]
            found[Path(path).as_posix(), name or "(module)"] = ", ".join([*lines, *branches])
    return found


def explained() -> set[Place]:
    """Return the place of every row of the page."""
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| \S", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {(path, name) for path, name in rows}


def compare(*, rows: bool) -> int:
    """Print the gaps without a reason, and what is wrong with the reasons; return the exit code."""
    functions, known = measured(), explained()
    gaps = {place: missing for place, missing in functions.items() if missing}
    unexplained = sorted(set(gaps) - known)
    unknown = sorted(known - set(functions))
    for path, name in unexplained:
        print(
            f"| `{path}` | `{name}` |  |" if rows else f"{path}: {name}: no test takes {gaps[path, name]}",
            file=sys.stdout if rows else sys.stderr,
        )
    for path, name in unknown:
        print(f"{PAGE.relative_to(ROOT)}: there is no {name} in {path}", file=sys.stderr)
    for path, name in sorted(known - set(gaps) - set(unknown)):
        print(f"{PAGE.relative_to(ROOT)}: {name} in {path} was covered this time", file=sys.stderr)
    print(f"{len(gaps)} functions with gaps, {len(unexplained)} without a reason in {PAGE.relative_to(ROOT)}.", file=sys.stderr)
    return int(bool(unexplained or unknown))


if __name__ == "__main__":
    raise SystemExit(compare(rows=sys.argv[1:] == ["--rows"]))
