"""Failures that leave a command without an answer of its own, and the locks that may be behind them."""

from reconciler.model.instants import format_instant
from reconciler.model.protocols import LockInfo
from reconciler.model.results import Failure, Unlocked
from reconciler.reports import style as styles
from reconciler.reports.text.findings import findings, tally
from reconciler.reports.text.page import Page, columns
from reconciler.reports.visible import visible


def failure(page: Page, result: Failure) -> None:
    """Write every finding, the locks in the way, and the number of errors when there are several."""
    findings(page, result.findings)
    for lock in result.locks:
        page.gap()
        held_lock(page, lock)
    if result.cancelled:
        page.gap()
        page.line("Cancelled: nothing was changed.")
    elif len(result.findings) > 1 and (numbers := tally(result.findings)):
        page.gap()
        page.line(f"{numbers}.")


def held_lock(page: Page, lock: LockInfo) -> None:
    """Write who holds *lock* and how it is released."""
    holder = lock.holder
    page.line(page.paint(f"Lock {visible(lock.id)}", styles.BOLD))
    rows = (
        ("operation", f"{visible(holder.operation)} (reconciler {visible(holder.version)})"),
        ("holder", visible(holder.operator)),
        ("host", visible(holder.host)),
        ("pid", str(holder.pid)),
        ("since", format_instant(holder.since)),
    )
    for line in columns(rows):
        page.line(f"  {line}")
    page.hang("  covers     ", _covered(lock))
    page.line(f"  When that process is gone for good: reconciler unlock {visible(lock.id)}")


def unlocked(page: Page, result: Unlocked) -> None:
    """Write what was released."""
    lock, holder = result.lock, result.lock.holder
    page.line(f"Released lock {visible(lock.id)}.")
    since = format_instant(holder.since)
    held = f"{visible(holder.operation)} by {visible(holder.operator)} on {visible(holder.host)}, process {holder.pid}, since {since}"
    page.hang("  held for  ", held.split())
    page.hang("  covered   ", _covered(lock))


def _covered(lock: LockInfo) -> list[str]:
    names = [visible(name) for name in lock.organizations]
    return [f"{name}," for name in names[:-1]] + names[-1:]
