"""The formats for pull requests and pipelines, from real processes: who has which, what a failure is in each, and what is left in files."""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reconciler.cli.options import EVERY, PLANS, RUNS, VALIDATION
from tests.cli.running import MANIFESTS, NOW, TWO, Place
from tests.unit.reports.reading_markdown import read
from tests.unit.reports.reading_runner import commands, outputs

ELSEWHERE = "sqlite:///nowhere/state.db"
FOLDER = {"validate": VALIDATION, "plan": PLANS, "drift": RUNS}


@pytest.fixture
def broken(place: Place) -> Place:
    """A folder with one manifest that is in order and one that is not."""
    place.declare("acme", *TWO)
    place.declare("globex", *TWO, "c.three@globex.example support-administratr")
    return place


def runner(place: Place) -> dict[str, str]:
    """Return the environment of a step."""
    return {"GITHUB_STEP_SUMMARY": str(place.folder / "summary.md"), "GITHUB_OUTPUT": str(place.folder / "output.txt")}


def left(place: Place) -> tuple[str, dict[str, str]]:
    """Return what a step left: its summary, and its outputs."""
    return (place.folder / "summary.md").read_text(), outputs((place.folder / "output.txt").read_text())


def issues(text: str) -> list[Any]:
    found: list[Any] = json.loads(text)
    return found


@pytest.mark.parametrize("command", FOLDER)
def test_a_command_has_its_formats_and_no_others(place: Place, command: str) -> None:
    place.declare("acme", *TWO)
    for format_ in FOLDER[command]:
        done = place.run(command, MANIFESTS, "--format", format_, "--now", NOW)
        assert (done.code, done.err) == (2 if command == "drift" else 0, ""), format_
        assert done.out
    for format_ in set(EVERY) - set(FOLDER[command]):
        done = place.run(command, MANIFESTS, "--format", format_)
        assert done.code == 64, format_
        assert "is not one of" in done.out + done.err


def test_what_is_stored_has_no_form_for_reviews(applied: Place) -> None:
    for format_ in ("markdown", "sarif", "gitlab-terraform"):
        failure = applied.run("show", "acme", "--format", format_)
        assert failure.code == 64
        assert "is for saved plans" in failure.out + failure.err
    assert applied.run("show", "--format", "gitlab-codequality").failure.startswith("error: --format gitlab-codequality")


def test_a_saved_plan_is_shown_in_every_format_like_the_fresh_one(applied: Place) -> None:
    applied.declare("acme", *TWO, "new@x.example read-only-administrator")
    for format_ in ("markdown", "gitlab-terraform", "gitlab-codequality", "sarif"):
        fresh = applied.run("plan", MANIFESTS, "--out", "plan.json", "--format", format_, "--now", NOW)
        shown = applied.run("show", "plan.json", "--format", format_, "--now", NOW)
        assert (shown.code, shown.out) == (0, fresh.out), format_
    comment = applied.run("show", "plan.json", "--format", "markdown", "--now", NOW).out
    plan_hash = json.loads((applied.folder / "plan.json").read_text())["plan_hash"]
    assert f"reconciler apply plan.json --expect {plan_hash}" in read(comment)
    done = applied.run("apply", "plan.json", "--expect", plan_hash, "--format", "markdown")
    assert (done.code, "Apply: 1 added, " in done.out) == (0, True)
    read(done.out)


def test_the_command_in_a_comment_on_a_fresh_plan_performs_it(applied: Place) -> None:
    applied.declare("acme", *TWO, "new@x.example read-only-administrator")
    comment = applied.run("plan", MANIFESTS, "--org", "acme", "--format", "markdown").out
    assert comment.startswith("<!-- reconciler:plan v1 scope=acme hash=sha256:")
    (line,) = [line for line in read(comment) if line.startswith("reconciler apply")]
    done = applied.json(*line.split()[1:])
    assert (done.code, done.document["summary"]["create"]) == (0, 1)


def test_what_was_typed_for_this_one_run_is_in_the_command_that_performs_it(applied: Place) -> None:
    applied.declare("acme", *(f"p{number}@x.example" for number in range(12)))
    applied.apply()
    applied.declare("acme", *TWO)
    (applied.folder / MANIFESTS / "globex.yaml").unlink()

    def offered(*extra: str) -> str:
        typed = ["--allow-removals", "acme=12", "--prune", "globex", *extra]
        comment = applied.run("plan", MANIFESTS, *typed, "--format", "markdown").out
        (line,) = [line for line in read(comment) if line.startswith("reconciler apply")]
        return line

    assert " --prune globex --allow-removals acme=12 --expect sha256:" in offered()
    saved = offered("--out", "plan.json")
    assert saved.startswith("reconciler apply plan.json --allow-removals acme=12 --expect sha256:")
    done = applied.json(*saved.split()[1:])
    assert (done.code, done.document["summary"]["delete"]) == (0, 13)


def test_invalid_manifests_are_findings_in_every_format_that_has_findings(broken: Place) -> None:
    for command in ("validate", "plan"):
        sarif = broken.run(command, MANIFESTS, "--format", "sarif")
        (result,) = json.loads(sarif.out)["runs"][0]["results"]
        assert (sarif.code, sarif.err, result["ruleId"]) == (1, "", "schema-enum")
        quality = broken.run(command, MANIFESTS, "--format", "gitlab-codequality")
        assert [issue["location"]["path"] for issue in issues(quality.out)] == [f"{MANIFESTS}/globex.yaml"]
        comment = broken.run(command, MANIFESTS, "--format", "markdown")
        assert (comment.code, comment.err) == (1, "")
        assert comment.out.startswith(f"<!-- reconciler:{command} v1 scope=all truncated=false -->\n")
        assert "support-administratr" in " ".join(read(comment.out))
    junit = broken.run("validate", MANIFESTS, "--format", "junit")
    assert (junit.code, ET.fromstring(junit.out).get("failures")) == (1, "1")  # noqa: S314 -- our own text
    counts = broken.run("plan", MANIFESTS, "--format", "gitlab-terraform")
    assert (counts.code, "unknown role support-administratr" in counts.failure) == (1, True)


@pytest.mark.parametrize("format_", ["sarif", "gitlab-codequality", "gitlab-terraform"])
def test_a_failure_about_no_manifest_is_told_in_words_and_leaves_no_report(applied: Place, format_: str) -> None:
    applied.write("report", "old")
    applied.write("settings.yaml", f"state: {{url: '{ELSEWHERE}', mustExist: true}}\n")
    done = applied.run("plan", MANIFESTS, "--config", "settings.yaml", "--format", format_, "--output", "report")
    assert (done.code, (applied.folder / "report").read_text()) == (1, "old")
    assert "nowhere/state.db" in done.failure
    assert applied.run("plan", "--bogus", "--format", format_).failure.startswith("error: no such option --bogus")
    read(applied.run("plan", MANIFESTS, "--config", "settings.yaml", "--format", "markdown").out)


def test_warnings_fail_a_test_where_they_fail_the_command(place: Place) -> None:
    place.declare("acme", TWO[0])
    calm = place.run("validate", MANIFESTS, "--format", "junit")
    strict = place.run("validate", MANIFESTS, "--format", "junit", "--fail-on", "warning")
    assert (calm.code, strict.code) == (0, 1)
    assert [ET.fromstring(done.out).get("failures") for done in (calm, strict)] == ["0", "1"]  # noqa: S314 -- our own text


def test_a_step_leaves_its_summary_and_outputs_and_adds_to_what_is_there(applied: Place) -> None:
    applied.declare("acme", *TWO, "new@x.example read-only-administrator")
    applied.write("summary.md", "# Before\n")
    applied.write("output.txt", "before=1\n")
    done = applied.run("plan", MANIFESTS, "--out", "plan.json", "--detailed-exitcode", "--format", "github", env=runner(applied))
    assert (done.code, done.err) == (2, "")
    assert [command.name for command in commands(done.out)][:2] == ["group", "endgroup"]
    summary, told = left(applied)
    assert summary.startswith("# Before\n<!-- reconciler:plan v1 ")
    document = json.loads((applied.folder / "plan.json").read_text())
    assert (told["before"], told["exitcode"], told["to_add"], told["plan_path"]) == ("1", "2", "1", "plan.json")
    assert (told["plan_hash"], told["approvable"]) == (document["plan_hash"], "true")
    ends = re.findall(r"<<([0-9a-f]{32})$", (applied.folder / "output.txt").read_text(), re.MULTILINE)
    assert len(ends) == len(set(ends)) == 10
    assert applied.run("apply", "plan.json", "--format", "github", env=runner(applied)).code == 0
    assert left(applied)[1]["changes"] == "true"
    assert applied.run("drift", MANIFESTS, "--format", "github", env=runner(applied)).code == 0
    assert left(applied)[1]["drift"] == "false"
    assert applied.run("sweep", "--format", "github", env=runner(applied)).code == 0
    assert "reconciler:sweep v1" in left(applied)[0]


def test_nothing_is_left_under_any_other_format_or_without_a_runner(place: Place) -> None:
    place.declare("acme", *TWO)
    for format_ in set(VALIDATION) - {"github"}:
        assert place.run("validate", MANIFESTS, "--format", format_, env=runner(place)).code == 0
    assert place.run("validate", MANIFESTS, "--format", "github").code == 0
    assert sorted(path.name for path in place.folder.iterdir()) == [MANIFESTS]


def test_a_failed_step_says_so_where_it_would_have_succeeded(broken: Place) -> None:
    done = broken.run("plan", MANIFESTS, "--format", "github", env=runner(broken))
    assert (done.code, done.err) == (1, "")
    (annotation,) = [command for command in commands(done.out) if command.name == "error"]
    assert annotation.properties["file"] == f"{MANIFESTS}/globex.yaml"
    summary, told = left(broken)
    assert (told, "## reconciler plan: failed" in summary) == ({"exitcode": "1"}, True)
    usage = broken.run("plan", "--bogus", "--format", "github", env=runner(broken))
    assert (usage.code, left(broken)[1]) == (64, {"exitcode": "64"})


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk here")  # noqa: PTH110 -- a device
def test_a_file_of_the_runner_that_cannot_be_written_is_an_error_and_what_was_applied_is_said(applied: Place) -> None:
    applied.declare("acme", *TWO, "new@x.example read-only-administrator")
    assert applied.run("plan", MANIFESTS, "--format", "github", env={"GITHUB_OUTPUT": str(applied.folder)}).code == 1
    done = applied.run("apply", MANIFESTS, "--auto-approve", "--format", "github", env={"GITHUB_OUTPUT": "/dev/full"})
    assert done.code == 1
    assert "the changes were made and recorded all the same" in done.out + done.err
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0


def test_a_refused_plan_is_a_comment_that_offers_nothing(applied: Place) -> None:
    applied.declare("acme", *(f"p{number}@x.example" for number in range(12)))
    applied.apply()
    applied.declare("acme", *TWO)
    done = applied.run("plan", MANIFESTS, "--format", "markdown")
    assert done.code == 3
    assert "refused\n" in done.out.splitlines(keepends=True)[1]
    assert "--allow-removals acme=" in " ".join(read(done.out))
    assert "reconciler apply" not in done.out
    told = applied.run("apply", MANIFESTS, "--auto-approve", "--format", "github", env=runner(applied))
    assert (told.code, left(applied)[1]["approvable"]) == (3, "false")
