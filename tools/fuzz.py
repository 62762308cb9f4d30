"""Fuzzing guided by coverage: manifests, saved plans and state files, each for a while. Needs the extra `fuzz`.

    python -m tools.fuzz [--seconds N] [TARGET...]

Each target runs in a process of its own, from seeds made of the examples; what it learns stays in `.fuzz/corpus/TARGET`. An input that
raises what nobody expects is written to `.fuzz/crashes`, and the exit code is 1: put it into `tests/hostile/crashes/TARGET/`, where a test
reads every file, see it fail, and mend the cause.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / ".fuzz"
EXAMPLES: Final = ROOT / "examples"
LARGEST: Final = {"manifest": 1 << 16, "plan": 1 << 18, "state": 1 << 20}
"""Bytes of an input, by target; what is larger finds nothing more, and more slowly."""
MEGABYTES: Final = 2048
HANGS: Final = 20
"""Seconds after which an input counts as one that hangs."""


def plant(target: str, folder: Path) -> None:
    """Write the seeds of a target: the examples themselves, or what the product makes of them."""
    if target == "manifest":
        for number, path in enumerate(sorted(EXAMPLES.rglob("*.yaml"))):
            shutil.copyfile(path, folder / f"seed-{number}.yaml")
        return
    with tempfile.TemporaryDirectory() as work:
        for story in sorted(path for path in EXAMPLES.iterdir() if path.is_dir()):
            place = Path(work, story.name)
            place.mkdir()
            product = [sys.executable, "-m", "reconciler"]
            if target == "plan":
                _run([*product, "plan", str(story), "--out", "plan.json"], place)
                shutil.copyfile(place / "plan.json", folder / f"seed-{story.name}.json")
            else:
                _run([*product, "apply", str(story), "--auto-approve"], place)
                shutil.copyfile(place / ".reconciler" / "state.db", folder / f"seed-{story.name}.db")


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - the product, on the examples


def fuzz(target: str, seconds: int, corpus: Path, crashes: Path) -> None:
    """Feed *target* for so many seconds; ends the process, with another code than 0 when an input crashed it."""
    import atheris  # noqa: PLC0415 - an extra; planting seeds does without it

    # Only our own modules guide it: the libraries below are large, and not what is looked for. The parser in C cannot be seen into anyway.
    with atheris.instrument_imports(include=["reconciler"]):
        from tools import fuzz_targets  # noqa: PLC0415 - after the instrument, or it sees nothing

    options = {
        "max_total_time": seconds,
        "max_len": LARGEST[target],
        "timeout": HANGS,
        "rss_limit_mb": MEGABYTES,
        "artifact_prefix": f"{crashes}/{target}-",
        "print_final_stats": 1,
    }
    atheris.Setup([target, *(f"-{name}={value}" for name, value in options.items()), str(corpus)], fuzz_targets.TARGETS[target])
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Fuzz the named targets, or all, one after the other; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(LARGEST)}; all without any")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.targets) - set(LARGEST))
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(LARGEST)}")
    crashes = FOLDER / "crashes"
    crashes.mkdir(parents=True, exist_ok=True)
    failed = []
    for target in given.targets or LARGEST:
        corpus = FOLDER / "corpus" / target
        corpus.mkdir(parents=True, exist_ok=True)
        if given.inside:
            fuzz(target, given.seconds, corpus, crashes)
        plant(target, corpus)
        print(f"== {target}: {given.seconds} s", flush=True)
        command = [sys.executable, "-m", "tools.fuzz", "--inside", "--seconds", str(given.seconds), target]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:  # noqa: S603 - ourselves
            failed.append(target)
    if failed:
        where = "tests/hostile/crashes"
        print(f"\n{', '.join(failed)}: see above. Inputs are in {crashes}; copied to {where}/TARGET/ each is a test.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
