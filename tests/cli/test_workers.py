"""Large fleets are read and judged by several processes: every byte as by one, and no other end than by one."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.workers import VARIABLE
from tests.cli.running import MANIFESTS, NOW, SECONDS, TWO, Done, Place, command, environment, hook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

SIZE = 240
AGENT = "agent: {email: tac@cisco.example, type: cisco-tac}"
TIMES = "requestedAt: 2026-11-20T11:10:00Z, approvedAt: 2026-11-20T11:20:00Z, expiresAt: 2026-11-20T12:15:00Z"

COUNT_FORKS = """
import os
os.register_at_fork(before=lambda: open({path!r}, "a").write("fork "))
"""

WHILE_READING = """
import os, signal, sys
import reconciler.manifests
read = sys.modules["reconciler.manifests.read"]
judge, parent = read.judge, os.getpid()
def stopped(piece, durations):
    if os.getpid() != parent and b"org-150" in piece.data:
        {stop}
    return judge(piece, durations)
read.judge = stopped
"""

WHILE_JUDGING = """
import os, signal
import reconciler.pipeline.judgements as judgements
check, parent = judgements.check, os.getpid()
def stopped(organization, *rest):
    if os.getpid() != parent and organization.name == "org-150":
        {stop}
    return check(organization, *rest)
judgements.check = stopped
"""


def grant(organization: str, name: str) -> str:
    spec = f"organization: {organization}, {AGENT}, reason: broken, ticket: SR-1, approvedBy: {TWO[0]}, {TIMES}"
    return f"---\napiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def declare_large_fleet(place: Place) -> None:
    """Write organizations of which each seventh or so has something special, nothing of it wrong."""
    for number in range(SIZE):
        name = f"org-{number:03}"
        external = f"x{number}@elsewhere.example read-only-administrator" if number % 7 == 1 else ""
        spec = f"  managedBy: org-{number - 1:03}\n" if number % 5 == 1 else ""
        path = place.declare(name, *TWO, *filter(None, [external]), spec=spec, labels=f"{{tier: t{number % 3}}}")
        text = path.read_text(encoding="utf-8")
        if number % 5 == 0:
            text = text.replace("type: customer", "type: partner")
        if number % 9 == 2:
            text += grant(name, "inc-1")
        path.write_text(text, encoding="utf-8")


def spoil(place: Place) -> None:
    """Make some organizations wrong, each in another way."""
    place.declare("org-003", "a.one@x.example no-such-role")
    place.declare("org-013", TWO[0], spec="  managedBy: nobody-knows\n")
    place.declare("org-023", *TWO, spec="  sites: {shared.webex.com: {managedIn: control-hub}}\n")
    place.declare("org-223", *TWO, spec="  sites: {shared.webex.com: {managedIn: control-hub}}\n")
    place.write(f"{MANIFESTS}/org-033.yaml", "a: [\n")
    place.write(f"{MANIFESTS}/twice.yaml", (place.folder / MANIFESTS / "org-034.yaml").read_text(encoding="utf-8"))
    place.write(f"{MANIFESTS}/many.yaml", "---\napiVersion: reconciler/v1\nkind: Organization\n" * 1200)
    place.write(f"{MANIFESTS}/alone.yaml", grant("org-200", "inc-2") + grant("org-001", "inc-3") + grant("nowhere", "inc-4"))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("fleet"))
    declare_large_fleet(place)
    return place


def by(place: Place, workers: int, *arguments: str, folder: Path) -> Done:
    """Run a command with so many workers, and see that there were as many."""
    forks = folder / "forks"
    forks.unlink(missing_ok=True)
    done = place.json(*arguments, env={VARIABLE: str(workers)}, hooks=hook(folder / "hooks", COUNT_FORKS.format(path=str(forks))))
    forked = forks.read_text(encoding="utf-8").split() if forks.exists() else []
    assert len(forked) == (0 if workers == 1 else 2 * workers)
    return done


def test_every_byte_is_the_same(fleet: Place, tmp_path: Path) -> None:
    for arguments in (("validate", MANIFESTS), ("plan", MANIFESTS), ("plan", MANIFESTS, "-l", "tier=t1")):
        one = by(fleet, 1, *arguments, "--now", NOW, folder=tmp_path)
        assert (one.code, one.err) == (0, "")
        assert by(fleet, 3, *arguments, "--now", NOW, folder=tmp_path) == one


def test_every_byte_is_the_same_beside_a_state_and_where_something_is_wrong(place: Place, tmp_path: Path) -> None:
    declare_large_fleet(place)
    place.apply()
    place.declare("org-004", *TWO, "new@x.example support-administrator")
    (place.folder / MANIFESTS / "org-005.yaml").unlink()
    for wrong in (False, True):
        if wrong:
            spoil(place)
        for arguments in (("plan", MANIFESTS, "--recheck"), ("validate", MANIFESTS)):
            one = by(place, 1, *arguments, "--now", NOW, folder=tmp_path)
            assert by(place, 3, *arguments, "--now", NOW, folder=tmp_path) == one
            rules = {found["rule_id"] for found in one.document["diagnostics"]}
            if wrong:
                assert one.code == 1
                assert {"too-many-findings", "duplicate-organization", "undeclared-organization"} <= rules


def test_what_an_apply_with_several_processes_remembers_serves_the_next_run(place: Place, tmp_path: Path) -> None:
    declare_large_fleet(place)
    applied = place.json("apply", MANIFESTS, "--auto-approve", env={VARIABLE: "3"})
    assert applied.code == 0
    warm = place.json("plan", MANIFESTS, "--now", NOW)
    assert warm == by(place, 3, "plan", MANIFESTS, "--recheck", "--now", NOW, folder=tmp_path)


@pytest.mark.parametrize("when", [WHILE_READING, WHILE_JUDGING], ids=["reading", "judging"])
def test_a_process_that_is_killed_ends_the_run_without_a_report(fleet: Place, tmp_path: Path, when: str) -> None:
    hooks = hook(tmp_path / "hooks", when.format(stop="os.kill(os.getpid(), signal.SIGKILL)"))
    done = fleet.json("validate", MANIFESTS, env={VARIABLE: "2"}, hooks=hooks)
    assert (done.code, done.err) == (1, "")
    assert done.summary() == "a worker process ended before its work was done (signal 9)"


@pytest.mark.parametrize("when", [WHILE_READING, WHILE_JUDGING], ids=["reading", "judging"])
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_to_all_of_them_ends_the_run_as_ever(fleet: Place, tmp_path: Path, when: str, name: str, code: int) -> None:
    hooks = hook(tmp_path / "hooks", when.format(stop=f"os.killpg(0, signal.{name})"))
    # A group of its own, as a shell gives to each command: the tests are not in it.
    done = subprocess.run(
        command("validate", MANIFESTS),
        cwd=fleet.folder,
        env=environment({VARIABLE: "2"}, hooks=hooks),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
        start_new_session=True,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == f"error: interrupted by {signal.Signals[name].name}; nothing was changed [interrupted]\n"


def test_a_bug_is_reported_as_ever(fleet: Place, tmp_path: Path) -> None:
    done = fleet.json("validate", MANIFESTS, env={VARIABLE: "2"}, hooks=hook(tmp_path / "hooks", WHILE_JUDGING.format(stop="1 / 0")))
    assert (done.code, done.err) == (70, "")
    assert done.summary().startswith("internal error (ZeroDivisionError)")


def test_a_wrong_number_is_an_error_of_usage(fleet: Place) -> None:
    done = fleet.json("validate", MANIFESTS, env={VARIABLE: "many"})
    assert (done.code, done.summary()) == (64, "RECONCILER_WORKERS=many is no number of processes")
