"""The product as its users meet it: a process, in a folder, with arguments, an environment and streams."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[2]
SECONDS = 60
NOW = "2026-11-20T12:00:00Z"
STATE = ".reconciler/state.db"
MANIFESTS = "organizations"

_HEARD = "RECONCILER_.*|NO_COLOR|CI|TERM|COLUMNS|SOURCE_DATE_EPOCH|PYTHONHASHSEED|TZ|LC_.*|LANG|GITHUB_OUTPUT|GITHUB_STEP_SUMMARY"
_NOT_INHERITED = re.compile(f"{_HEARD}|PYTHONDONTWRITEBYTECODE")


def environment(changes: Mapping[str, str] | None = None, *, hooks: Path | None = None) -> dict[str, str]:
    """Return an environment in which nothing is set that the product or its reports listen to, with *changes*.

    A `sitecustomize.py` in the folder *hooks* is run by Python before the product.
    """
    inherited = {name: value for name, value in os.environ.items() if not _NOT_INHERITED.fullmatch(name)}
    path = os.pathsep.join(str(folder) for folder in (hooks, ROOT) if folder is not None)
    return {**inherited, "PYTHONPATH": path, **(changes or {})}


def command(*arguments: str) -> list[str]:
    """Return the command line of a process of the product."""
    return [sys.executable, "-m", "reconciler", *arguments]


@cache
def _validator(kind: str) -> Draft7Validator:
    return Draft7Validator(json.loads((ROOT / "schemas" / f"{kind}.v1.schema.json").read_text(encoding="utf-8")))


def document_of(text: str) -> dict[str, Any]:
    """Return the one JSON document in *text*; it is valid against the published schema of its kind."""
    document: dict[str, Any] = json.loads(text)
    _validator(document["kind"]).validate(document)
    assert text.endswith("\n")
    return document


@dataclass(frozen=True, slots=True)
class Done:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        document = document_of(self.out)
        assert document["exit_code"] == self.code
        assert "Traceback" not in self.out + self.err
        return document

    @property
    def failure(self) -> str:
        """What a failed command says in text: on standard error, with nothing on standard output and no traceback."""
        assert self.out == ""
        assert "Traceback" not in self.err
        return self.err

    def summary(self) -> str:
        """Return the first message of a failure in JSON."""
        assert self.document["kind"] == "error"
        found: str = self.document["diagnostics"][0]["summary"]
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which commands run."""

    folder: Path

    def run(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None, hooks: Path | None = None) -> Done:
        """Run one command to its end."""
        done = subprocess.run(
            command(*arguments),
            cwd=self.folder,
            env=environment(env, hooks=hooks),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str, env: Mapping[str, str] | None = None, hooks: Path | None = None) -> Done:
        """Run one command that reports in JSON."""
        return self.run(*arguments, "--format", "json", env=env, hooks=hooks)

    def ok(self, *arguments: str) -> str:
        """Run one command that must end with 0, and return its report."""
        done = self.run(*arguments)
        assert done.code == 0, done.err
        return done.out

    def apply(self, *arguments: str) -> dict[str, Any]:
        """Apply the manifests of this folder."""
        done = self.json("apply", MANIFESTS, "--auto-approve", *arguments)
        assert done.code == 0, done.out + done.err
        return done.document

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def declare(self, name: str, *people: str, spec: str = "", labels: str = "{}") -> Path:
        """Write the manifest of an organization with these people; one is `EMAIL` or `EMAIL ROLE`."""
        pairs = [(person.split()[0], person.partition(" ")[2] or "full-administrator") for person in people]
        lines = [f"    - {{email: {email}, roles: [{role}]}}" for email, role in pairs]
        listed = "\n".join(["  administrators:", *lines]) if people else ""
        metadata = f"{{name: {name}, labels: {labels}}}"
        text = f"apiVersion: reconciler/v1\nkind: Organization\nmetadata: {metadata}\nspec:\n  type: customer\n{spec}{listed}\n"
        return self.write(f"{MANIFESTS}/{name}.yaml", text)

    @property
    def state(self) -> Path:
        """The file of the stored state."""
        return self.folder / STATE

    def everything(self) -> dict[str, tuple[bytes, int]]:
        """Return every file of the folder with its bytes and its time; folders too, whose entries come and go."""
        return {
            str(path.relative_to(self.folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
            for path in [self.folder, *sorted(self.folder.rglob("*"))]
        }


TWO = ("a.one@x.example", "b.two@x.example")
"""Two full administrators: enough that nothing is warned about."""


def declare_fleet(place: Place, *names: str) -> None:
    """Write one small organization for each name."""
    for name in names:
        place.declare(name, *TWO, f"c.three@{name}.example support-administrator")


def hook(folder: Path, code: str) -> Path:
    """Write what Python runs before the product, and return the folder for `hooks`."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return folder
