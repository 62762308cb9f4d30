"""grant: the steps in the life of an elevation grant, taken in its file, and the list of what is stored.

A step computes its instants and gives the new text of the file; writing it is up to the caller, and nothing takes effect before an apply.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.manifests.grant_files import GrantFile, new_grant_text, read_grant_file
from reconciler.model.errors import ManifestError, UsageError
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import identity
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import grant_end, grant_status
from reconciler.model.protocols import StateReader, StoredHead
from reconciler.model.resources import Grant, GrantStatus, Organization
from reconciler.model.results import Grants, GrantStep, ListedEnd, ListedGrant
from reconciler.pipeline.checking import durations_of
from reconciler.pipeline.missing import unknown_organization
from reconciler.pipeline.request import Request
from reconciler.rules.people import taken_for_one

_SKEW: Final = timedelta(minutes=2)
"""So far two machines' clocks may be apart: a step within it counts as taken at the instant that it must not precede."""

_LIVING: Final = frozenset({GrantStatus.ACTIVE, GrantStatus.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEdit:
    """A step that is ready to be written.

    Attributes:
        path: of the file, as it was given; the step holds its name for people.
        text: the whole file with it.
        unchanged: raises when the file is not the one any more that was read.
    """

    step: GrantStep
    path: str
    text: str
    unchanged: Callable[[], None]


def request_grant(path: str, wanted: Grant, request: Request, *, schema: str | None) -> GrantEdit:
    """Return the new file *path* that asks for *wanted*, a pending grant.

    Args:
        path: of the file; whether it exists already is not looked at.
        wanted: its `requested_at` is the present.
        request: names the catalog.
        schema: where an editor finds the schema, relative to the file, if it does.

    Raises:
        ManifestError: what is wanted is no valid manifest.
    """
    text = new_grant_text(wanted, durations_of(request), schema=schema)
    step = GrantStep(operation="request", file=path, grant=wanted, at=wanted.requested_at)
    return GrantEdit(step=step, path=path, text=text, unchanged=lambda: None)


def approve_grant(path: str, by: str, lasting: timedelta | None, request: Request, now: datetime) -> GrantEdit:
    """Return *path* with the approval of its request; access lasts as long as the catalog allows, or *lasting*, which is shorter.

    Raises:
        ManifestError: the file is no valid manifest of one grant, the request cannot be decided any more, or not by *by*.
        UsageError: *lasting* is longer than allowed, or nothing; somebody else than *by* answers for it.
    """
    longest = request.catalog.elevation_lifetime
    if lasting is not None and not timedelta(0) < lasting <= longest:
        raise UsageError(f"--for {lasting}: access lasts more than nothing and at most {longest}", hint="--for 30m")
    _same_person(by, request)
    file = read_grant_file(path, durations_of(request))
    at = _decision(file, request, now)
    if taken_for_one(by, file.grant.agent_email):
        message = f"{by} would be let in by this approval and cannot give it"
        raise _refused(file, message, "agent", "email", detail="a full administrator of the organization approves, never the agent")
    end = at + (lasting or longest)
    approved = replace(file.grant, approved_by=by, approved_at=at, expires_at=end)
    fields = {"approvedBy": by, "approvedAt": format_instant(at), "expiresAt": format_instant(end)}
    platform_end = at + longest if end < at + longest else None
    return _edit("approve", file, approved, fields, at=at, request=request, platform_end=platform_end)


def deny_grant(path: str, by: str, request: Request, now: datetime) -> GrantEdit:
    """Return *path* with the refusal of its request.

    Raises:
        ManifestError: the file is no valid manifest of one grant, or the request cannot be decided any more.
        UsageError: somebody else than *by* answers for it.
    """
    _same_person(by, request)
    file = read_grant_file(path, durations_of(request))
    at = _decision(file, request, now)
    denied = replace(file.grant, denied_by=by, denied_at=at)
    return _edit("deny", file, denied, {"deniedBy": by, "deniedAt": format_instant(at)}, at=at, request=request)


def revoke_grant(path: str, request: Request, now: datetime) -> GrantEdit:
    """Return *path* with the early end of its access.

    Raises:
        ManifestError: the file is no valid manifest of one grant, or there is no access to end.
    """
    file = read_grant_file(path, durations_of(request))
    grant = file.grant
    if grant.denied_at is not None:
        raise _refused(file, f"grant {grant.name} was denied {format_instant(grant.denied_at)}: there is nothing to revoke", "deniedAt")
    if grant.approved_at is None or grant.expires_at is None:
        hint = f"reconciler grant deny {path} --by EMAIL"
        raise _refused(file, f"grant {grant.name} was never approved: there is nothing to revoke", "requestedAt", hint=hint)
    if grant.revoked_at is not None:
        raise _refused(file, f"grant {grant.name} was revoked already, {format_instant(grant.revoked_at)}", "revokedAt")
    at = _not_before(file, grant.approved_at, now, "approvedAt")
    if at >= grant.expires_at:
        raise _refused(file, f"grant {grant.name} expired by itself {format_instant(grant.expires_at)}", "expiresAt")
    revoked = replace(grant, revoked_at=at)
    return _edit("revoke", file, revoked, {"revokedAt": format_instant(at)}, at=at, request=request, after="expiresAt")


def _edit(
    operation: str,
    file: GrantFile,
    grant: Grant,
    fields: Mapping[str, str],
    *,
    at: datetime,
    request: Request,
    after: str = "requestedAt",
    platform_end: datetime | None = None,
) -> GrantEdit:
    text = file.with_fields(fields, after=after, durations=durations_of(request))
    step = GrantStep(operation=operation, file=file.name, grant=grant, at=at, platform_end=platform_end)
    return GrantEdit(step=step, path=file.path, text=text, unchanged=file.unchanged)


def _same_person(by: str, request: Request) -> None:
    if request.actor is not None and identity(request.actor) != identity(by):
        detail = "--by is the one on record, --actor answers for the change: a decision is made by one person"
        raise UsageError(f"--by {by} and --actor {request.actor} are two people", detail=detail)


def _decision(file: GrantFile, request: Request, now: datetime) -> datetime:
    """Return the instant at which the request of *file* is decided.

    Raises:
        ManifestError: it cannot be decided any more, or not yet.
    """
    grant, lifetime = file.grant, request.catalog.request_lifetime
    if grant.approved_at is not None:
        message = f"grant {grant.name} was approved already, {format_instant(grant.approved_at)}"
        hint = "was it never applied? take approvedBy, approvedAt, expiresAt out and decide anew; else: reconciler grant revoke FILE"
        raise _refused(file, message, "approvedAt", hint=hint)
    if grant.denied_at is not None:
        raise _refused(file, f"grant {grant.name} was denied already, {format_instant(grant.denied_at)}", "deniedAt")
    at = _not_before(file, grant.requested_at, now, "requestedAt")
    if at >= grant.requested_at + lifetime:
        message = f"the request {grant.name} lapsed {format_instant(grant.requested_at + lifetime)}"
        detail = f"an undecided request lapses {lifetime} after requestedAt"
        hint = f"a new file under a new name: reconciler grant request FILE --org {grant.organization} ..."
        raise _refused(file, message, "requestedAt", detail=detail, hint=hint)
    return at


def _not_before(file: GrantFile, earliest: datetime, now: datetime, field: str) -> datetime:
    if earliest - now > _SKEW:
        message = f"{field} of {file.grant.name} lies in the future: it is {format_instant(now)} now"
        raise _refused(file, message, field, detail="one of two clocks is wrong")
    return max(earliest, now)


def _refused(file: GrantFile, message: str, *field: str, detail: str = "", hint: str | None = None) -> ManifestError:
    finding = Finding(rule="grant-step", severity=Severity.ERROR, message=message, detail=detail, hint=hint, path=("spec", *field))
    return ManifestError(message, findings=[file.located(finding)])


def list_grants(reader: StateReader, request: Request, now: datetime, *, ending: timedelta | None = None) -> Grants:
    """Return the stored grants, the living first, and the administrators whose access has an end.

    Args:
        reader: the stored state.
        request: `organizations` and `labels` limit the list.
        now: the instant of which statuses and remaining times are told.
        ending: leave out what goes on longer than this, and what is recorded as over. Then only organizations are read in which something
            ends until then; without it all are, because a head does not tell whether there is history.

    Raises:
        MissingStateError: one of the organizations is not stored.
    """
    heads = [head for head in reader.heads() if head.digest is not None]
    for name in sorted(request.organizations - {head.name for head in heads}):
        raise unknown_organization(name, [head.name for head in heads], reader.location, command="grant list --org")
    until = None if ending is None else _until(now, ending)
    grants: list[ListedGrant] = []
    people: list[ListedEnd] = []
    for organization in _organizations(reader, heads, request, until):
        grants.extend(_grants(organization, request, now))
        people.extend(_people(organization))
    if until is not None:
        grants = [one for one in grants if not one.recorded and one.end <= until]
        people = [one for one in people if one.end <= until]
    return Grants(
        at=now,
        location=reader.location,
        lineage=reader.lineage,
        ending=ending,
        grants=tuple(sorted(grants, key=_place)),
        administrators=tuple(sorted(people, key=lambda one: (one.end, one.organization, one.person))),
    )


def _until(now: datetime, ending: timedelta) -> datetime:
    try:
        return now + ending
    except OverflowError as error:
        raise UsageError("--ending: no calendar goes that far", hint="--ending 30d") from error


def _organizations(reader: StateReader, heads: list[StoredHead], request: Request, until: datetime | None) -> Iterator[Organization]:
    for head in heads:
        if request.organizations and head.name not in request.organizations:
            continue
        if until is not None and (head.next_end is None or head.next_end > until):
            continue
        organization = reader.read(head.name).organization
        if organization is not None and _has_labels(organization, request.labels):
            yield organization


def _has_labels(organization: Organization, labels: Mapping[str, str]) -> bool:
    own = organization.settings.labels if organization.settings is not None else {}
    return all(own.get(key) == value for key, value in labels.items())


def _grants(organization: Organization, request: Request, now: datetime) -> Iterator[ListedGrant]:
    lifetime = request.catalog.request_lifetime
    for grant in organization.grants.values():
        yield ListedGrant(
            grant=grant,
            status=grant_status(grant, now, request_lifetime=lifetime),
            end=grant_end(grant, request_lifetime=lifetime),
            recorded=grant.ended is not None and now >= grant.ended.at,
        )


def _people(organization: Organization) -> Iterator[ListedEnd]:
    for person in (organization.administrators or {}).values():
        if person.expires_at is not None:
            yield ListedEnd(organization=organization.name, person=person.email, end=person.expires_at)


def _place(one: ListedGrant) -> tuple[int, float, str, str]:
    """The living first, what ends next before all; then what is over and not recorded, then history, the latest first."""
    rank = 0 if one.status in _LIVING else 2 if one.recorded else 1
    end = one.end.timestamp()
    return rank, end if rank == 0 else -end, one.grant.organization, one.grant.name
