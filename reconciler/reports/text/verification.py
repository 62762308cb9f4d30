"""The answer of `verify`: whether what is stored is what was written."""

from reconciler.model.results import Problem, Verification
from reconciler.reports import style as styles
from reconciler.reports.text.failure import held_lock
from reconciler.reports.text.page import Page, count
from reconciler.reports.visible import visible


def verification(page: Page, result: Verification) -> None:
    """Write what is wrong, then the verdict, the head to keep elsewhere, and the locks that are held."""
    page.no_stored_state(result.lineage, result.location)
    for problem in result.problems:
        _problem(page, problem)
    page.gap()
    checked = f"{count(result.organizations, 'organization')}, {count(result.entries, 'entry', 'entries')}"
    if result.problems:
        page.line(page.paint(f"Not intact: {count(len(result.problems), 'problem')}; {checked}.", styles.LOUD))
    else:
        page.line(page.paint(f"Intact: {checked}.", styles.BOLD))
    if result.head is not None:
        page.line(f"Head: {visible(result.head)}")
        page.line("Keep the head outside this state: only against a head kept elsewhere does a cut end of the journal show.")
    for lock in result.locks:
        page.gap()
        held_lock(page, lock)


def _problem(page: Page, problem: Problem) -> None:
    place = visible(problem.organization) if problem.organization else "state"
    if problem.seq is not None:
        place += f", entry {problem.seq}"
    page.line(f"{page.paint('!', styles.LOUD)} {place}: {visible(problem.message)}")
