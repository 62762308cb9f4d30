"""Makes the golden state of one released layout: by the code of that version, in what was then the present.

    git archive REVISION | tar -x -C TREE
    python -m tools.golden_state TREE tests/golden/states/vN.db

Needs faketime. A golden state is made once, when its layout is released, and is never made anew: what it holds is what users have.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# A machine's name is nobody's business; a run may be told to die just before its last commit, with its lock held.
HOOK = """
import os, signal, socket
socket.gethostname = lambda: "ci.example"
left = int(os.environ.get("DIE_AT_COMMIT", "0"))
if left:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    def count(*_):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Engine, "commit", count)
"""

# Only a live target leaves entries of these kinds, and no release has one yet: they are put in by the store itself.
NOTES = """
from contextlib import closing
from datetime import UTC, datetime
from reconciler.model.journal import EntryKind, Record
from reconciler.stores import open_store
at = datetime(2026, 1, 11, 9, tzinfo=UTC)
with closing(open_store("sqlite:///state.db", create=False)) as store:
    for kind in (EntryKind.INTENT, EntryKind.FAILURE):
        address = None if kind is EntryKind.INTENT else "globex/administrator/g.two@globex.example"
        store.note("globex", [Record(run="r", at=at, kind=kind, operation="apply", operator="root@ci.example", version="0.1.0",
                                     address=address, detail="written down for the target")])
"""

FIRST, LATER = "2026-01-10 09:00:00", "2026-01-11 09:00:00"


def organization(name: str, *people: str, spec: str = "type: customer") -> str:
    """Return a manifest; people are flow mappings without their braces."""
    listed = "".join(f"\n    - {{{person}}}" for person in people)
    return f"apiVersion: reconciler/v1\nkind: Organization\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n  administrators:{listed}\n"


def person(email: str, role: str = "full-administrator", more: str = "") -> str:
    """Return one administrator."""
    return f"email: {email}, roles: [{role}]{more}"


def grant(name: str, times: str) -> str:
    """Return the manifest of a grant for a Cisco engineer."""
    agent = "agent: {email: tac@cisco.example, type: cisco-tac}"
    return (
        f"apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata: {{name: {name}}}\n"
        f"spec:\n  organization: acme\n  {agent}\n  reason: sign-in broken\n{times}"
    )


def approved(day: str) -> str:
    """Return the instants of a grant of *day* that was approved at 08:50 and ends at 09:40."""
    at = f"2026-01-{day}T"
    return f"  requestedAt: {at}08:40:00Z\n  approvedBy: a.one@acme.example\n  approvedAt: {at}08:50:00Z\n  expiresAt: {at}09:40:00Z\n"


NORTHWIND = ", home: {organization: northwind}"
"""The first sign-in of whoever comes from the partner is left to people."""

ACME = [
    person("a.one@acme.example"),
    person("a.two@acme.example", more=", name: Zoë Dvořák"),
    *(person(f"noc.{n}@northwind.example", more=NORTHWIND) for n in ("one", "two")),
]
EVE = person("eve@contractor.example", "read-only-administrator", ', home: {type: business}, expiresAt: "2026-01-31T00:00:00Z"')
FRANK = person("frank@contractor.example", "read-only-administrator", ', home: {type: business}, expiresAt: "2026-03-01T00:00:00Z"')


class Tree:
    """The code of one version, at work in a folder."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self._folder = folder
        hooks = folder / "hooks"
        hooks.mkdir()
        (hooks / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER_", "PYTHON"))}
        self._environment = {**kept, "TZ": "UTC", "PYTHONPATH": f"{hooks}{os.pathsep}{tree}"}

    def run(self, at: str, *arguments: str, die_at: int = 0) -> str:
        """Run Python at an instant and return what it prints."""
        line = [shutil.which("faketime") or "faketime", "--exclude-monotonic", "-f", f"@{at}", sys.executable, "-B", *arguments]
        environment = self._environment | {"DIE_AT_COMMIT": str(die_at)}
        ran = subprocess.run(line, cwd=self._folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- ours
        if (ran.returncode == 0) is bool(die_at):
            raise SystemExit(f"{arguments} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def command(self, at: str, *arguments: str, die_at: int = 0) -> str:
        """Run one command of the version at an instant."""
        return self.run(at, "-m", "reconciler", *arguments, "--state", "sqlite:///state.db", die_at=die_at)

    def apply(self, at: str, *, die_at: int = 0) -> None:
        """Apply the manifests."""
        self.command(at, "apply", "organizations", "--auto-approve", die_at=die_at)

    def declare(self, **texts: str) -> None:
        """Write manifests."""
        (self._folder / "organizations").mkdir(exist_ok=True)
        for name, text in texts.items():
            (self._folder / "organizations" / f"{name}.yaml").write_text(text, encoding="utf-8")


def make(tree: Path, folder: Path) -> Path:
    """Make a small state in which there is something of everything, and return it."""
    at_work = Tree(tree, folder)
    at_work.declare(
        northwind=organization("northwind", person("n.one@northwind.example"), person("n.two@northwind.example"), spec="type: partner"),
        acme=organization("acme", *ACME, EVE, FRANK, spec="type: customer\n  managedBy: northwind\n  services: [contact-center]"),
        globex=organization("globex", person("g.one@globex.example"), person("g.two@globex.example")),
        initech=organization("initech", person("i.one@initech.example"), person("i.two@initech.example")),
        ended=grant("inc-1", approved("10")),
        pending=grant("inc-2", "  requestedAt: 2026-01-10T08:55:00Z\n"),
    )
    at_work.apply(FIRST)
    at_work.command("2026-01-10 12:00:00", "sweep")
    at_work.declare(
        globex=organization("globex", person("g.one@globex.example"), person("g.three@globex.example")),
        overdue=grant("inc-3", approved("11")),
    )
    # One dies with its lock, and the next one takes that over.
    at_work.apply(LATER, die_at=2)
    at_work.apply(LATER)
    at_work.run(LATER, "-c", NOTES)
    at_work.command(LATER, "attest", "acme/administrator/noc.one@northwind.example", "--note", "seen", "--actor", "a.one@acme.example")
    at_work.command(LATER, "state", "forget", "initech", "--actor", "a.one@acme.example")
    # Nothing runs for a while: what ends in between is overdue.
    (folder / "organizations" / "initech.yaml").unlink()
    at_work.declare(globex=organization("globex", person("g.one@globex.example"), person("g.four@globex.example")))
    at_work.apply("2026-01-11 09:20:00")
    history = json.loads(at_work.command("2026-01-11 09:21:00", "history", "--format", "json"))
    print(sorted({entry["kind"] for entry in history["entries"]}), len(history["entries"]))
    return folder / "state.db"


def main(tree: Path, place: Path) -> int:
    """Make the golden state of the version in *tree*; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        made = make(tree.resolve(), Path(folder))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, place)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
