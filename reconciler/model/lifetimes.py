"""When access ends by itself: one answer for planning, stores, access and reports.

Two clocks, never one field for both: an undecided request lapses one hour after it was made, access lasts at most one hour from its
approval. Intervals are half-open: at its end a grant gives nothing any more.
Source: nbhqds0 (stated: both hours; inferred: the request's hour counts from `requestedAt`, and the open end).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.model.changes import Elevated, Moment
from reconciler.model.identifiers import administrator_address, grant_address
from reconciler.model.resources import EndReason, Grant, GrantStatus, Organization

REQUEST_LIFETIME: Final = timedelta(hours=1)
"""How long a request may stay undecided. Source: nbhqds0 (stated)."""

ACCESS_LIFETIME: Final = timedelta(hours=1)
"""How long a grant gives access at most, from its approval. Source: nbhqds0 (stated)."""

_STATUS_OF_END: Final = {
    EndReason.EXPIRED: GrantStatus.EXPIRED,
    EndReason.LAPSED: GrantStatus.LAPSED,
    EndReason.DENIED: GrantStatus.DENIED,
    EndReason.REVOKED: GrantStatus.REVOKED,
    EndReason.OMITTED: GrantStatus.REVOKED,
}
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def lapses_at(grant: Grant, *, request_lifetime: timedelta = REQUEST_LIFETIME) -> datetime:
    """Return the instant, in UTC, from which *grant* cannot be decided any more; where the calendar ends before that, its last one."""
    return grant.requested_at + request_lifetime if grant.requested_at <= _LAST - request_lifetime else _LAST


def grant_end(grant: Grant, *, request_lifetime: timedelta = REQUEST_LIFETIME) -> datetime:
    """Return the instant, in UTC, from which *grant* gives nothing.

    That is the earlier of `expires_at` and `revoked_at` for an approved grant, `denied_at` for a denied one, and `requested_at` +
    *request_lifetime* for a pending one; a recorded end before that goes first. An approval without an end gives nothing at all.
    """
    if grant.approved_at is not None:
        end = min((instant for instant in (grant.expires_at, grant.revoked_at) if instant is not None), default=grant.approved_at)
    elif grant.denied_at is not None:
        end = grant.denied_at
    else:
        end = lapses_at(grant, request_lifetime=request_lifetime)
    return end if grant.ended is None else min(end, grant.ended.at)


def grant_status(grant: Grant, now: datetime, *, request_lifetime: timedelta = REQUEST_LIFETIME) -> GrantStatus:
    """Return where *grant* stands at *now*, which may lie before its decision or its end."""
    if grant.ended is not None and now >= grant.ended.at:
        return _STATUS_OF_END[grant.ended.reason]
    if grant.approved_at is not None and now >= grant.approved_at:
        if now < grant_end(grant, request_lifetime=request_lifetime):
            return GrantStatus.ACTIVE
        early = grant.revoked_at is not None and (grant.expires_at is None or grant.revoked_at < grant.expires_at)
        return GrantStatus.REVOKED if early else GrantStatus.EXPIRED
    if grant.denied_at is not None and now >= grant.denied_at:
        return GrantStatus.DENIED
    return GrantStatus.PENDING if now < lapses_at(grant, request_lifetime=request_lifetime) else GrantStatus.LAPSED


def keeps_its_hours(grant: Grant, *, request_lifetime: timedelta = REQUEST_LIFETIME, access_lifetime: timedelta = ACCESS_LIFETIME) -> bool:
    """Tell whether the instants of *grant* are possible: no access without an end, no decision after the request's hour."""
    if grant.approved_at is None and grant.denied_at is None:
        return grant.expires_at is None and grant.revoked_at is None
    decided = grant.approved_at or grant.denied_at
    # Differences have no calendar that could end; sums have one.
    if decided is None or not timedelta(0) <= decided - grant.requested_at < request_lifetime:
        return False
    if grant.approved_at is None or grant.denied_at is not None:
        return grant.approved_at is None and grant.expires_at is None and grant.revoked_at is None
    if grant.expires_at is None or not timedelta(0) < grant.expires_at - grant.approved_at <= access_lifetime:
        return False
    return grant.revoked_at is None or grant.revoked_at >= grant.approved_at


def next_end(organization: Organization, *, request_lifetime: timedelta = REQUEST_LIFETIME) -> datetime | None:
    """Return the first instant at which something in *organization* ends, ended grants that are recorded as such left out.

    It lies in the past when an end is overdue to be recorded. None when nothing ends by itself.
    """
    people = (organization.administrators or {}).values()
    ends = [person.expires_at for person in people if person.expires_at is not None]
    ends += [grant_end(grant, request_lifetime=request_lifetime) for grant in organization.grants.values() if grant.ended is None]
    return min(ends, default=None)


def elevated(organization: Organization, now: datetime, *, request_lifetime: timedelta = REQUEST_LIFETIME) -> list[Elevated]:
    """Return who is let into *organization* at *now* by a grant, by the end of it."""
    return sorted(
        Elevated(
            organization=organization.name,
            until=grant_end(grant, request_lifetime=request_lifetime),
            person=grant.agent_email,
            grant=grant.name,
            approved_by=grant.approved_by,
        )
        for grant in organization.grants.values()
        if grant_status(grant, now, request_lifetime=request_lifetime) is GrantStatus.ACTIVE
    )


def moments(organization: Organization, *, request_lifetime: timedelta = REQUEST_LIFETIME) -> Iterator[Moment]:
    """Yield every start and end in *organization* that comes by itself, past ones included, recorded ends left out, in no order."""
    for person in (organization.administrators or {}).values():
        if person.expires_at is not None:
            yield Moment(at=person.expires_at, address=administrator_address(organization.name, person.email), event="ends")
    for grant in organization.grants.values():
        if grant.ended is not None or grant.denied_at is not None:
            continue
        address = grant_address(organization.name, grant.name)
        end = grant_end(grant, request_lifetime=request_lifetime)
        if grant.approved_at is None:
            yield Moment(at=end, address=address, event="lapses")
        else:
            yield Moment(at=grant.approved_at, address=address, event="starts")
            yield Moment(at=end, address=address, event="ends")
