"""Verdicts: what was found about an organization when everything was last checked, kept until something it depends on changes.

A verdict is a memory of work, never a fact: it holds while the bytes, the tool and the stored state are those it was made with, and until
something ends by itself. Without it the same answer is found again. Tuples, not dataclasses: a fleet has one of each for every
organization, and a command that finds nothing changed reads little else.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Verdict(NamedTuple):
    """What was found about one organization, and against which inputs it has to be held.

    Attributes:
        organization: its name.
        sources: the manifests that speak of it, each a line `SHA256 NAME`, by name.
        outside: stored organizations it depends on that no manifest declares, each a line `DIGEST NAME`; `-` for one that is not stored.
        since: the instant it was found at, in microseconds after 1970 UTC; it says nothing of earlier ones.
        until: the first instant, likewise, at which something may come to be found by itself; None when nothing does.
        settled: the digest of the stored organization from which nothing would be changed; None when that is not known.
        declared: whether it has an Organization document.
        resources: how many resources are declared and live.
        people: how many people have access.
        findings: a JSON list in the form of `diagnostics`; empty when nothing was found.
    """

    organization: str
    sources: str
    outside: str
    since: int
    until: int | None
    settled: str | None
    declared: bool
    resources: int
    people: int
    findings: str


class Basis(NamedTuple):
    """What an organization is to the others, as it was when its verdict was found.

    Attributes:
        facts: what references to it ask, as JSON; empty without an Organization document.
        marks: of everything that it claims as its own, as `packed` gives it.
        asked: the names of the organizations that were asked about, one a line.
    """

    organization: str
    facts: str
    marks: bytes
    asked: str


def ticks(instant: datetime) -> int:
    """Return *instant* as microseconds after 1970 UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def packed(marks: Iterable[int]) -> bytes:
    """Return *marks*, each of 32 bits, as bytes; equal sets have equal bytes."""
    ordered = sorted(set(marks))
    return struct.pack(f"<{len(ordered)}I", *ordered)


def unpacked(data: bytes) -> tuple[int, ...]:
    """Return the marks that `packed` wrote.

    Raises:
        struct.error: these are none.
    """
    return struct.unpack(f"<{len(data) // 4}I", data)
