"""Work spread over processes: the same results in the same order, every failure told, and nobody left behind."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing

import psutil
import pytest

from reconciler import workers
from reconciler.model.errors import ManifestError, UsageError, WorkerError
from reconciler.model.findings import Finding, Severity
from reconciler.workers import processes, spread
from tests.cli.running import ROOT, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

ITEMS = range(1000)


def every_third(items: Sequence[int]) -> Iterator[bytes]:
    """Give three results for some items, large ones among them, and none for the others."""
    for item in items:
        if item % 3 == 0:
            yield from (b"%d" % item, b"", b"%d" % item * (5000 if item % 100 == 0 else 1))


def children() -> set[int]:
    """Return the children of this process, the dead ones too."""
    return {child.pid for child in psutil.Process().children()}


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note who is there before a test, such as a database server for others."""
    monkeypatch.setitem(BEFORE, "children", children())


BEFORE: dict[str, set[int]] = {}


def nobody_is_left() -> bool:
    """Tell whether this process has no children of the test, not even dead ones."""
    return children() <= BEFORE["children"]


@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    assert list(spread(every_third, ITEMS, count)) == list(every_third(ITEMS))
    assert nobody_is_left()


def test_without_items_there_are_no_results() -> None:
    assert list(spread(every_third, [], 2)) == []


def test_what_is_raised_there_is_raised_here_when_it_is_its_turn() -> None:
    found = Finding(rule="one", severity=Severity.ERROR, message="five hundred")

    def refuse(items: Sequence[int]) -> Iterator[bytes]:
        yield b"begun"
        if 500 in items:
            raise ManifestError("refused", findings=[found])

    before: list[bytes] = []
    with pytest.raises(ManifestError) as raised:
        before.extend(spread(refuse, ITEMS, 2))
    assert raised.value.findings == (found,)
    assert "in a worker process:\nTraceback" in raised.value.__notes__[0]
    assert nobody_is_left()


def test_what_cannot_be_passed_on_is_told_as_text() -> None:
    class OddError(Exception):
        pass

    def refuse(_: Sequence[int]) -> list[bytes]:
        raise OddError("of its own kind")

    with pytest.raises(RuntimeError, match="OddError: of its own kind"):
        list(spread(refuse, ITEMS, 2))


def test_a_process_that_dies_is_no_end_of_its_results() -> None:
    def die(items: Sequence[int]) -> Iterator[bytes]:
        yield b"begun"
        if 500 in items:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WorkerError, match=r"a worker process ended before its work was done \(signal 9\)"):
        list(spread(die, ITEMS, 2))
    assert nobody_is_left()


def test_a_process_that_leaves_is_none_either() -> None:
    def leave(_: Sequence[int]) -> list[bytes]:
        os._exit(3)

    with pytest.raises(WorkerError, match=r"\(exit code 3\)"):
        list(spread(leave, ITEMS, 2))


def test_who_stops_reading_ends_the_work() -> None:
    def without_end(_: Sequence[int]) -> Iterator[bytes]:
        while True:
            yield b"more"

    with closing(spread(without_end, ITEMS, 2)) as results:
        assert next(results) == b"more"
    assert nobody_is_left()


def test_a_process_ends_without_the_care_that_its_parent_takes(capfd: pytest.CaptureFixture[str]) -> None:
    program = """
import atexit, sys
from reconciler.workers import spread
atexit.register(print, "the end")
sys.stdout.write("once ")
print(*[data.decode() for data in spread(lambda items: [b"x"], range(40), 2)], end=" ")
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment(), timeout=60, check=True)
    assert capfd.readouterr() == ("once x x x the end\n", "")


def test_nobody_outlives_the_parent() -> None:
    program = """
from reconciler.workers import spread
def without_end(items):
    while True:
        yield b"more"
for number, _ in enumerate(spread(without_end, range(1000), 3)):
    if number == 100:
        print("begun", flush=True)
"""
    # The end to write to is open as long as one of them lives.
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, pass_fds=[write_end]
    ) as parent:
        os.close(write_end)
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"begun\n"
        parent.kill()
        with os.fdopen(read_end) as alive:
            assert alive.read() == ""


def test_few_items_stay_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(workers.VARIABLE, "3")
    assert (processes(workers.WORTH_IT - 1), processes(workers.WORTH_IT)) == (1, 3)
    monkeypatch.setenv(workers.VARIABLE, "1")
    assert processes(10_000) == 1
    monkeypatch.delenv(workers.VARIABLE)
    assert processes(10_000) == min(len(os.sched_getaffinity(0)), workers.MOST)


def test_elsewhere_everything_stays_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(workers.VARIABLE, "3")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert processes(10_000) == 1


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", "\u0663"])
def test_a_number_of_processes_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(workers.VARIABLE, given)
    with pytest.raises(UsageError, match="is no number of processes"):
        processes(1)


def test_a_process_that_cannot_be_started_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("reconciler.workers.os.fork", full)
    with pytest.raises(WorkerError, match="no worker process could be started") as caught:
        list(spread(every_third, ITEMS, 2))
    assert caught.value.hint == "RECONCILER_WORKERS=1 does everything in one process"
    assert nobody_is_left()
