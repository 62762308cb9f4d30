"""The answer of `init`: what was written, and what to do next."""

import shlex

from reconciler.model.results import Scaffold
from reconciler.reports import style as styles
from reconciler.reports.text.page import Page, count
from reconciler.reports.visible import visible

_STEPS = (
    ("reconciler validate", "check the manifests; needs no state"),
    ("reconciler plan", "see what apply would do; changes nothing"),
    ("reconciler apply", "do it, after a question"),
)


def scaffold(page: Page, result: Scaffold) -> None:
    """Write the files and the next steps."""
    page.line(page.paint(f"Wrote {count(len(result.files), 'file')} to {visible(result.folder)}:", styles.BOLD))
    for name in result.files:
        page.line(f"  {visible(name)}")
    page.heading("Next:")
    if result.folder != ".":
        page.line(f"  cd {visible(shlex.quote(result.folder))}")
    width = max(len(command) for command, _ in _STEPS)
    for command, purpose in _STEPS:
        page.line(f"  {command.ljust(width)}  {page.paint(f'# {purpose}', styles.DIM)}")
