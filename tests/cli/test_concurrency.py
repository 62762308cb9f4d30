"""Several runs at once: of one organization one wins, of different ones all do; nothing is lost, nothing is done twice."""

import os
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.engines import ENGINES, over
from tests.cli.running import MANIFESTS, NOW, SECONDS, TWO, Done, Place, command, declare_fleet, document_of, environment, hook

RUNNERS = 8


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    folder = tmp_path / "here"
    folder.mkdir()
    return over(Place(folder), request.param, request)


@pytest.fixture
def applied(place: Place) -> Place:
    declare_fleet(place, "acme", "globex", "initech")
    place.apply()
    return place


def together(place: Place, *runs: Sequence[str]) -> list[Done]:
    """Run several commands at once."""
    processes = [
        subprocess.Popen(
            command(*arguments, "--format", "json"),
            cwd=place.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for arguments in runs
    ]
    ended = [(process, *process.communicate(timeout=SECONDS)) for process in processes]
    return [Done(process.returncode, out, err) for process, out, err in ended]


def changes_of(place: Place) -> Counter[str]:
    """Count the changes of each address that the journal speaks of."""
    entries = place.json("history").document["entries"]
    return Counter(entry["address"] for entry in entries if "actions" in entry)


def test_of_runs_that_do_the_same_exactly_one_does_it(place: Place) -> None:
    place.declare("acme", *TWO)
    place.declare("globex", *TWO)
    done = together(place, *[["apply", MANIFESTS, "--auto-approve"]] * 3)
    assert [run.code for run in done] == [0, 0, 0], [run.out for run in done]
    assert sorted(run.document["summary"]["create"] for run in done) == [0, 0, 6]
    assert set(changes_of(place).values()) == {1}
    assert place.json("verify").document["locks"] == []


def test_of_runs_that_do_not_wait_the_others_say_who_is_at_work_or_that_nothing_is_left(applied: Place) -> None:
    applied.declare("acme", *TWO)
    plan_hash = applied.json("plan", MANIFESTS).document["plan_hash"]
    done = together(applied, *[["apply", MANIFESTS, "--expect", plan_hash, "--lock-timeout", "0s"]] * 3)
    codes = Counter(run.code for run in done)
    assert codes[0] >= 1
    assert set(codes) <= {0, 4, 5}
    assert sum(run.document["summary"]["delete"] for run in done if run.code == 0) == 1
    assert changes_of(applied)["acme/administrator/c.three@acme.example"] == 2
    assert applied.json("verify").code == 0


def test_runs_of_different_organizations_do_not_disturb_each_other(applied: Place) -> None:
    names = ("acme", "globex", "initech")
    for name in names:
        applied.declare(name, *TWO)
    done = together(applied, *(["apply", MANIFESTS, "--auto-approve", "--org", name] for name in names), ["verify"])
    assert [run.code for run in done] == [0, 0, 0, 0], [run.out + run.err for run in done]
    assert [document_of(run.out)["summary"]["delete"] for run in done[:3]] == [1, 1, 1]
    assert applied.json("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert applied.json("verify").code == 0


def test_eight_runners_lose_nothing_and_double_nothing(place: Place) -> None:
    names = [f"org-{number}" for number in range(2 * RUNNERS)]
    declare_fleet(place, *names)
    own = [names[number::RUNNERS] for number in range(RUNNERS)]
    # Each applies two organizations of its own, and one that its neighbor applies as well.
    wanted = [[*mine, own[number - 1][0]] for number, mine in enumerate(own)]
    runs = [["apply", MANIFESTS, "--auto-approve", *(f"--org={name}" for name in mine)] for mine in wanted]
    done = together(place, *runs)
    assert [run.code for run in done] == [0] * RUNNERS, [run.out + run.err for run in done]
    people = 4
    assert sum(run.document["summary"]["create"] for run in done) == len(names) * people
    assert set(changes_of(place).values()) == {1}
    verified = place.json("verify").document
    assert (verified["intact"], verified["organizations"], verified["entries"], verified["locks"]) == (
        True,
        len(names),
        len(names) * people,
        [],
    )
    assert place.json("plan", MANIFESTS, "--detailed-exitcode").code == 0


def test_of_runs_that_do_not_wait_each_takes_its_turn_or_names_who_is_at_work(place: Place) -> None:
    place.declare("acme", *TWO)
    place.ok("apply", MANIFESTS, "--auto-approve")
    place.declare("acme", TWO[0], "c.three@acme.example")
    done = together(place, *[["apply", MANIFESTS, "--auto-approve", "--lock-timeout", "0s"]] * 4)
    for run in done:
        assert run.code in {0, 5}, run.out + run.err
        if run.code == 5:
            (lock,) = run.document["locks"]
            assert (lock["host"], lock["operation"], lock["organizations"]) == (socket.gethostname(), "apply", ["acme"])
            assert f"pid {lock['pid']} on {lock['host']}" in run.summary()
    assert sum(run.document["summary"]["create"] for run in done if run.code == 0) == 1
    entries = place.json("history").document["entries"]
    made = Counter((entry["address"], *entry["actions"]) for entry in entries if "actions" in entry)
    assert set(made.values()) == {1}
    verified = place.json("verify")
    assert (verified.code, verified.document["locks"]) == (0, [])


# A run on another machine, for all that this one can tell, that is stopped when it has its lock and is about to record its change.
STOPPED = """
import os, signal, socket
from sqlalchemy import event
from sqlalchemy.engine import Engine
socket.gethostname = lambda: "elsewhere.example"
left = 2
def stop(connection, cursor, statement, *_):
    global left
    # On SQLite it has just taken its lock in the transaction before; on PostgreSQL this is the first statement of the next one.
    met = 1 if statement == "BEGIN IMMEDIATE" else 2 if "FROM locks" in statement and "FOR UPDATE" in statement else 0
    left -= met
    if met and left == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
event.listen(Engine, "before_cursor_execute", stop)
"""


def told(place: Place) -> list[str]:
    """Return what the reading commands say."""
    return [place.ok(*reading, "--format", "json") for reading in (["show", "acme", "--now", NOW], ["history"], ["verify"])]


def test_a_run_that_slept_while_its_lock_was_released_writes_nothing(place: Place, tmp_path: Path) -> None:
    place.declare("acme", *TWO)
    place.ok("apply", MANIFESTS, "--auto-approve")
    place.declare("acme", *TWO, "c.three@acme.example")
    hooks = hook(tmp_path / "hooks", STOPPED)
    arguments = command("apply", MANIFESTS, "--auto-approve", "--format", "json")
    environ, pipe = environment(hooks=hooks), subprocess.PIPE
    sleeper = subprocess.Popen(arguments, cwd=place.folder, env=environ, stdout=pipe, stderr=pipe, encoding="utf-8")
    try:
        assert os.WIFSTOPPED(os.waitpid(sleeper.pid, os.WUNTRACED)[1])
        refused = place.json("apply", MANIFESTS, "--auto-approve", "--lock-timeout", "0s")
        assert (refused.code, refused.document["locks"][0]["host"]) == (5, "elsewhere.example")
        place.ok("unlock", refused.document["locks"][0]["id"])
        # What the second one records is something else, so that the two can be told apart.
        place.declare("acme", *TWO, "d.four@acme.example")
        assert place.json("apply", MANIFESTS, "--auto-approve").document["summary"]["create"] == 1
        after = told(place)
        sleeper.send_signal(signal.SIGCONT)
        out, err = sleeper.communicate(timeout=SECONDS)
    finally:
        sleeper.kill()
    woken = Done(sleeper.returncode, out, err)
    assert woken.code == 1, out + err
    assert {outcome["status"] for outcome in woken.document["outcomes"]} == {"failed"}
    assert "is no longer held; nothing was written" in out
    assert told(place) == after
