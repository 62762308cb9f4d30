"""What a report cannot say in its format goes to standard error."""

import logging

from reconciler.cli.session import Session
from reconciler.model.results import Accesses, PermissionHolders
from reconciler.reports.stateless import with_stateless
from reconciler.reports.visible import visible

_LOG = logging.getLogger(__name__)


def say_notes(session: Session, result: Accesses | PermissionHolders) -> None:
    """Say beside a spreadsheet, which has rows and nothing else, what the other formats say in a note."""
    if session.format == "csv":
        for finding in with_stateless(result.findings, result.lineage, result.location):
            _LOG.warning("%s", visible(f"{finding.message}: {finding.detail}" if finding.detail else finding.message))
