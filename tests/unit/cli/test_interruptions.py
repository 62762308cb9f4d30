"""Signals: at once before anything is written, remembered once something is, at once when they insist."""

import os
import signal
from collections.abc import Iterator

import pytest

from reconciler.cli.signals import Interruption, Signals


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    made = Signals()
    made.install()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_anything_is_written_a_signal_interrupts(signals: Signals, number: signal.Signals) -> None:
    with pytest.raises(Interruption) as interruption:
        os.kill(os.getpid(), number)
    assert interruption.value.error.signal_number == number
    assert interruption.value.error.message == f"interrupted by {number.name}; nothing was changed"


def test_no_handler_of_ordinary_failures_sees_an_interruption() -> None:
    assert not issubclass(Interruption, Exception)


def test_whoever_asks_whether_to_stop_is_told_and_only_a_second_signal_interrupts(signals: Signals) -> None:
    assert signals.asked() is None
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.asked() == signal.SIGTERM
    with pytest.raises(Interruption, match="interrupted again, by SIGINT"):
        os.kill(os.getpid(), signal.SIGINT)
