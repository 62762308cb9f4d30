"""The answers of `state copy` and `state migrate`."""

from reconciler.model.results import Copied, Migrated
from reconciler.reports import style as styles
from reconciler.reports.text.page import Page, count
from reconciler.reports.visible import visible


def moving(page: Page, result: Copied | Migrated) -> None:
    """Write what was copied or migrated, and what is left to do."""
    match result:
        case Copied():
            _copied(page, result)
        case Migrated():
            _migrated(page, result)


def _copied(page: Page, result: Copied) -> None:
    what = f"{count(result.organizations, 'organization')} and {count(result.entries, 'journal entry', 'journal entries')}"
    page.line(page.paint(f"Copied {what}, and found them intact.", styles.BOLD))
    page.line(f"  from  {visible(result.source)}")
    page.line(f"  to    {visible(result.target)}")
    page.line(f"Head: {visible(result.head or '-')}")
    page.heading("Next:")
    page.line("  name the new state in reconciler.yaml (state.url) or RECONCILER_STATE, for every run")
    page.line("  move the old one away: what is applied there from now on is not in the new one")


def _migrated(page: Page, result: Migrated) -> None:
    place = visible(result.location)
    if result.before is None:
        page.line(f"Made an empty state of layout version {result.after} at {place}.")
    elif result.before == result.after:
        page.line(f"Nothing to do: {place} has layout version {result.after}.")
    else:
        page.line(
            f"Migrated {place} from layout version {result.before} to {result.after}; a backup of version {result.before} is beside it."
        )
