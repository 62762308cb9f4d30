"""Every input that ever crashed a target of `make fuzz` stays here, and crashes nothing any more."""

from pathlib import Path

from tools.fuzz_targets import TARGETS

CRASHES = Path(__file__).parent / "crashes"


def test_no_input_that_once_crashed_does_so_again() -> None:
    inputs = [path for path in sorted(CRASHES.rglob("*")) if path.is_file()]
    assert inputs
    for path in inputs:
        TARGETS[path.parent.name](path.read_bytes())
