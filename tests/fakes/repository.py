"""A throw-away git repository, made by the real git, with nothing of the configuration of whoever runs the tests."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_WHO = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "a"), ("EMAIL", "a@x.example"))}
_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository and its work tree in one folder."""

    folder: Path

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed; return what it says."""
        environment = os.environ | _WHO | _ALONE
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=environment, capture_output=True, encoding="utf-8", check=True)
        return done.stdout.strip()

    def commit(self, message: str = "more") -> str:
        """Commit everything that is there; return the id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def a_checkout(folder: Path) -> Checkout:
    """Return a new repository in *folder* with the branch main and no commit."""
    checkout = Checkout(folder)
    checkout.git("init", "--quiet", "--initial-branch", "main")
    return checkout
