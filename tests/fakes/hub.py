"""A hosted repository: branches, pull requests and their merges, each with the event that starts workflows."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.running import ROOT, Place, hook
from tests.fakes.actions import REPOSITORY, Event, Job, Runner
from tests.fakes.repository import Checkout, a_checkout

_CLOCK = """
import os
from datetime import datetime
if at := os.environ.get("CLOCK"):
    from reconciler.cli import clock
    clock.SystemClock.now = lambda self: datetime.fromisoformat(at)
"""


@dataclass(slots=True, kw_only=True)
class Hub:
    """The repository of one team, with one runner that holds the stored state."""

    folder: Path
    work: Checkout
    runner: Runner
    pulls: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """The working copy of somebody in the team."""
        return Place(self.work.folder)

    def clock(self, at: str) -> None:
        """Set the clock of the runner."""
        self.variables["CLOCK"] = at

    def head(self) -> str:
        """Return the commit of main."""
        return self.work.git("rev-parse", "origin/main")

    def start(self) -> None:
        """Push the first commit, before any workflow can be there."""
        self.work.commit("start")
        self._push("HEAD:refs/heads/main")

    def edit(self, branch: str, name: str, old: str, new: str) -> None:
        """Change one file on a branch of the present main, or go on with that branch."""
        if branch in self.work.git("branch", "--format=%(refname:short)").split():
            self.work.git("switch", "--quiet", branch)
        else:
            self.work.git("switch", "--quiet", "--create", branch, "origin/main")
        file = self.work.folder / name
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        assert old in text, f"{old!r} is not in {name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(old, new, 1) if old else new, encoding="utf-8")
        self.work.commit(f"{branch}: {name}")
        self._push(f"{branch}:refs/heads/{branch}")

    def propose(self, branch: str, *, fork: bool = False) -> dict[str, Job]:
        """Open a pull request for a branch, or say that it has new commits; run what that starts."""
        pull = next((one for one in self.pulls if one["branch"] == branch), None)
        if pull is None:
            pull = {"number": len(self.pulls) + 1, "branch": branch, "merged_at": None, "base": {"ref": "main"}, "commits": []}
            self.pulls.append(pull)
        merge = self._merged(branch, f"merge of {pull['number']} as it would be")
        self._push(f"{merge}:refs/pull/{pull['number']}/merge")
        self._write_pulls()
        head = {"repo": {"full_name": "mallory/webex-admins" if fork else REPOSITORY}}
        payload = {"pull_request": {"number": pull["number"], "head": head}}
        ref = f"refs/pull/{pull['number']}/merge"
        return self.runner.run(Event(name="pull_request", sha=merge, ref=ref, base_ref="main", payload=payload))

    def merge(self, branch: str) -> dict[str, Job]:
        """Merge the pull request of a branch and run what that starts."""
        before, after = self.head(), self._merged(branch, f"Merge {branch}")
        pull = next(one for one in self.pulls if one["branch"] == branch)
        pull.update(merged_at="2026-11-20T12:00:00Z", merge_commit_sha=after, commits=[after])
        return self.pushed(before, after)

    def pushed(self, before: str, after: str) -> dict[str, Job]:
        """Move main and run what that starts."""
        self._push(f"{after}:refs/heads/main")
        self._write_pulls()
        return self.runner.run(Event(name="push", sha=after, payload={"before": before}))

    def scheduled(self, cron: str) -> dict[str, Job]:
        """Run what a schedule starts."""
        return self.runner.run(Event(name="schedule", sha=self.head(), payload={"schedule": cron}))

    def by_hand(self, expect: str = "") -> dict[str, Job]:
        """Run what somebody starts by hand."""
        return self.runner.run(Event(name="workflow_dispatch", sha=self.head(), inputs={"expect": expect}))

    def comments(self, branch: str) -> list[dict[str, Any]]:
        """Return the comments on the pull request of a branch, oldest first."""
        number = next(one["number"] for one in self.pulls if one["branch"] == branch)
        files = sorted((self.runner.github / "comments" / str(number)).glob("*.json"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]

    def say(self, branch: str, login: str, body: str) -> None:
        """Let somebody write a comment."""
        number = next(one["number"] for one in self.pulls if one["branch"] == branch)
        folder = self.runner.github / "comments" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        identifier = 1 + len(list(folder.glob("*.json")))
        comment = {"id": identifier, "user": {"login": login}, "body": body}
        (folder / f"{identifier}.json").write_text(json.dumps(comment), encoding="utf-8")

    def _merged(self, branch: str, message: str) -> str:
        self.work.git("switch", "--quiet", "--detach", "origin/main")
        self.work.git("merge", "--quiet", "--no-ff", "--message", message, branch)
        return self.work.git("rev-parse", "HEAD")

    def _push(self, what: str) -> None:
        self.work.git("push", "--quiet", "--force", "origin", what)
        self.work.git("fetch", "--quiet", "origin")

    def _write_pulls(self) -> None:
        self.runner.github.mkdir(exist_ok=True)
        (self.runner.github / "pulls.json").write_text(json.dumps(self.pulls), encoding="utf-8")


def a_hub(folder: Path, pattern: Path | None = None) -> Hub:
    """Return a hosted repository in *folder* in which nothing is yet, beside an empty working copy; or what is in the one at *pattern*."""
    origin, work = Checkout(folder / "origin"), Checkout(folder / "work")
    if pattern is None:
        origin.folder.mkdir()
        origin.git("init", "--quiet", "--bare", "--initial-branch", "main")
        origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
        work.folder.mkdir()
        work = a_checkout(work.folder)
        work.git("remote", "add", "origin", origin.folder.as_uri())
        hook(folder / "hooks", _CLOCK)
    else:
        shutil.copytree(pattern, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("jobs", "tools"))
        work.git("remote", "set-url", "origin", origin.folder.as_uri())
    variables = {"RECONCILER_STATE": f"sqlite:///{folder}/state.db", "PYTHONPATH": f"{folder / 'hooks'}:{ROOT}"}
    return Hub(folder=folder, work=work, runner=Runner(folder=folder, origin=origin.folder, variables=variables), variables=variables)
