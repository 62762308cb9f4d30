"""The answer of `show`: the list of stored organizations, or one of them as a card."""

from datetime import datetime

from reconciler.model.documents import administrator_document, grant_document, settings_document
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import grant_end, grant_status
from reconciler.model.resources import Administrator, Grant, GrantStatus
from reconciler.model.results import Organizations, StateOf, StoredOrganization
from reconciler.reports import style as styles
from reconciler.reports.text import words
from reconciler.reports.text.findings import findings
from reconciler.reports.text.page import Page, columns, count, widest
from reconciler.reports.text.steps import open_in
from reconciler.reports.visible import pad, visible

_STATUS_COLORS = {GrantStatus.ACTIVE: styles.YELLOW, GrantStatus.PENDING: styles.CYAN}
_TITLES = ("ORGANIZATION", "TYPE", "SERIAL", "ADMINISTRATORS", "GRANTS", "FOLLOW-UPS", "NEXT END", "DISPLAY NAME")
_NUMBERS = (2, 3, 4, 5)


def organizations(page: Page, result: Organizations) -> None:
    """Write the table of all stored organizations."""
    page.no_stored_state(result.lineage, result.location)
    rows = [_row(stored) for stored in result.organizations()]
    if rows:
        page.gap()
        title, *lines = columns([_TITLES, *rows], right=_NUMBERS)
        page.line(page.paint(title, styles.BOLD))
        for line in lines:
            page.line(line)
    findings(page, result.findings)
    page.gap()
    page.line(f"{count(len(rows), 'organization')}{f', lineage {visible(result.lineage)}' if result.lineage else ''}.")


def _row(stored: StoredOrganization) -> tuple[str, ...]:
    head = stored.head
    if head.digest is None:
        return (visible(head.name), "forgotten", str(head.serial), "-", "-", "-", "", "")
    return (
        visible(head.name),
        visible(stored.type or "unknown"),
        str(head.serial),
        "unknown" if stored.administrators is None else str(stored.administrators),
        str(stored.grants),
        str(len(head.follow_ups)),
        "-" if head.next_end is None else format_instant(head.next_end),
        words.value(stored.display_name) if stored.display_name else "",
    )


def state(page: Page, result: StateOf) -> None:
    """Write one organization: what it is, who administers it, who is elevated, what is left to do."""
    stored = result.organization
    known = None if stored.settings is None else settings_document(stored.settings)
    kind = "settings unknown" if known is None else " ".join(words.relationship(known))
    page.heading(visible(stored.name), f" (serial {result.serial})")
    page.hang("  ", kind.split())
    if known is not None:
        page.details(list(words.settings(known)), indent=2)
    page.gap()
    _people(page, result)
    grants = sorted(stored.grants.values(), key=lambda grant: (grant.requested_at, grant.name))
    page.heading(f"Elevation grants ({len(grants)})")
    if grants:
        width = widest([visible(grant.name) for grant in grants])
        for grant in grants:
            _grant(page, grant, width, result.now)
    open_in(page, result.follow_ups)
    findings(page, result.findings)
    page.gap()
    page.line(f"Lineage: {visible(result.lineage)}")


def _people(page: Page, result: StateOf) -> None:
    people = result.organization.administrators
    if people is None:
        page.line(page.paint("Administrators", styles.BOLD) + ": never recorded, unknown")
        return
    page.line(page.paint(f"Administrators ({len(people)})", styles.BOLD))
    width = widest([visible(person.email) for person in people.values()])
    for key in sorted(people):
        _person(page, people[key], width, result.now)


def _person(page: Page, person: Administrator, width: int, now: datetime) -> None:
    note = "" if person.live_at(now) else "# ended, not recorded yet"
    page.hang(f"  {pad(visible(person.email), width)}  ", words.holdings(administrator_document(person)), note=note)


def _grant(page: Page, grant: Grant, width: int, now: datetime) -> None:
    status = grant_status(grant, now)
    end = grant_end(grant)
    # The terms name the end that was decided; another one, by omission or by the lapse of a request, has to be told.
    told = status in {GrantStatus.ACTIVE, GrantStatus.PENDING, GrantStatus.DENIED} or end in {grant.expires_at, grant.revoked_at}
    note = "" if told else f"# {status.value} {format_instant(end)}"
    label = pad(status.value, max(map(len, GrantStatus)))
    head = f"  {pad(visible(grant.name), width)}  "
    painted = head + page.paint(label, _STATUS_COLORS.get(status, styles.DIM)) + "  "
    page.hang(f"{head}{label}  ", words.grant_terms(grant_document(grant)), note=note, painted=painted)
