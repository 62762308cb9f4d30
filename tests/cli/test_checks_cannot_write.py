"""Checks cannot change anything: bytes, times and entries of the folder are the same before and after, whatever state it is in."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.following import leave_open
from tests.cli.running import MANIFESTS, STATE, TWO, Place, command, environment, hook

READING = (
    ["plan", MANIFESTS],
    ["drift", MANIFESTS],
    ["show"],
    ["show", "acme"],
    ["history"],
    ["verify"],
    ["who-can", "locations"],
    ["grant", "list"],
)
CHECKS = (*READING, ["validate", MANIFESTS], ["schema", "plan"], ["rules"], ["explain", "R042"])

DIE_IN_A_TRANSACTION = """
import os, signal
from reconciler.stores.writer import SqlStore
import reconciler.stores.writer as writer
append = writer._append
def die(connection, standing, appended):
    append(connection, standing, appended)
    if any(record.kind == "change" for one in appended for record in one.records):
        connection.exec_driver_sql("PRAGMA cache_spill=1")
        connection.exec_driver_sql("PRAGMA cache_size=1")
        connection.exec_driver_sql("CREATE TABLE filler AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2000)"
                                   " SELECT i, randomblob(100) AS b FROM n")
        os.kill(os.getpid(), signal.SIGKILL)
writer._append = die
"""


def check(place: Place, commands: Sequence[list[str]], codes: dict[str, int]) -> list[str]:
    """Run checks with these exit codes, 0 by default; return what they said on standard error."""
    before = place.everything()
    said = []
    for arguments in commands:
        done = place.json(*arguments)
        assert done.code == codes.get(" ".join(arguments), 0), (arguments, done.out, done.err)
        assert place.everything() == before, arguments
        said.append(done.err)
    return said


def test_beside_a_state_nothing_changes(applied: Place) -> None:
    applied.declare("acme", *TWO)
    leave_open(applied, "acme/administrator/a.one@x.example", "acme/organization")
    assert set(check(applied, CHECKS, {f"drift {MANIFESTS}": 2})) == {""}


def test_without_a_state_nothing_is_made(place: Place) -> None:
    place.declare("acme", *TWO)
    assert set(check(place, CHECKS, {f"drift {MANIFESTS}": 2, "show acme": 1})) == {""}
    assert sorted(entry.name for entry in place.folder.iterdir()) == [MANIFESTS]
    first = place.ok("plan", MANIFESTS).splitlines()[0]
    sentence = f"No stored state at sqlite:///{STATE}: everything counts as new, nothing can be removed or found drifted."
    assert first == sentence
    noted = place.json("plan", MANIFESTS).document["diagnostics"]
    assert (noted[0]["severity"], noted[0]["summary"]) == ("info", sentence)
    assert [finding["rule_id"] for finding in noted[1:]] == ["actor-unchecked"]


def test_beside_a_hot_journal_nothing_changes_and_the_next_apply_repairs_it(applied: Place, tmp_path: Path) -> None:
    applied.declare("acme", *TWO)
    killed = applied.run("apply", MANIFESTS, "--auto-approve", hooks=hook(tmp_path / "hooks", DIE_IN_A_TRANSACTION))
    assert killed.code == -signal.SIGKILL
    assert applied.state.with_name("state.db-journal").stat().st_size > 512
    said = check(applied, READING, {f"drift {MANIFESTS}": 2})
    assert all("a writer died in the middle of a change; reading a recovered copy" in words for words in said)
    assert applied.apply()["summary"]["delete"] == 1
    assert sorted(entry.name for entry in applied.state.parent.iterdir()) == ["state.db"]
    assert applied.json("verify").code == 0


def test_a_read_only_folder_is_enough_for_checks_and_told_by_apply(applied: Place) -> None:
    as_nobody_special = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and there is no setpriv to give that up")
        as_nobody_special = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    applied.declare("acme", *TWO)
    everywhere = [applied.folder, *applied.folder.rglob("*")]
    for path in everywhere:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = applied.everything()
    try:
        for arguments in (["plan", MANIFESTS], ["show"], ["verify"], ["history", "acme"], ["apply", MANIFESTS, "--auto-approve"]):
            line = [*as_nobody_special, *command(*arguments)]
            done = subprocess.run(line, cwd=applied.folder, env=environment(), capture_output=True, text=True, check=False)
            assert done.returncode == (1 if arguments[0] == "apply" else 0), done.stderr
            assert ("it cannot be written" in done.stderr) is (arguments[0] == "apply")
        assert applied.everything() == before
    finally:
        for path in everywhere:
            path.chmod(0o755 if path.is_dir() else 0o644)
