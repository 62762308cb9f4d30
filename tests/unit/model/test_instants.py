"""Instants: strict RFC 3339 in, UTC inside, `Z` out; an unreadable time is an error with a reason, never "no end"."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.instants import format_instant, parse_duration, parse_instant

HOSTILE = {
    "": "not an RFC 3339 time",
    "true": "not an RFC 3339 time",
    "1795169674": "not an RFC 3339 time",
    "never": "not an RFC 3339 time",
    "tommorow": "not an RFC 3339 time",
    "in 1 hour": "not an RFC 3339 time",
    "1 hour": "not an RFC 3339 time",
    "90": "not an RFC 3339 time",
    "PT1H": "not an RFC 3339 time",
    "2026-11-20": "a date alone is no instant: the time and an offset are missing",
    "2026-11-20T10:10:00": "the offset is missing",
    "2026-11-20 10:10:00": "the offset is missing",
    "2026-11-20 10:10:00Z": "not an RFC 3339 time",
    "2026-11-20t10:10:00Z": "not an RFC 3339 time",
    "2026-11-20T10:10:00z": "not an RFC 3339 time",
    "2026-11-20T10:10Z": "the seconds are missing",
    "2026-11-20T12Z": "not an RFC 3339 time",
    "20261120T101000Z": "not an RFC 3339 time",
    "2026-W47-5T10:10:00Z": "not an RFC 3339 time",
    "02/03/2027": "not an RFC 3339 time",
    "2026-13-01T00:00:00Z": "no such instant: month must be in 1..12",
    "2026-09-31T00:00:00Z": "no such instant: day is out of range for month",
    "2026-11-20T24:00:00Z": "no such instant: hour must be in 0..23",
    "2026-11-20T10:10:60Z": "no such instant: second must be in 0..59",
    "0000-01-01T00:00:00Z": "no such instant: year 0 is out of range",
    "2026-11-20T10:10:00+99:99": "offset +99:99 is out of range",
    "2026-11-20T10:10:00-00:60": "offset -00:60 is out of range",
    "2026-11-20T10:10:00+01:00:30": "not an RFC 3339 time",
    "2026-11-20T10:10:00+0100": "not an RFC 3339 time",
    "2026-11-20T10:10:00.Z": "not an RFC 3339 time",
    "2026-11-20T10:10:00.1234567Z": "a second has at most six digits after the point",
    "2026-11-20T10:10:00,5Z": "not an RFC 3339 time",
    "2026-11-20T10:10:00Z\n": "not an RFC 3339 time",
    " 2026-11-20T10:10:00Z": "not an RFC 3339 time",
    "２０２６-11-20T10:10:00Z": "not an RFC 3339 time",
    "2026-11-20T10:10:0٣Z": "not an RFC 3339 time",
    "9999-12-31T23:59:59-01:00": "no such instant: date value out of range",
    "0001-01-01T00:00:00+01:00": "no such instant: date value out of range",
}


@pytest.mark.parametrize(("text", "reason"), HOSTILE.items(), ids=list(map(ascii, HOSTILE)))
def test_a_hostile_instant_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_instant(text)
    assert str(caught.value).startswith(reason.rpartition(" is out of range")[0] or reason)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20T10:10:00Z", datetime(2026, 11, 20, 10, 10, tzinfo=UTC)),
        ("2026-11-20T11:10:00+01:00", datetime(2026, 11, 20, 10, 10, tzinfo=UTC)),
        ("2026-11-19T10:11:00-23:59", datetime(2026, 11, 20, 10, 10, tzinfo=UTC)),
        ("2028-02-29T00:00:00.5Z", datetime(2028, 2, 29, microsecond=500_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_into_utc(text: str, instant: datetime) -> None:
    read = parse_instant(text)
    assert read == instant
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 20, 10, 10, tzinfo=UTC), "2026-11-20T10:10:00Z"),
        (datetime(2026, 11, 20, 10, 10, microsecond=120, tzinfo=UTC), "2026-11-20T10:10:00.00012Z"),
        (datetime(7, 1, 1, tzinfo=UTC), "0007-01-01T00:00:00Z"),
    ],
)
def test_an_instant_is_written_with_z_and_a_fraction_only_when_there_is_one(instant: datetime, text: str) -> None:
    assert format_instant(instant) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_reads_as_the_same_instant(instant: datetime) -> None:
    assert parse_instant(format_instant(instant)) == instant


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    try:
        read = parse_instant(text)
    except ValueError:
        return
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta(0)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("1h", timedelta(hours=1)),
        ("30d", timedelta(30)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1.5h", "1w", "30 s", "30S", "٣s", "30s\n", "9999999999s"])
def test_any_other_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)
