"""`rules` and `explain`: what is checked, as configured here, without a manifest or a state."""

import re
import subprocess
import sys

from tests.cli.running import MANIFESTS, Place, environment

CONFIGURED = "policy: {severities: {few-full-administrators: error}}\n"


def test_the_rules_are_listed_as_configured(place: Place) -> None:
    place.write("reconciler.yaml", CONFIGURED)
    text = place.ok("rules")
    assert re.search(r"^  few-full-administrators +error \(warning\)  An organization has", text, re.MULTILINE)
    listed = {rule["id"]: rule for rule in place.json("rules").document["rules"]}
    one = listed["few-full-administrators"]
    assert (one["severity"], one["default_severity"], one["fixed"]) == ("error", "warning", False)
    assert listed["yaml-null"]["fixed"]
    assert [entry.name for entry in place.folder.iterdir()] == ["reconciler.yaml"]


def test_a_rule_and_a_statement_are_explained(place: Place) -> None:
    text = place.ok("explain", "exclusive-role")
    for said in ("policy.severities.exclusive-role", "https://help.webex.com/article/fs78p5", "Bad example:", "found at "):
        assert said in text
    assert place.json("explain", "exclusive-role").document["rule"]["statements"] == ["R050", "C25"]
    assert place.json("explain", "R050").document["statement"]["rules"] == ["exclusive-role"]
    place.ok("explain", "C12", "--output", "c12.txt")
    assert (place.folder / "c12.txt").read_text(encoding="utf-8").startswith("C12 (decided)\n")


def test_an_unknown_rule_is_wrong_usage_with_a_suggestion(place: Place) -> None:
    done = place.run("explain", "exclusive-rules")
    assert (done.code, done.out) == (64, "")
    assert "hint: reconciler explain exclusive-role\n" in done.failure
    assert place.json("explain", "exclusive-rules").document["diagnostics"][0]["rule_id"] == "usage"


def test_checks_do_not_read_what_stands_behind_the_rules(applied: Place) -> None:
    code = (
        "import sys; from reconciler.cli import main; from reconciler.catalog.statements import rulebook; "
        "main(sys.argv[1:]); print(rulebook.cache_info().currsize)"
    )
    for arguments, read in ((["validate", MANIFESTS], "0"), (["plan", MANIFESTS], "0"), (["rules"], "1")):
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, cwd=applied.folder, env=environment(), capture_output=True, encoding="utf-8", check=True)
        assert done.stdout.splitlines()[-1] == read
