"""The clock of a run: it never shows less than is recorded, and what is recorded never goes back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.applying import FlooredClock, apply_plan
from reconciler.model.changes import Status
from reconciler.model.errors import RefusedError
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    ALICE,
    BOB,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_fleet_for,
    a_grant,
    a_record,
    a_run,
    a_store,
    an_administrator,
    an_organization,
)
from tests.fakes.clock import FixedClock
from tests.fakes.target import RecordingTarget


class JumpingClock:
    """Shows *instants* one after the other, then the last for ever."""

    def __init__(self, *instants: datetime) -> None:
        self._left: Iterator[datetime] = iter(instants)
        self._last = instants[-1]

    def now(self) -> datetime:
        return next(self._left, self._last)


@given(st.lists(st.integers(-86400, 86400), min_size=1), st.none() | st.integers(-86400, 86400))
def test_it_never_goes_back_nor_below_its_floor_and_follows_a_clock_that_is_ahead(jumps: list[int], floor: int | None) -> None:
    instants = [NOW + timedelta(seconds=jump) for jump in jumps]
    low = None if floor is None else NOW + timedelta(seconds=floor)
    clock = FlooredClock(JumpingClock(*instants), low)
    shown = [clock.now() for _ in instants]
    assert all(before <= after for before, after in pairwise(shown))
    assert all(seen >= instant for seen, instant in zip(shown, instants, strict=True))
    assert set(shown) <= {*instants, low}


def test_what_is_recorded_never_goes_back_though_the_clock_does() -> None:
    store = a_store(an_organization(ALICE, BOB))
    store.note("globex", [a_record(at=NOW + 90 * SECOND)])
    clock = JumpingClock(NOW + MINUTE, NOW + MINUTE, NOW, NOW + MINUTE, NOW - HOUR)
    apply_plan(a_fleet_for(store, an_organization(ALICE)), store, a_run(target=NoTarget(), clock=clock))
    *_, last = store.entries("acme")
    assert last.record.at == NOW + 90 * SECOND


@pytest.mark.parametrize("behind", [121 * SECOND, HOUR, 24 * HOUR])
def test_a_clock_that_was_set_back_widens_nothing_and_names_both_instants(behind: timedelta) -> None:
    store = a_store(an_organization(ALICE))
    fleet = a_fleet_for(store, an_organization(ALICE, BOB))
    with pytest.raises(RefusedError) as caught:
        apply_plan(fleet, store, a_run(target=NoTarget(), clock=FixedClock(NOW - behind)))
    (refusal,) = caught.value.findings
    assert refusal.rule == "clock-set-back"
    assert "2026-11-20T09:30:00Z" in refusal.message
    assert f"{NOW - behind:%Y-%m-%dT%H:%M:%SZ}" in refusal.message
    assert store.read("acme").serial == 1
    assert store.locks() == []


def test_clocks_may_differ_a_little() -> None:
    store = a_store(an_organization(ALICE))
    apply_plan(a_fleet_for(store, an_organization(ALICE, BOB)), store, a_run(target=NoTarget(), clock=FixedClock(NOW - 120 * SECOND)))
    assert store.read("acme").serial == 2


def test_what_only_takes_access_away_goes_on_by_the_later_clock() -> None:
    eve = an_administrator("eve@acme.example", "device-administrator", expires_at=NOW - MINUTE)
    store = a_store(an_organization(ALICE, BOB, eve, grants=[a_grant()]))
    target = RecordingTarget()
    fleet = a_fleet_for(store, an_organization(ALICE, grants=[a_grant(revoked_at=NOW - SECOND)]))
    application = apply_plan(fleet, store, a_run(target=target, clock=FixedClock(NOW - 24 * HOUR)))
    assert {(it.address.rpartition("/")[2], it.status, it.at) for it in application.outcomes()} == {
        ("bob@acme.example", Status.DONE, NOW),
        ("eve@acme.example", Status.DONE, NOW),
        ("inc-1", Status.DONE, NOW),
    }
