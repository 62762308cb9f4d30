"""The answer of `validate`."""

from reconciler.model.results import Validation
from reconciler.reports.text.findings import findings, tally
from reconciler.reports.text.page import Page, count


def validation(page: Page, result: Validation, exit_code: int) -> None:
    """Write the findings and, last, the verdict in one line."""
    findings(page, result.findings)
    page.gap()
    page.line(verdict(result))
    if result.valid and exit_code:
        page.line("Warnings are taken for a failure here (--fail-on warning).")


def verdict(result: Validation) -> str:
    """Return what was found in how much, in one line."""
    numbers = tally(result.findings)
    files = count(result.files, "file")
    if not result.valid:
        return f"{numbers} in {files}."
    read = [count(result.organizations, "organization")] if result.organizations or not result.grants else []
    read += [count(result.grants, "grant")] if result.grants else []
    return f"Valid: {' and '.join(read)} in {files}{f', {numbers}' if numbers else ''}."
