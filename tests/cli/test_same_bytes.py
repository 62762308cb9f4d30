"""Same inputs, same instant: the same bytes, whatever the hash seed, the time zone and the locale."""

from pathlib import Path

import pytest

from tests.cli.running import MANIFESTS, NOW, TWO, Place

ONE = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "40"}
OTHER = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0", "COLUMNS": "200"}


@pytest.mark.parametrize("command", [["plan", MANIFESTS], ["validate", MANIFESTS], ["show", "globex"], ["history"]], ids=" ".join)
def test_a_report_has_the_same_bytes_everywhere(applied: Place, command: list[str]) -> None:
    people = [f"p{number}@é.example device-administrator" for number in range(9)] if command[0] == "validate" else []
    spec = "  displayName: Ünïcode\n  services: [events, calling]\n"
    applied.declare("acme", *TWO, *people, "d.four@x.example user-and-device-administrator", spec=spec)
    for format_ in ("text", "json"):
        first, second = (applied.run(*command, "--now", NOW, "--format", format_, env=env) for env in (ONE, OTHER))
        assert first == second
        assert first.out


def test_a_saved_plan_has_the_same_bytes_with_and_without_an_exit_code_and_from_any_order_of_paths(applied: Place) -> None:
    applied.declare("acme", *TWO)
    paths = [f"{MANIFESTS}/{name}.yaml" for name in ("acme", "globex", "initech")]
    applied.run("plan", *paths, "--now", NOW, "--out", "one.json", env=ONE)
    assert applied.run("plan", *reversed(paths), "--now", NOW, "--out", "other.json", "--detailed-exitcode", env=OTHER).code == 2
    assert Path(applied.folder, "one.json").read_bytes() == Path(applied.folder, "other.json").read_bytes()
    assert applied.run("plan", *paths, "--now", NOW, "--state", f"sqlite:///{applied.state}").out != ""
