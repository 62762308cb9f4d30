"""The answer of `attest`: what was closed, by whose word, and what is still open."""

from reconciler.model.results import Attestation
from reconciler.reports.text.page import Page, count
from reconciler.reports.text.steps import attested
from reconciler.reports.visible import visible


def attestation(page: Page, result: Attestation) -> None:
    """Write what was closed, the note, the run, and where there is more to do."""
    attested(page, result.attested)
    page.gap()
    page.hang("Note: ", visible(result.note).split())
    page.line(f"Run: {visible(result.run)}")
    for name, left in sorted(result.left.items()):
        if left:
            page.line(f"{count(left, 'follow-up is', 'follow-ups are')} still open: reconciler show {visible(name)}")
