"""Lateness: how long after its own end an access was confirmed to have ended."""

from datetime import datetime, timedelta

from reconciler.model.changes import Change
from reconciler.model.documents import read_administrator, read_grant
from reconciler.model.identifiers import ADMINISTRATOR
from reconciler.model.lifetimes import grant_end


def lateness_of(change: Change, at: datetime, *, request_lifetime: timedelta) -> int | None:
    """Return the whole seconds from the end of what *change* records as ended to *at*; None for any other change."""
    if not change.expires or change.before is None:
        return None
    if change.type == ADMINISTRATOR:
        end = read_administrator(change.before).expires_at
    else:
        end = grant_end(read_grant(change.before), request_lifetime=request_lifetime)
    return None if end is None else max(0, int((at - end).total_seconds()))
