"""Disables each rule in turn and runs the tests of the rules: a rule that nobody misses has no test.

    python -m tools.mutants [RULE...]

Exit code 1 when a rule can be disabled without any test noticing, or when the tests fail with all rules in place.
pytest loads this file as a plugin; the rule to disable stands in the environment.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from reconciler import rules
from reconciler.rules import registry

DISABLED = "RECONCILER_DISABLED_RULE"
TESTS = "tests/unit/rules"
LISTS = ("MANIFEST_RULES", "RULES", "CHANGE_RULES", "ACTOR_RULES", "STEP_RULES")


def pytest_configure() -> None:
    """Take the named rule's check away; the rule itself stays listed."""
    name = os.environ.get(DISABLED)
    for listed in LISTS if name else ():
        without = tuple(replace(rule, check=_nothing) if rule.id == name else rule for rule in getattr(registry, listed))
        for module in (registry, rules):
            setattr(module, listed, without)


def _nothing(*_: object) -> Iterator[object]:
    """Find nothing, as a rule that is not there."""
    yield from ()


def noticed(rule: str) -> bool:
    """Tell whether a test fails when *rule* is disabled; an empty name disables nothing."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tools.mutants", "-p", "no:cacheprovider", "-p", "no:xdist", TESTS]
    ran = subprocess.run(command, env=os.environ | {DISABLED: rule}, capture_output=True, text=True, check=False)  # noqa: S603 -- our own
    if ran.returncode not in {0, 1}:
        raise RuntimeError(f"pytest ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    return ran.returncode == 1


def main(wanted: list[str]) -> int:
    """Disable the *wanted* rules, or all of them, each in a run of its own; return the exit code."""
    every = [rule.id for rule in rules.every_rule()]
    strange = sorted(set(wanted) - set(every))
    if strange:
        print(f"no rule {', '.join(strange)}", file=sys.stderr)
        return 1
    if noticed(""):
        print(f"{TESTS} fails with all rules in place: nothing can be said about any of them", file=sys.stderr)
        return 1
    names = wanted or every
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = dict(zip(names, pool.map(noticed, names), strict=True))
    missed = [name for name, noticed_it in answers.items() if not noticed_it]
    for name in missed:
        print(f"{name}: no test notices when it is disabled", file=sys.stderr)
    print(f"{len(names) - len(missed)} of {len(names)} disabled rules were noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
