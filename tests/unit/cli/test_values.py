"""Values of options: what is taken, and what is said about anything else."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from reconciler.cli.clock import FixedClock, SystemClock, new_run_id, reading_clock
from reconciler.cli.types import Duration, Email, Instant, Label, PlanHash, Removals
from reconciler.model.errors import UsageError

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HASH = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Instant(), "2026-11-20T10:00:00+01:00", NOW),
        (Duration(), "0s", timedelta(0)),
        (Duration(), "5m", timedelta(minutes=5)),
        (Email(), "Alice@Acme.Example", "alice@acme.example"),
        (Label(), "tier=gold", ("tier", "gold")),
        (Label(), "tier=", ("tier", "")),
        (Label(), "a=b=c", ("a", "b=c")),
        (Removals(), "acme=0", ("acme", 0)),
        (Removals(), "all=120", ("all", 120)),
        (PlanHash(), HASH, HASH),
    ],
)
def test_a_value_is_converted_once_and_stays_itself(kind: click.ParamType[object], text: str, value: object) -> None:
    assert kind.convert(text, None, None) == value
    assert kind.convert(value, None, None) == value


@pytest.mark.parametrize(
    ("kind", "texts", "said"),
    [
        (Instant(), ["", "now", "2026-11-20", "2026-11-20T09:00:00", "2026-11-20 09:00:00Z"], "2026-11-20T09:00:00Z"),
        (Duration(), ["", "30", "s", "-1s", "1.5h", "30 s", "٣s"], "30s"),
        (Email(), ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n"], "no e-mail address"),
        (Label(), ["", "tier", "=gold"], "key=value"),
        (Removals(), ["", "acme", "acme=", "=3", "acme=-1", "acme=٣", "acme=1234567890", "acme=3 "], "N the exact number"),
        (PlanHash(), ["", HASH[:-1], HASH + "0", HASH.upper(), HASH + "\n"], "64 hexadecimal digits"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_refused_with_what_is_right(kind: click.ParamType[object], texts: list[str], said: str) -> None:
    for text in texts:
        with pytest.raises(click.BadParameter) as refusal:
            kind.convert(text, None, None)
        assert said in refusal.value.message


def test_the_clock_is_what_was_given_then_the_epoch_then_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert reading_clock(NOW).now() == NOW
    assert reading_clock(None).now() == datetime(1970, 1, 2, tzinfo=UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    clock = reading_clock(None)
    assert isinstance(clock, SystemClock)
    assert (clock.now().tzinfo, clock.now().microsecond) == (UTC, 0)
    for wrong in ("noon", "1.5", "1e400", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
        with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
            reading_clock(None)


def test_names_of_runs_sort_by_time_and_differ() -> None:
    earlier, later = new_run_id(NOW), new_run_id(NOW + timedelta(seconds=1))
    assert earlier < later
    assert len({new_run_id(NOW) for _ in range(100)}) == 100
    assert FixedClock(NOW).now() == NOW
