"""Scope: what an organization becomes when its manifests are applied, and what is left as it is.

Left alone: an organization without a manifest, administrators where the list is not declared, grants in a run that is not given
the organization's manifest, the history of grants. What has ended is inert on both sides, whether or not its end is recorded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.model.documents import grant_document
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import administrator_address, grant_address
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import grant_end
from reconciler.model.resources import Administrator, EndReason, Grant, GrantEnd, Organization


def resolve(
    declared: Organization, stored: Organization | None, now: datetime, *, request_lifetime: timedelta
) -> tuple[Organization, list[Finding]]:
    """Return what *stored* becomes when *declared* is applied at *now*, and what is wrong with the transition.

    Ends that have come since the last record are part of the result, also where nothing is declared.
    """
    before = stored or Organization(name=declared.name)
    grants, findings = _grants(declared, before, now, request_lifetime)
    renamed, merges = _renamed(declared, before, now)
    findings += merges
    after = Organization(
        name=declared.name,
        settings=declared.settings or before.settings,
        administrators=_administrators(declared.administrators, before.administrators, now),
        grants=grants,
        renamed=renamed,
    )
    return after, findings


def _renamed(declared: Organization, before: Organization, now: datetime) -> tuple[dict[str, str], list[Finding]]:
    """Return the renames that are still to be made, and those that cannot be: a former e-mail that nobody has is one that was made."""
    stored, wanted = before.administrators or {}, declared.administrators or {}
    renamed: dict[str, str] = {}
    findings: list[Finding] = []
    for key, former in declared.renamed.items():
        was, person, other = stored.get(former), wanted.get(key), stored.get(key)
        if was is None or person is None or not (was.live_at(now) and person.live_at(now)):
            continue
        if other is None or not other.live_at(now):
            renamed[key] = former
        else:
            findings.append(_merge(declared.name, person, was))
    return renamed, findings


def _merge(organization: str, person: Administrator, was: Administrator) -> Finding:
    return Finding(
        rule="rename-into-another",
        severity=Severity.ERROR,
        message=f"{was.email} cannot become {person.email}: both are stored as administrators of {organization}",
        detail="a rename keeps the history of one person; of two it would make one, and what either holds could not be told any more",
        hint=f"leave formerEmail out, which removes {was.email}; or remove {person.email} first, apply that, and rename then",
        address=administrator_address(organization, person.email),
        path=("spec", "administrators", person.key, "formerEmail"),
    )


def _administrators(
    declared: Mapping[str, Administrator] | None, stored: Mapping[str, Administrator] | None, now: datetime
) -> Mapping[str, Administrator] | None:
    source = stored if declared is None else declared
    if source is None:
        return None
    kept = stored or {}
    return {
        # A difference in letters alone is no change: the stored spelling stays.
        key: replace(person, email=kept[key].email) if key in kept else person
        for key, person in source.items()
        if person.live_at(now)
    }


def _grants(
    declared: Organization, stored: Organization, now: datetime, request_lifetime: timedelta
) -> tuple[dict[str, Grant], list[Finding]]:
    result: dict[str, Grant] = {}
    findings: list[Finding] = []
    for name in sorted(stored.grants.keys() | declared.grants.keys()):
        old, new = stored.grants.get(name), declared.grants.get(name)
        if new is None and old is not None:
            # Only a run that is given the organization's manifest takes an omission for an end.
            result[name] = _closed(old, now, request_lifetime, omitted=declared.settings is not None)
        elif old is None and new is not None:
            if now < grant_end(new, request_lifetime=request_lifetime):
                result[name] = new
        elif old is not None and new is not None:
            result[name] = _transition(old, new, now, request_lifetime)
            findings.extend(forbidden(old, new, now, request_lifetime))
    return result, findings


def _closed(grant: Grant, now: datetime, request_lifetime: timedelta, *, omitted: bool = False) -> Grant:
    """Return *grant* with its end recorded, if it has one by now or loses its declaration."""
    if grant.ended is not None:
        return grant
    end = grant_end(grant, request_lifetime=request_lifetime)
    if now >= end:
        return replace(grant, ended=GrantEnd(reason=_own_end(grant, end), at=end, recorded_at=now))
    if omitted:
        return replace(grant, ended=GrantEnd(reason=EndReason.OMITTED, at=now, recorded_at=now))
    return grant


def close(grant: Grant, now: datetime, *, request_lifetime: timedelta) -> Grant:
    """Return *grant* ended at *now*: by itself when its end has come, else because it is no longer declared."""
    return _closed(grant, now, request_lifetime, omitted=True)


def settle(grant: Grant, now: datetime, *, request_lifetime: timedelta) -> Grant:
    """Return *grant* with its end recorded when that lies at or before *now*: a denial, a revocation, an end moved into the past."""
    return _closed(grant, now, request_lifetime)


def _own_end(grant: Grant, end: datetime) -> EndReason:
    if grant.denied_at is not None:
        return EndReason.DENIED
    if grant.approved_at is None:
        return EndReason.LAPSED
    return EndReason.REVOKED if grant.revoked_at == end and grant.revoked_at != grant.expires_at else EndReason.EXPIRED


def _transition(old: Grant, new: Grant, now: datetime, request_lifetime: timedelta) -> Grant:
    """Return what the stored grant becomes; what has ended stays as it was.

    A request that was decided in time is decided, however late that reaches us; only an approval that gives nothing any more leaves the
    request to lapse.
    """
    if old.ended is None and not _is_decided(old) and _is_decided(new):
        gives = new.denied_at is not None or now < grant_end(new, request_lifetime=request_lifetime)
        return settle(new, now, request_lifetime=request_lifetime) if gives else _closed(old, now, request_lifetime)
    closed = _closed(old, now, request_lifetime)
    return closed if closed.ended is not None else settle(new, now, request_lifetime=request_lifetime)


def forbidden(old: Grant, new: Grant, now: datetime, request_lifetime: timedelta) -> Iterator[Finding]:
    """Yield what is wrong with declaring *new* where *old* is stored: grants change one way, and names are used once."""
    if replace(old, ended=None) == new:
        if old.ended is not None and old.ended.reason is EndReason.OMITTED:
            yield _finding(
                "grant-name-used", new, f"grant {new.name} was ended early on {format_instant(old.ended.at)} and cannot be put back"
            )
        return
    if old.ended is not None:
        if not _is_late(old, new, old.ended.reason, now, request_lifetime):
            yield _finding("grant-name-used", new, f"grant {new.name} has ended; its name cannot be used for another one")
    elif not _allowed(old, new):
        changed = ", ".join(_changed_fields(old, new))
        state = "decided and can only be ended earlier" if _is_decided(old) else "requested and can only be decided"
        yield _finding("grant-immutable", new, f"grant {new.name} is {state}, but its {changed} changed")
    elif new.denied_at is None and new.approved_at is not None and old.approved_at is None:
        yield from _too_late(old, new, now, request_lifetime)


def _is_late(old: Grant, new: Grant, reason: EndReason, now: datetime, request_lifetime: timedelta) -> bool:
    """Tell whether *new* is an allowed step that reached us when the grant had ended by itself, and gives nothing now: it is inert."""
    by_itself = reason in {EndReason.EXPIRED, EndReason.LAPSED}
    return by_itself and _allowed(replace(old, ended=None), new) and now >= grant_end(new, request_lifetime=request_lifetime)


def _is_decided(grant: Grant) -> bool:
    return grant.approved_at is not None or grant.denied_at is not None


def _too_late(old: Grant, new: Grant, now: datetime, request_lifetime: timedelta) -> Iterator[Finding]:
    """An approval within the request's hour is in time, whenever it arrives."""
    if new.approved_at is not None and new.approved_at - old.requested_at >= request_lifetime:
        yield _finding("grant-approval-window", new, f"grant {new.name} was approved after its request had lapsed")


def _allowed(old: Grant, new: Grant) -> bool:
    if not _is_decided(old):
        request = replace(new, approved_by=None, approved_at=None, expires_at=None, denied_by=None, denied_at=None, revoked_at=None)
        return request == old
    if old.denied_at is not None or old.expires_at is None or new.expires_at is None:
        return False
    kept = old.revoked_at is None or (new.revoked_at is not None and new.revoked_at <= old.revoked_at)
    return kept and new.expires_at <= old.expires_at and replace(new, expires_at=old.expires_at, revoked_at=old.revoked_at) == old


def _changed_fields(old: Grant, new: Grant) -> list[str]:
    before, after = grant_document(replace(old, ended=None)), grant_document(new)
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _finding(rule: str, grant: Grant, message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        message=f"{message} (organization {grant.organization})",
        detail="a decided grant is immutable but for an earlier end, and a name is used once per organization, for ever",
        hint="write a new grant under a new name",
        address=grant_address(grant.organization, grant.name),
        path=("metadata", "name"),
    )
