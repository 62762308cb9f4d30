"""Instants: strict RFC 3339 in, UTC inside, `Z` out.

An unreadable time is an error, never "no expiry": `datetime.fromisoformat` accepts far more than RFC 3339
(dates alone, no offset, week dates) and is therefore not used.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPANS = (("d", 86400), ("h", 3600), ("min", 60))


@lru_cache(maxsize=256)  # the checks and the model read the same instants of a manifest, and people who come together go together
def parse_instant(text: str) -> datetime:
    """Return the instant that *text* names, in UTC.

    Args:
        text: RFC 3339 with seconds and an offset (`Z` or `+hh:mm`), upper-case `T` and `Z`,
            at most six digits of a second's fraction.

    Raises:
        ValueError: anything else; the message says what is missing or out of range.

    Source: RFC 3339, section 5.6; leap seconds (`:60`) and offsets beyond 23:59 are refused.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(_why_unreadable(text))
    *parts, fraction, sign, offset_hours, offset_minutes = match.groups()
    year, month, day, hour, minute, second = map(int, parts)
    zone: timezone = UTC
    if sign is not None:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise ValueError(f"offset {sign}{offset_hours}:{offset_minutes} is out of range")
        shift = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
        zone = timezone(-shift if sign == "-" else shift)
    microsecond = int(fraction.ljust(6, "0")) if fraction else 0
    try:
        local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
        return local if zone is UTC else local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no such instant: {error}") from error


def _why_unreadable(text: str) -> str:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return "a date alone is no instant: the time and an offset are missing"
    if re.fullmatch(r"[0-9-]{10}[T ][0-9:.]{8,}", text, re.ASCII):
        return "the offset is missing"
    if re.fullmatch(r"[0-9-]{10}T[0-9:]{5}(Z|[+-][0-9:]{5})", text, re.ASCII):
        return "the seconds are missing"
    if re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{7,}.*", text, re.ASCII):
        return "a second has at most six digits after the point"
    return "not an RFC 3339 time"


def format_instant(instant: datetime) -> str:
    """Return *instant* as RFC 3339 in UTC with `Z`; a fraction appears only when there is one."""
    moment = instant.astimezone(UTC)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return text + "Z"


def parse_duration(text: str) -> timedelta:
    """Return the length of time that *text* names: a whole number and one of `s`, `m`, `h`, `d` (`30s`, `5m`).

    Raises:
        ValueError: *text* is not of that form.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("a duration is a number and a unit, such as 30s, 5m, 1h or 30d")
    try:
        return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    except OverflowError as error:
        raise ValueError("this duration is too long") from error


def span_text(span: timedelta) -> str:
    """Return a length of time for people: whole, in the largest unit of which there are at least two (`119 s`, `2 min`, `47 h`, `3 d`)."""
    seconds = int(span.total_seconds())
    unit, length = next(((unit, length) for unit, length in _SPANS if seconds >= 2 * length), ("s", 1))
    return f"{seconds // length} {unit}"
