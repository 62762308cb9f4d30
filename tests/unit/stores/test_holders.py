"""Who is certainly gone: only a process that would be seen here, or one from before the last boot of the only machine there is."""

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest

from reconciler.stores import here, holders
from reconciler.stores.holders import is_dead, is_local

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINE = here("apply", "1.0", NOW)
GONE = replace(MINE, process_started=MINE.process_started + 60)
"""The pid is that of another process: whoever held it is gone."""


def test_this_process_is_here_and_alive() -> None:
    assert (MINE.host, MINE.pid) == (socket.gethostname(), os.getpid())
    assert is_local(MINE)
    assert not is_dead(MINE, one_machine=True)
    assert is_dead(GONE, one_machine=False)


def test_a_start_is_counted_from_the_boot_so_that_a_clock_that_is_set_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    if not MINE.machine:
        pytest.skip("this system does not tell its boot")
    assert 0 < MINE.process_started < MINE.since.timestamp()
    boot = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 3600)
    assert not is_dead(MINE, one_machine=True)


@pytest.mark.parametrize(
    ("host", "machine", "one_machine", "dead"),
    [
        ("here", "this boot/these", True, True),
        ("here", "this boot/these", False, True),
        ("here", "this boot/others", True, False),
        ("here", "this boot/others", False, False),
        ("here", "that boot/these", True, True),
        ("here", "that boot/these", False, False),
        ("there", "this boot/these", True, False),
        ("there", "that boot/these", True, False),
    ],
)
def test_who_cannot_be_seen_from_here_may_be_alive(
    monkeypatch: pytest.MonkeyPatch, host: str, machine: str, *, one_machine: bool, dead: bool
) -> None:
    monkeypatch.setattr(holders, "_machine", lambda: "this boot/these")
    far = replace(GONE, host=socket.gethostname() if host == "here" else "there", machine=machine)
    assert is_dead(far, one_machine=one_machine) is dead


def test_where_the_system_tells_no_machine_host_and_start_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders, "_machine", lambda: "")
    plain = here("apply", "1.0", NOW)
    assert plain.process_started > 1_000_000_000
    assert not is_dead(plain, one_machine=True)
    assert is_dead(replace(plain, process_started=plain.process_started - 60), one_machine=False)
    # A holder that names a machine was noted elsewhere, or by another system: nothing is known of it here.
    assert not is_dead(replace(plain, machine="some boot/some"), one_machine=True)
