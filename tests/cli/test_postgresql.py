"""A state in PostgreSQL as its users meet it: the whole story over a URL, a password that is nowhere to be seen, a copy of the state."""

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.cli.running import MANIFESTS, SECONDS, TWO, Place, command, declare_fleet, environment, hook
from tests.postgres import Server

SECRET = "s3cr3t-w0rd"  # noqa: S105 - what must not be found anywhere


@pytest.fixture
def url(postgres_server: Server) -> str:
    return postgres_server.url()


@pytest.fixture
def shared(place: Place, url: str) -> Place:
    """Three organizations, applied into PostgreSQL."""
    place.write("reconciler.yaml", f"state: {{url: '{url}'}}\n")
    declare_fleet(place, "acme", "globex", "initech")
    place.apply()
    return place


def test_the_story_is_the_same_over_a_url(shared: Place, url: str) -> None:
    assert [entry.name for entry in shared.folder.iterdir() if entry.name.startswith(".reconciler")] == []
    shared.declare("acme", *TWO, "d.four@acme.example support-administrator")
    assert shared.json("plan", MANIFESTS, "--out", "plan.json", "--detailed-exitcode").code == 2
    assert shared.json("drift", MANIFESTS).code == 2
    summary = shared.json("apply", "plan.json").document["summary"]
    assert (summary["create"], summary["delete"], summary["failed"]) == (1, 1, 0)
    assert shared.json("apply", "plan.json").document["repeated"] is True
    assert shared.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert "d.four@acme.example" in shared.ok("access", "acme", "d.four@acme.example")
    assert TWO[0] in shared.ok("who-can", "users-and-licenses")
    assert len(shared.json("show").document["organizations"]) == 3
    assert shared.json("history", "acme").document["entries"][-1]["seq"] == 6
    assert shared.ok("sweep").startswith("Nothing is due.")
    assert shared.json("verify").document["intact"] is True


STATEMENTS = """
import sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
event.listen(Engine, "before_cursor_execute", lambda connection, cursor, statement, *_: print("SQL", statement.split(), file=sys.stderr))
"""


def test_a_warm_plan_reads_no_manifest_and_no_document(shared: Place, tmp_path: Path) -> None:
    shared.apply()
    watched = hook(tmp_path / "hooks", STATEMENTS)
    warm = shared.run("plan", MANIFESTS, "-v", hooks=watched)
    assert "3 organizations are as an apply found them, 0 are read" in warm.err
    assert "organizations.digest" in warm.err
    assert "organizations.body" not in warm.err
    shared.declare("acme", *TWO)
    assert "organizations.body" in shared.run("plan", MANIFESTS, hooks=watched).err


def test_without_a_state_there_every_command_says_so(place: Place, url: str) -> None:
    declare_fleet(place, "acme")
    done = place.run("plan", MANIFESTS, "--state", url)
    assert done.code == 0
    assert done.out.startswith(f"No stored state at {url}: everything counts as new")


def test_a_place_that_cannot_be_used_is_one_error_with_a_way_out(place: Place) -> None:
    declare_fleet(place, "acme")
    done = place.json("plan", MANIFESTS, env={"RECONCILER_STATE": f"postgresql://me:{SECRET}@127.0.0.1:1/db"})
    (finding,) = done.document["diagnostics"]
    assert done.code == 1
    assert "cannot be reached" in finding["summary"]
    assert finding["hint"]
    assert SECRET not in done.out + done.err


def test_without_psycopg_the_extra_is_named(place: Place, tmp_path: Path) -> None:
    missing = hook(tmp_path / "hooks", "import sys\nsys.modules['psycopg'] = None\n")
    declare_fleet(place, "acme")
    for arguments in (["plan", MANIFESTS], ["apply", MANIFESTS, "--auto-approve"], ["who-can", "users-and-licenses"]):
        done = place.run(*arguments, "--state", "postgresql://db/x", hooks=missing)
        assert done.code == 64
        assert "pip install 'reconciler[postgres]'" in done.failure


def command_lines() -> list[str]:
    """Return the command lines of all processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
def test_a_password_is_in_no_output_plan_journal_or_process_list(place: Place, postgres_server: Server, url: str) -> None:
    declare_fleet(place, "acme")
    secret = url.replace("owner@", f"owner:{SECRET}@")
    place.apply("--state", secret)
    reports = []
    with postgres_server.connect() as connection:
        # While the table is locked away the process waits for it, and can be looked at for as long as it takes.
        connection.execute("BEGIN")
        connection.execute(f"LOCK TABLE {url.rpartition('%3D')[2]}.meta IN ACCESS EXCLUSIVE MODE".encode())
        with subprocess.Popen(
            command("plan", MANIFESTS, f"--state={secret}", "--out", "plan.json"),
            cwd=place.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            while not connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall():
                assert process.poll() is None
            seen = command_lines()
            connection.execute("ROLLBACK")
            reports.append(process.communicate(timeout=SECONDS)[0])
    assert any(":***@" in line and "--out plan.json" in line for line in seen)
    assert not any(SECRET in line for line in seen)
    for arguments in (["show"], ["history"], ["verify"], ["apply", "plan.json"], ["plan", MANIFESTS], ["state", "copy", secret]):
        done = place.run(*arguments, "--state", secret, "-vv")
        reports += [done.out, done.err]
    reports.append((place.folder / "plan.json").read_text())
    reports += [str(postgres_server.execute(url, f"TABLE {table}")) for table in ("journal", "organizations", "locks", "verdicts", "views")]
    assert not any(SECRET in report for report in reports)
    assert any("owner:***@" in report for report in reports)


def test_a_state_moves_to_postgresql_and_back(applied: Place, url: str) -> None:
    head = applied.json("verify").document["head"]
    applied.declare("acme", *TWO)
    plan = applied.json("plan", MANIFESTS, "--out", "plan.json").document
    files = applied.everything()
    copied = applied.json("state", "copy", url)
    assert (copied.code, copied.document["organizations"], copied.document["head"]) == (0, 3, head)
    assert applied.everything() == files
    again = applied.run("state", "copy", url)
    assert (again.code, "there is a state" in again.failure) == (1, True)
    # Plans that were made before the move fit afterwards.
    env = {"RECONCILER_STATE": url}
    assert applied.json("plan", MANIFESTS, env=env).document["plan_hash"] == plan["plan_hash"]
    assert applied.json("apply", "plan.json", env=env).code == 0
    back = applied.run("state", "copy", "sqlite:///back/state.db", env=env)
    assert back.code == 0, back.err
    assert stat.S_IMODE((applied.folder / "back" / "state.db").stat().st_mode) == 0o600
    assert applied.json("verify", "--state", "sqlite:///back/state.db").document["head"] == applied.json("verify", env=env).document["head"]


def test_a_state_that_is_not_intact_is_not_copied(applied: Place, url: str) -> None:
    with closing(sqlite3.connect(applied.state)) as raw, raw:
        raw.execute("UPDATE journal SET detail = 'edited' WHERE seq = 2")
    done = applied.json("state", "copy", url)
    assert done.code == 1
    assert {finding["hint"] for finding in done.document["diagnostics"]} == {"reconciler verify"}
    assert applied.json("show", env={"RECONCILER_STATE": url}).document["lineage"] is None


def test_tables_are_made_by_a_command_of_their_own_and_stay_as_they_are(place: Place, url: str) -> None:
    missing = place.run("state", "migrate", "--state", url)
    assert (missing.code, "--create" in missing.failure) == (1, True)
    made = place.json("state", "migrate", "--create", "--state", url).document
    again = place.json("state", "migrate", "--state", url).document
    assert (made["before"], again["before"], again["after"]) == (None, made["after"], made["after"])
