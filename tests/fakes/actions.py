"""A runner for our workflows: it chooses the jobs of an event, checks out, and executes the shell steps, those of a local action too.

What it knows is what our files use; anything else fails. Foreign actions are not executed: `actions/checkout` is done by git.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.cli.running import ROOT, environment
from tests.fakes.expressions import filled, holds
from tests.fakes.repository import Checkout

REPOSITORY = "acme/webex-admins"
_SECONDS = 120
_STEP = frozenset({"env", "id", "if", "name", "run", "shell", "uses", "with", "working-directory"})


@dataclass(slots=True, kw_only=True)
class Job:
    """What became of one job."""

    name: str
    passed: bool = True
    log: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that starts workflows: its name, its payload, and the commit that is checked out."""

    name: str
    sha: str
    ref: str = "refs/heads/main"
    base_ref: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """One self-hosted runner: its folder, the repository that it serves, and the variables that are set on it."""

    folder: Path
    origin: Path
    variables: Mapping[str, str]

    @property
    def github(self) -> Path:
        """The folder in which pull requests and comments are."""
        return self.folder / "github"

    def run(self, event: Event) -> dict[str, Job]:
        """Run the jobs of the workflow that *event* starts, from the files of its commit; return those that were not skipped."""
        checkout = Checkout(self.origin)
        workflow = _load(checkout.git("show", f"{event.sha}:.github/workflows/reconciler.yml"))
        contexts: dict[str, Any] = {
            "github": {
                "base_ref": event.base_ref,
                "event": event.payload,
                "event_name": event.name,
                "ref": event.ref,
                "repository": REPOSITORY,
                "token": "token-of-the-job",
            },
            "inputs": event.inputs,
        }
        jobs = {name: job for name, job in workflow["jobs"].items() if holds(job.get("if", ""), contexts, so_far=True)}
        return {name: self._job(name, job["steps"], workflow.get("env", {}), event, contexts) for name, job in jobs.items()}

    def _job(self, name: str, steps: list[dict[str, Any]], env: Mapping[str, str], event: Event, contexts: Mapping[str, Any]) -> Job:
        job = Job(name=name)
        place = self.folder / "jobs" / f"{len(list(self.folder.glob('jobs/*')))}-{name}"
        for part in ("workspace", "temp", "path"):
            (place / part).mkdir(parents=True)
        execution = _Execution(runner=self, event=event, place=place, job=job, env={**env, **self.variables})
        execution.steps(steps, {**contexts, "steps": {}}, place / "workspace")
        if (summary := place / "summary").exists():
            job.summary = summary.read_text(encoding="utf-8")
        return job


@dataclass(frozen=True, slots=True, kw_only=True)
class _Execution:
    runner: Runner
    event: Event
    place: Path
    job: Job
    env: Mapping[str, str]

    def steps(self, steps: list[dict[str, Any]], contexts: dict[str, Any], action_path: Path) -> bool:
        """Run *steps*; return whether all of them passed."""
        passed = True
        for position, step in enumerate(steps):
            assert step.keys() <= _STEP, step.keys() - _STEP
            if not holds(str(step.get("if", "")), contexts, so_far=passed):
                continue
            identifier = step.get("id", str(position))
            if "uses" in step:
                done, outputs = self._use(step, contexts)
            else:
                done, outputs = self._execute(step, contexts, action_path)
            contexts["steps"][identifier] = {"outputs": outputs}
            passed &= done
        self.job.passed = passed
        return passed

    def _use(self, step: dict[str, Any], contexts: Mapping[str, Any]) -> tuple[bool, dict[str, str]]:
        given = {name: filled(str(value), contexts) for name, value in step.get("with", {}).items()}
        workspace = self.place / "workspace"
        if re.fullmatch(r"actions/checkout@[0-9a-f]{40}", step["uses"]):
            self._check_out(deep=given.get("fetch-depth") == "0")
            return True, {}
        assert step["uses"].startswith("./"), step["uses"]
        folder = workspace / step["uses"]
        action = _load((folder / "action.yml").read_text(encoding="utf-8"))
        assert given.keys() <= action["inputs"].keys()
        inputs = {name: given.get(name, filled(one.get("default", ""), contexts)) for name, one in action["inputs"].items()}
        inner = {**contexts, "github": {**contexts["github"], "action_path": str(folder)}, "inputs": inputs, "steps": {}}
        passed = self.steps(action["runs"]["steps"], inner, folder)
        outputs = {name: filled(one["value"], inner) for name, one in action["outputs"].items()}
        self.job.outputs[inputs["command"]] = outputs
        return passed, outputs

    def _check_out(self, *, deep: bool) -> None:
        checkout = Checkout(self.place / "workspace")
        checkout.git("init", "--quiet")
        checkout.git("remote", "add", "origin", self.runner.origin.as_uri())
        if deep:
            checkout.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", self.event.sha)
        else:
            checkout.git("fetch", "--quiet", "--depth", "1", "origin", self.event.sha)
        checkout.git("checkout", "--quiet", "--detach", self.event.sha)

    def _execute(self, step: dict[str, Any], contexts: Mapping[str, Any], action_path: Path) -> tuple[bool, dict[str, str]]:
        script, output = self.place / "step.sh", self.place / "output"
        script.write_text(step["run"], encoding="utf-8")
        output.write_text("", encoding="utf-8")
        added = self.place / "path" / "added"
        path = [*(added.read_text(encoding="utf-8").split() if added.exists() else []), str(tools(self.runner.folder)), os.environ["PATH"]]
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.place / "workspace" / filled(step.get("working-directory", "."), contexts),
            env={
                **environment(),
                **self.env,
                "CI": "true",
                "FAKE_GITHUB": str(self.runner.github),
                "GITHUB_ACTION_PATH": str(action_path),
                "GITHUB_BASE_REF": self.event.base_ref,
                "GITHUB_EVENT_NAME": self.event.name,
                "GITHUB_OUTPUT": str(output),
                "GITHUB_PATH": str(added),
                "GITHUB_REF_NAME": self.event.ref.removeprefix("refs/heads/"),
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_SHA": self.event.sha,
                "GITHUB_STEP_SUMMARY": str(self.place / "summary"),
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "PATH": os.pathsep.join(path),
                "RUNNER_TEMP": str(self.place / "temp"),
                **{name: filled(str(value), contexts) for name, value in step.get("env", {}).items()},
            },
            capture_output=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
        self.job.log += done.stdout + done.stderr
        return done.returncode == 0, read_outputs(output.read_text(encoding="utf-8"))


def tools(folder: Path) -> Path:
    """Return a folder for PATH with the `reconciler` under test and the `gh` of the fakes."""
    place = folder / "tools"
    if not place.exists():
        place.mkdir(parents=True)
        for name, words in {"reconciler": "-m reconciler", "gh": f"'{ROOT}/tests/fakes/gh.py'"}.items():
            program = place / name
            program.write_text(f"#!/bin/sh\nexec '{sys.executable}' {words} \"$@\"\n", encoding="utf-8")
            program.chmod(0o755)
    return place


def read_outputs(text: str) -> dict[str, str]:
    """Read a file of outputs: `NAME=VALUE`, or `NAME<<END`, the lines of the value, and `END`."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if found := re.fullmatch(r"([\w-]+)<<(.+)", line):
            value = list(iter(lambda: next(lines), found[2]))
            outputs[found[1]] = "\n".join(value)
        else:
            name, equals, value_ = line.partition("=")
            assert equals, line
            outputs[name] = value_
    return outputs


def _load(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: TID251 - all scalars are strings; no tags, no objects
    return loaded
