"""SIGINT and SIGTERM at every stage: at once while nothing is being changed, after the organization in flight while something is."""

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.holding import held
from tests.cli.running import MANIFESTS, TWO, Place, command, declare_fleet, environment, hook

AT_COMMIT = """
import os, signal
from reconciler.applying import door
from reconciler.stores.writer import SqlStore
door._BATCH = {batch}
perform = SqlStore.commit_all
def commit_all(self, lock, commits):
    if any(one.organization == "globex" for one in commits):
        for _ in range({times}):
            os.kill(os.getpid(), signal.{name})
    return perform(self, lock, commits)
SqlStore.commit_all = commit_all
"""

AT_PLAN = """
import os, signal
import reconciler.pipeline.judgements as judgements
check = judgements.check
def interrupted(*arguments):
    os.kill(os.getpid(), signal.{name})
    return check(*arguments)
judgements.check = interrupted
"""

AT_PARSE = """
import os, signal
import reconciler.manifests.events as events
class Loader(events.Loader):
    def get_event(self):
        os.kill(os.getpid(), signal.SIGINT)
        return super().get_event()
events.Loader = Loader
"""

AT_WAIT = """
import os, signal
import reconciler.stores.sqlite as sqlite
def pause(seconds):
    os.kill(os.getpid(), signal.SIGINT)
sqlite.open_store.__kwdefaults__["pause"] = pause
"""


@pytest.fixture
def fleet(place: Place) -> Place:
    declare_fleet(place, "acme", "globex", "initech")
    return place


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_during_a_plan_ends_it_at_once(fleet: Place, tmp_path: Path, name: str, code: int) -> None:
    hooks = hook(tmp_path / "hooks", AT_PLAN.format(name=name))
    text = fleet.run("plan", MANIFESTS, "--out", "plan.json", hooks=hooks)
    assert text.code == code
    assert text.failure == f"error: interrupted by {name}; nothing was changed [interrupted]\n"
    # An apply that is still planning has changed nothing either.
    done = fleet.json("apply", MANIFESTS, "--auto-approve", hooks=hooks)
    assert (done.code, done.summary()) == (code, f"interrupted by {name}; nothing was changed")
    assert sorted(path.name for path in fleet.folder.iterdir()) == [MANIFESTS]


def test_a_signal_while_a_manifest_is_parsed_is_no_syntax_error(fleet: Place, tmp_path: Path) -> None:
    done = fleet.json("validate", MANIFESTS, hooks=hook(tmp_path / "hooks", AT_PARSE))
    assert (done.code, done.summary()) == (130, "interrupted by SIGINT; nothing was changed")


def test_a_signal_from_outside_ends_what_waits_for_input(fleet: Place) -> None:
    with subprocess.Popen(
        command("plan", "-"), cwd=fleet.folder, env=environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        # More than a pipe holds: once it is written, the process has begun to read, and takes care of signals.
        process.stdin.write("#" * (1 << 17) + "\n")
        process.stdin.flush()
        while process.poll() is None:
            # Between two system calls Python notes a signal and goes on to wait; the next one wakes it.
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
        assert process.returncode == 143
        assert process.stderr.read().startswith("error: interrupted by SIGTERM; nothing was changed")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_during_an_apply_lets_the_organization_in_flight_finish(fleet: Place, tmp_path: Path, name: str, code: int) -> None:
    done = fleet.json("apply", MANIFESTS, "--auto-approve", hooks=hook(tmp_path / "hooks", AT_COMMIT.format(name=name, times=1, batch=1)))
    assert done.code == code
    assert done.document["interrupted"] == signal.Signals[name]
    became = {(outcome["address"].partition("/")[0], outcome["status"]) for outcome in done.document["outcomes"]}
    assert became == {("acme", "done"), ("globex", "done"), ("initech", "skipped")}
    verified = fleet.json("verify").document
    assert (verified["intact"], verified["locks"]) == (True, [])
    assert {outcome["address"].partition("/")[0] for outcome in fleet.apply()["outcomes"]} == {"initech"}


@pytest.mark.parametrize(("batch", "left"), [(1, {"globex", "initech"}), (100, {"acme", "globex", "initech"})])
def test_a_second_signal_stops_at_once_and_leaves_nothing_half_recorded(fleet: Place, tmp_path: Path, batch: int, left: set[str]) -> None:
    hooks = hook(tmp_path / "hooks", AT_COMMIT.format(name="SIGINT", times=2, batch=batch))
    text = fleet.run("apply", MANIFESTS, "--auto-approve", hooks=hooks)
    assert text.code == 130
    assert "error: interrupted again, by SIGINT, before the change in flight was finished" in text.failure
    verified = fleet.json("verify").document
    assert (verified["intact"], verified["organizations"], verified["locks"]) == (True, 3 - len(left), [])
    assert {outcome["address"].partition("/")[0] for outcome in fleet.apply()["outcomes"]} == left


def test_a_signal_while_a_lock_is_waited_for_ends_the_waiting(applied: Place, tmp_path: Path) -> None:
    applied.declare("acme", *TWO)
    with held(applied, "acme"):
        done = applied.json("apply", MANIFESTS, "--auto-approve", hooks=hook(tmp_path / "hooks", AT_WAIT))
    assert (done.code, done.summary()) == (130, "interrupted by SIGINT; nothing was changed")
    assert applied.json("plan", MANIFESTS).document["summary"]["delete"] == 1
