"""Grants for people: what a step wrote and what comes next; the list, with what is left of the time."""

from datetime import datetime, timedelta
from shlex import quote
from typing import Final

from reconciler.model.instants import format_instant
from reconciler.model.resources import GrantStatus
from reconciler.model.results import Grants, GrantStep, ListedEnd, ListedGrant
from reconciler.reports import style as styles
from reconciler.reports.grants import LIVING, seconds_left
from reconciler.reports.text.page import Page, columns, count
from reconciler.reports.visible import visible

_BAR: Final = 8
_FULL: Final = timedelta(hours=1)
"""What a whole bar stands for: the life of a request, and the longest access."""
_VERBS: Final = {"request": "Requested", "approve": "Approved", "deny": "Denied", "revoke": "Revoked"}
_TITLES: Final = ("GRANT", "ORGANIZATION", "AGENT", "STATUS", "REMAINING", "END", "DECIDED BY")
_PEOPLE_TITLES: Final = ("ADMINISTRATOR", "ORGANIZATION", "REMAINING", "END")


def grant_step(page: Page, result: GrantStep) -> None:
    """Write what the file says now, that it is not in effect, and the next commands."""
    grant = result.grant
    who = f"{visible(grant.agent_email)} ({visible(grant.agent_type)}) in {visible(grant.organization)}"
    verb = page.paint(f"{_VERBS[result.operation]} {visible(grant.name)}", styles.BOLD)
    page.line(f"{verb}: {who}{_decision(result)}.")
    page.line(f"Written to {visible(result.file)}. Nothing takes effect before apply.")
    if result.platform_end is not None:
        said = (
            f"Webex itself ends this access {format_instant(result.platform_end)}; the earlier end has to be enforced by revoking it there."
        )
        page.paragraph(said, 0)
    page.heading("Next:")
    file = visible(quote(result.file))
    if result.operation == "request":
        page.line(f"  reconciler grant approve {file} --by EMAIL")
    page.line(f"  reconciler apply {file}")


def _decision(result: GrantStep) -> str:
    grant = result.grant
    match result.operation:
        case "request":
            return f", asked for {format_instant(grant.requested_at)}"
        case "approve":
            return f" until {_shown(grant.expires_at)}, by {visible(grant.approved_by or '')}"
        case "deny":
            return f", {_shown(grant.denied_at)} by {visible(grant.denied_by or '')}"
        case _:
            return f" ends {_shown(grant.revoked_at)} instead of {_shown(grant.expires_at)}"


def _shown(instant: datetime | None) -> str:
    return "" if instant is None else format_instant(instant)


def grants(page: Page, result: Grants) -> None:
    """Write both tables and how many there are of each."""
    page.no_stored_state(result.lineage, result.location)
    if result.grants:
        _table(page, _TITLES, [_row(page, one, result.at) for one in result.grants])
    if result.administrators:
        _table(page, _PEOPLE_TITLES, [_person(one, result.at) for one in result.administrators])
    page.gap()
    within = "" if result.ending is None else f" ending within {lasting(result.ending)}"
    counted = [(sum(one.status is status for one in result.grants), status.value) for status in GrantStatus]
    numbers = ", ".join(f"{number} {word}" for number, word in counted if number)
    page.line(f"{count(len(result.grants), 'grant')}{within}{f': {numbers}' if numbers else ''}.")
    people = count(len(result.administrators), "administrator")
    page.line(f"{people}{within or ' whose access has an end'}.")
    page.line(f"As of {format_instant(result.at)}.")


def _table(page: Page, titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    page.gap()
    title, *lines = columns([titles, *rows])
    page.line(page.paint(title, styles.BOLD))
    for line in lines:
        page.line(line)


def _row(page: Page, one: ListedGrant, at: datetime) -> tuple[str, ...]:
    grant = one.grant
    return (
        visible(grant.name),
        visible(grant.organization),
        visible(grant.agent_email),
        one.status.value,
        _remaining(page, one, at),
        format_instant(one.end),
        visible(grant.approved_by or grant.denied_by or "-"),
    )


def _remaining(page: Page, one: ListedGrant, at: datetime) -> str:
    if one.status in LIVING:
        left = timedelta(seconds=seconds_left(one.end, at))
        said = f"{lasting(left)}{' to decide' if one.status is GrantStatus.PENDING else ''}"
        return f"{bar(left)} {said}" if page.bars else said
    word = "lapsed" if one.status is GrantStatus.LAPSED else "denied" if one.status is GrantStatus.DENIED else "ended"
    return _past(word, one.end, at, recorded=one.recorded)


def _person(one: ListedEnd, at: datetime) -> tuple[str, ...]:
    left = lasting(one.end - at) if at < one.end else _past("ended", one.end, at, recorded=False)
    return visible(one.person), visible(one.organization), left, format_instant(one.end)


def _past(word: str, end: datetime, at: datetime, *, recorded: bool) -> str:
    return f"{word} {lasting(at - end)} ago{'' if recorded else ', not yet recorded'}"


def bar(left: timedelta) -> str:
    """Return what is left of an hour as a bar; something is left as long as there is a cell."""
    cells = min(_BAR, -(-left * _BAR // _FULL))
    return "█" * cells + "░" * (_BAR - cells)


def lasting(length: timedelta) -> str:
    """Return a length of time in its two greatest units, rounded down: `26 min`, `1 h 5 min`, `12 d`."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return f"{minutes} min"
    great, small = (f"{hours} h", f"{minutes % 60} min") if days < 1 else (f"{days} d", f"{hours % 24} h")
    return great if small.startswith("0 ") else f"{great} {small}"
