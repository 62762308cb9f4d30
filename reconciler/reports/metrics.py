"""What a sweep leaves for monitoring: gauges as OpenMetrics text, one file a run.

Every file is whole in itself and speaks of one run, so that all of it are gauges. What is not known is left out, never 0.
Source: OpenMetrics 1.0.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TextIO

from reconciler.model.results import Swept


def write_metrics(swept: Swept, out: TextIO) -> None:
    """Write the metrics of one sweep to *out*."""
    for name, unit, text, value in _gauges(swept):
        full = f"reconciler_{name}_{unit}" if unit else f"reconciler_{name}"
        out.write(f"# TYPE {full} gauge\n")
        if unit:
            out.write(f"# UNIT {full} {unit}\n")
        out.write(f"# HELP {full} {text}\n{full} {value}\n")
    out.write("# EOF\n")


def _gauges(swept: Swept) -> Iterator[tuple[str, str, str, int]]:
    done = swept.application
    yield "sweep_ended", "", "Ends of access that the last sweep recorded.", done.counts.expire
    yield "sweep_failed", "", "Ends of access that were due and that the last sweep could not record.", swept.failed
    if done.largest_lateness is not None or not done.counts.expire:
        yield "sweep_lateness", "seconds", "How late the latest end was that the last sweep recorded.", done.largest_lateness or 0
    if swept.overdue is not None:
        number, since = swept.overdue
        yield "overdue_organizations", "", "Organizations with an end that is due after the last sweep.", number
        yield "overdue", "seconds", "How long the longest of these had been due.", 0 if since is None else _seconds(since, swept.at)
    if swept.next_end is not None:
        yield "next_end", "seconds", "From the last sweep to the next end.", _seconds(swept.at, swept.next_end)
        yield "next_end_timestamp", "seconds", "When the next end is, since 1970.", _since_1970(swept.next_end)
    if done.interrupted is None:
        yield "sweep_completion_timestamp", "seconds", "When a sweep last went through all that was due, since 1970.", _since_1970(swept.at)


def _seconds(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds())


def _since_1970(instant: datetime) -> int:
    return int(instant.timestamp())
