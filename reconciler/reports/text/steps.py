"""Manual steps: one line each, with the address that `attest` takes, what is to be done, and the rule that asks for it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from reconciler.model.changes import FollowUp, ManualStep, Plan, place_of
from reconciler.model.instants import format_instant
from reconciler.reports.text.page import Page, count
from reconciler.reports.visible import display_width, pad, visible

_SHOWN: Final = 10
"""So many of the steps that earlier runs left open are listed in the report of something else."""

_ADDRESS: Final = 64
"""The column of addresses is at most this wide; a longer one sticks out, because people copy them."""


def address_width(steps: Iterable[ManualStep | FollowUp]) -> int:
    """Return how wide the column of addresses has to be, 0 without any step."""
    return min(max((display_width(visible(step.address)) for step in steps), default=0), _ADDRESS)


def by_hand(page: Page, plans: Iterable[Plan], width: int) -> None:
    """Write what *plans* leave to people, of whom there is some; *width* is that of the addresses."""
    page.heading("By hand:")
    for part in plans:
        for step in sorted(part.steps, key=place_of):
            _line(page, step, width)


def left_open(page: Page, follow_ups: Callable[[], Iterator[FollowUp]]) -> None:
    """Write what a run left open, and how it is closed."""
    width = address_width(follow_ups())
    if width:
        page.heading("Left open by this run:")
        for follow_up in follow_ups():
            _line(page, follow_up, width)
        _way_out(page)


def still_open(page: Page, follow_ups: Iterable[FollowUp]) -> None:
    """Write what earlier runs left open, as far as it fits in, and how it is closed."""
    rest = iter(follow_ups)
    shown = list(islice(rest, _SHOWN))
    if not shown:
        return
    page.heading("Still open from earlier runs:")
    _lines(page, shown)
    more = sum(1 for _ in rest)
    if more:
        page.line(f"  and {more} more: reconciler show ORG")
    _way_out(page)


def open_in(page: Page, follow_ups: Sequence[FollowUp]) -> None:
    """Write what is open in one organization, since when, and how it is closed."""
    page.heading(f"Follow-ups ({len(follow_ups)})")
    width = address_width(follow_ups)
    for follow_up in follow_ups:
        _line(page, follow_up, width, f"# since {format_instant(follow_up.since)} ")
    if follow_ups:
        _way_out(page)


def attested(page: Page, follow_ups: Sequence[FollowUp]) -> None:
    """Write what is open no longer."""
    page.heading(f"Attested {count(len(follow_ups), 'follow-up')}:")
    _lines(page, follow_ups)


def _lines(page: Page, steps: Sequence[FollowUp]) -> None:
    width = address_width(steps)
    for step in steps:
        _line(page, step, width)


def _line(page: Page, step: ManualStep | FollowUp, width: int, note: str = "") -> None:
    page.hang(f"  {pad(visible(step.address), width)}  ", visible(step.summary).split(), note=f"{note}[{visible(step.rule)}]")


def _way_out(page: Page) -> None:
    page.line("  To close one that was done: reconciler attest ADDRESS --note TEXT")
