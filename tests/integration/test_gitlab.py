"""The story of a team on GitLab, by the pipeline that `init --ci gitlab` wrote: its rules choose jobs, whose scripts are executed."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.running import Place, environment
from tests.fakes.actions import tools
from tests.fakes.repository import Checkout, a_checkout

CUSTOMER = "organizations/example-customer.yaml"
BOB = "    - email: bob@customer.example\n      name: Bob Dvorak\n      roles: [full-administrator]\n"
EVE = "    - email: eve@contractor.example\n      home: {type: business}\n      roles: [read-only-administrator]\n"
REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
MERGED = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
SCHEDULED = {"CI_PIPELINE_SOURCE": "schedule"}
_TERM = re.compile(r'\$(\w+) == (?:"([^"]*)"|\$(\w+))')


def chosen(rules: list[dict[str, str]], variables: Mapping[str, str]) -> str | None:
    """Return when a job runs, by the first of its rules that holds; None when it does not."""
    for rule in rules:
        terms = [_TERM.fullmatch(term) for term in rule["if"].split(" && ")]
        assert all(terms), rule
        found = [term.groups() for term in terms if term]
        if all(variables.get(name, "") == (variables.get(other, "") if other else text) for name, text, other in found):
            return rule.get("when", "on_success")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A project with its runner."""

    folder: Path
    project: Checkout

    def pipeline(self, given: Mapping[str, str], *, manual: bool = False) -> dict[str, tuple[int, str]]:
        """Run the jobs of a pipeline in order; return exit codes and logs."""
        variables = {"CI_DEFAULT_BRANCH": "main", **given}
        file = self.project.folder / ".gitlab-ci.yml"
        pipeline: dict[str, Any] = yaml.load(file.read_text(), yaml.BaseLoader)  # noqa: TID251 - strings alone
        done = {}
        for name, job in pipeline.items():
            when = chosen(job["rules"], variables) if isinstance(job, dict) and "script" in job else None
            if when == "on_success" or (when == "manual" and manual):
                done[name] = self._job(job, {**pipeline["variables"], **variables})
        return done

    def _job(self, job: Mapping[str, Any], variables: Mapping[str, str]) -> tuple[int, str]:
        ran = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
            cwd=self.project.folder,
            env={
                **environment(),
                **variables,
                "CI": "true",
                "PATH": os.pathsep.join([str(tools(self.folder)), os.environ["PATH"]]),
                "RECONCILER_STATE": f"sqlite:///{self.folder}/state.db",
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return ran.returncode, ran.stdout + ran.stderr

    def report(self, name: str) -> Any:
        """Return a report in JSON that a job left."""
        return json.loads((self.project.folder / name).read_text(encoding="utf-8"))


@pytest.fixture
def team(tmp_path: Path) -> Team:
    (tmp_path / "project").mkdir()
    project = a_checkout(tmp_path / "project")
    Place(project.folder).ok("init", "--ci", "gitlab")
    project.commit("start")
    project.git("remote", "add", "origin", project.folder.as_uri())
    return Team(folder=tmp_path, project=project)


def test_a_merge_request_is_planned_and_applied_by_the_button(team: Team) -> None:
    merged = team.pipeline(MERGED, manual=True)
    assert list(merged) == ["plan-merged", "apply"]
    assert "Apply: 9 added" in merged["apply"][1]

    team.project.git("switch", "--quiet", "--create", "eve")
    manifest = team.project.folder / CUSTOMER
    text = manifest.read_text()
    manifest.write_text(text.replace(BOB, BOB + EVE))
    team.project.commit("eve")
    proposed = team.pipeline(REQUEST)
    assert {name: code for name, (code, _) in proposed.items()} == {"validate": 0, "plan": 0}
    assert team.report("tfplan.json") == {"create": 1, "update": 0, "delete": 0}
    assert "| **gains** | `eve@contractor.example`" in (team.project.folder / "plan.md").read_text()
    assert [one["severity"] for one in team.report("gl-code-quality.json")] == []

    team.project.git("switch", "--quiet", "main")
    team.project.git("merge", "--quiet", "--no-ff", "--message", "merge", "eve")
    merged = team.pipeline(MERGED, manual=True)
    assert "Apply: 1 added, 0 changed, 0 removed, 0 expired, 0 failed, 0 skipped." in merged["apply"][1]
    assert team.pipeline({**SCHEDULED, "RECONCILER_TASK": "drift"})["drift"][0] == 0
    assert "Nothing is due." in team.pipeline({**SCHEDULED, "RECONCILER_TASK": "sweep"})["sweep"][1]
    manifest.write_text(text)
    assert team.pipeline({**SCHEDULED, "RECONCILER_TASK": "drift"})["drift"][0] == 2


def test_nothing_is_applied_without_the_button(team: Team) -> None:
    assert list(team.pipeline(MERGED)) == ["plan-merged"]
    assert list(team.pipeline({**MERGED, "CI_COMMIT_BRANCH": "eve"})) == []


def test_findings_are_in_the_widget_and_fail_the_job(team: Team) -> None:
    manifest = team.project.folder / CUSTOMER
    manifest.write_text(manifest.read_text().replace("roles: [full-administrator]", "roles: [full-administrater]", 1))
    team.project.commit("typing error")
    done = team.pipeline(REQUEST)
    assert {name: code for name, (code, _) in done.items()} == {"validate": 1, "plan": 1}
    (finding,) = team.report("gl-code-quality.json")
    assert finding["location"]["path"] == CUSTOMER
