"""No grant without an end in time: what manifests accept, what the model accepts, and the promise are one thing, at any instant."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.build import build_grant
from reconciler.manifests.checks import GrantDurations
from reconciler.manifests.judge import judge
from reconciler.manifests.parse import EMPTY, value_of
from reconciler.manifests.streams import Chunk
from reconciler.model.findings import Severity
from reconciler.model.instants import format_instant, parse_instant
from reconciler.model.lifetimes import grant_end, grant_status, keeps_its_hours, moments, next_end
from reconciler.model.resources import Grant, GrantStatus
from reconciler.planning.scope import resolve
from tests.fakes.builders import HOUR, NOW, SECOND, an_organization, grants_alone

TICK = timedelta(microseconds=1)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
BASES = st.sampled_from([
    NOW,
    NOW,
    FIRST,
    LAST - 2 * HOUR,
    LAST - HOUR,
    LAST - HOUR / 2,
    datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
])
NEAR = [timedelta(0), TICK, SECOND, HOUR / 2, HOUR - SECOND, HOUR - TICK, HOUR, HOUR + TICK, HOUR + SECOND, 2 * HOUR]
GAPS = st.sampled_from([*NEAR, -TICK, -SECOND, -HOUR]) | st.timedeltas(min_value=-HOUR, max_value=2 * HOUR)
OFFSETS = st.sampled_from([0, 0, 60, -60, 330, 1439, -1439]) | st.integers(-1439, 1439)


def moved(instant: datetime, by: timedelta) -> datetime:
    """Return *instant* moved, or as far as there are instants."""
    try:
        return instant + by
    except OverflowError:
        return LAST if by > timedelta(0) else FIRST


def written(instant: datetime, minutes: int) -> str:
    """Return *instant* as people with that offset write it; in UTC where their calendar ends."""
    try:
        local = instant.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return format_instant(instant)
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    return f"{local.replace(tzinfo=None).isoformat()}{sign}{size // 60:02}:{size % 60:02}"


@st.composite
def lives(draw: st.DrawFn) -> dict[str, datetime]:
    """Return the instants of a grant: some possible, most just beside it."""
    requested = draw(BASES)
    decided = moved(requested, draw(GAPS))
    kind = draw(st.sampled_from(["pending", "approved", "approved", "approved", "revoked", "denied"]))
    if kind == "pending":
        return {"requestedAt": requested}
    if kind == "denied":
        return {"requestedAt": requested, "deniedAt": decided}
    found = {"requestedAt": requested, "approvedAt": decided, "expiresAt": moved(decided, draw(GAPS))}
    return found | {"revokedAt": moved(decided, draw(GAPS))} if kind == "revoked" else found


def manifest(life: dict[str, str]) -> bytes:
    by = [f"  {field}: alice@acme.example\n" for field, of in (("approvedBy", "approvedAt"), ("deniedBy", "deniedAt")) if of in life]
    times = [f'  {field}: "{text}"\n' for field, text in life.items()]
    head = "apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata: {name: inc-1}\nspec:\n  organization: acme\n"
    return (head + "  agent: {email: tac@cisco.example, type: cisco-tac}\n  reason: x\n" + "".join(by + times)).encode()


def a_life(life: dict[str, datetime]) -> Grant:
    return Grant(
        name="inc-1",
        organization="acme",
        agent_email="tac@cisco.example",
        agent_type="cisco-tac",
        reason="x",
        requested_at=life["requestedAt"],
        approved_at=life.get("approvedAt"),
        expires_at=life.get("expiresAt"),
        denied_at=life.get("deniedAt"),
        revoked_at=life.get("revokedAt"),
        approved_by="alice@acme.example" if "approvedAt" in life else None,
        denied_by="alice@acme.example" if "deniedAt" in life else None,
    )


def ends_in_time(grant: Grant) -> bool:
    """The promise itself, by differences alone, so that no calendar ends in it."""
    nothing = timedelta(0)
    if grant.approved_at is None:
        return grant.denied_at is None or nothing <= grant.denied_at - grant.requested_at < HOUR
    if grant.expires_at is None or not nothing <= grant.approved_at - grant.requested_at < HOUR:
        return False
    revoked = grant.revoked_at is None or grant.revoked_at >= grant.approved_at
    return revoked and nothing < grant.expires_at - grant.approved_at <= HOUR


@given(lives(), OFFSETS)
def test_manifests_and_the_model_accept_the_same_grants_and_only_such_as_end_in_time(life: dict[str, datetime], minutes: int) -> None:
    chunk = Chunk(filename="a.yaml", data=manifest({field: written(at, minutes) for field, at in life.items()}), start=0, line=1)
    judged = judge(chunk, GrantDurations())
    errors = [finding for finding in judged.findings if finding.severity is Severity.ERROR]
    assert keeps_its_hours(a_life(life)) == ends_in_time(a_life(life)) == (errors == [])
    assert all(finding.rule and finding.range is not None for finding in errors)
    if not errors:
        value = value_of(chunk)
        assert value is not EMPTY
        grant = build_grant(value)
        assert [grant.requested_at, grant.approved_at, grant.expires_at, grant.denied_at, grant.revoked_at] == [
            life.get(field) for field in ("requestedAt", "approvedAt", "expiresAt", "deniedAt", "revokedAt")
        ]


@given(lives(), BASES, GAPS)
def test_every_grant_that_is_accepted_has_an_end_at_any_instant(life: dict[str, datetime], base: datetime, gap: timedelta) -> None:
    grant, now = a_life(life), moved(base, gap)
    if not keeps_its_hours(grant):
        return
    end = grant_end(grant)
    assert grant_status(grant, end) is not GrantStatus.ACTIVE
    assert end - grant.requested_at <= 2 * HOUR
    several = an_organization(grants=[grant])
    assert next_end(several) == end
    assert sorted(moments(several)) == sorted(moments(grants_alone(grant)))
    after, findings = resolve(grants_alone(grant), an_organization(grants=[grant]), now, request_lifetime=HOUR)
    assert findings == []
    assert (after.grants["inc-1"].ended is not None) == (now >= end)


@given(lives())
def test_a_grant_is_active_in_one_piece(life: dict[str, datetime]) -> None:
    grant = a_life(life)
    if not keeps_its_hours(grant):
        return
    instants = sorted({moved(at, by) for at in life.values() for by in (-SECOND, -TICK, timedelta(0), TICK, SECOND)})
    active = [grant_status(grant, at) is GrantStatus.ACTIVE for at in instants]
    assert sum(not one and other for one, other in pairwise([False, *active])) <= 1
    for at, live in zip(instants, active, strict=True):
        assert not live or (grant.approved_at is not None and grant.expires_at is not None and grant.approved_at <= at < grant.expires_at)


@given(BASES, GAPS, OFFSETS)
def test_an_instant_reads_as_it_was_written(base: datetime, gap: timedelta, minutes: int) -> None:
    instant = moved(base, gap)
    assert parse_instant(written(instant, minutes)) == parse_instant(format_instant(instant)) == instant


# Through a manifest, one by one

UNREADABLE = [
    '""',
    "never",
    "tommorow",
    "in 1 hour",
    "1 hour",
    "PT1H",
    "2026-11-20",
    "2026-11-20T10:10:00",
    "2026-11-20 10:10:00Z",
    "20261120T101000Z",
    "2026-W47-5T10:10:00Z",
    "2026-324T10:10:00Z",
    "02/03/2027",
    "2026-13-20T10:10:00Z",
    "2026-02-29T10:10:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T10:10:60Z",
    "2026-11-20T10:10Z",
    "2026-11-20T10:10:00.Z",
    "2026-11-20T10:10:00.1234567Z",
    "2026-11-20T10:10:00,5Z",
    "2026-11-20t10:10:00z",
    "2026-11-20T10:10:00+99:99",
    "2026-11-20T10:10:00-00:60",
    "2026-11-20T10:10:00+0100",
    "2026-11-20T10:10:00+01:00:30",
    '"2026-11-20T10:10:00Z\\n"',
    '" 2026-11-20T10:10:00Z"',
    "2026-11-20T10:10:00 Z",
    "２０２６-11-20T10:10:00Z",
    "2026-11-20T10:10:00\u221201:00",
    "9999-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00+01:00",
    "10000-01-01T00:00:00Z",
]
NO_TEXT = ["true", "1795169674", "90", "[]", '["2026-11-20T10:10:00Z"]', "{}"]
HOSTILE = [*((text, "unreadable-time") for text in UNREADABLE), *((text, "schema-type") for text in NO_TEXT), ("null", "yaml-null")]
IN_TIME = {"requestedAt": '"2026-11-20T09:10:00Z"', "approvedAt": '"2026-11-20T09:20:00Z"', "expiresAt": '"2026-11-20T10:20:00Z"'}
PEOPLE = """\
apiVersion: reconciler/v1
kind: Organization
metadata: {name: acme}
spec:
  type: customer
  administrators:
    - email: alice@acme.example
      roles: [full-administrator]
    - email: eve@acme.example
      roles: [read-only-administrator]
      expiresAt: """


def refused(text: str) -> list[tuple[str, int, int]]:
    judged = judge(Chunk(filename="a.yaml", data=text.encode(), start=0, line=1), GrantDurations())
    found = [finding for finding in judged.findings if finding.severity is Severity.ERROR]
    assert all(finding.message for finding in found)
    places = [finding.range.start for finding in found if finding.range is not None]
    assert len(places) == len(found)
    return [(finding.rule, place.line, place.column) for finding, place in zip(found, places, strict=True)]


def elevation(**instead: str) -> str:
    times = "".join(f"  {field}: {text}\n" for field, text in (IN_TIME | instead).items())
    return manifest({}).decode() + f"  approvedBy: alice@acme.example\n{times}"


def place_of(text: str, field: str) -> tuple[int, int]:
    lines = text.split("\n")
    number = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{field}:"))
    return number + 1, lines[number].index(": ") + 3


def test_one_hour_to_the_second_is_accepted() -> None:
    assert refused(elevation()) == []


@pytest.mark.parametrize(("hostile", "rule"), HOSTILE)
@pytest.mark.parametrize("field", ["requestedAt", "approvedAt", "expiresAt", "revokedAt"])
def test_a_hostile_instant_of_a_grant_is_refused_where_it_stands(field: str, hostile: str, rule: str) -> None:
    text = elevation(**{field: hostile})
    assert refused(text) == [(rule, *place_of(text, field))]


@pytest.mark.parametrize(("hostile", "rule"), HOSTILE)
def test_a_hostile_end_of_an_administrator_is_refused_where_it_stands(hostile: str, rule: str) -> None:
    assert refused(f"{PEOPLE}{hostile}\n") == [(rule, 11, 18)]


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("expiresAt", "2026-11-20T09:19:59Z", "grant-order"),
        ("expiresAt", "2026-11-20T09:20:00Z", "grant-order"),
        ("expiresAt", "2026-11-20T10:20:00+01:00", "grant-order"),
        ("expiresAt", "2026-11-20T10:20:00.000001Z", "grant-too-long"),
        ("expiresAt", "2026-11-20T10:20:01Z", "grant-too-long"),
        ("expiresAt", "2026-11-20T10:20:00-01:00", "grant-too-long"),
        ("expiresAt", "9999-12-31T23:59:59Z", "grant-too-long"),
        ("approvedAt", "2026-11-20T09:09:59.999999Z", "grant-order"),
        ("revokedAt", "2026-11-20T09:19:59Z", "grant-order"),
    ],
)
def test_an_instant_out_of_order_is_refused_where_it_stands(field: str, text: str, rule: str) -> None:
    written_so = elevation(**{field: text})
    assert (rule, *place_of(written_so, field)) in refused(written_so)


def test_a_decision_after_the_requests_hour_is_refused_where_it_stands() -> None:
    text = elevation(approvedAt="2026-11-20T10:10:00Z", expiresAt="2026-11-20T10:20:00Z")
    assert refused(text) == [("grant-decision-window", *place_of(text, "approvedAt"))]


@pytest.mark.parametrize("missing", ["requestedAt", "approvedAt", "expiresAt"])
def test_an_approval_without_one_of_its_instants_is_refused(missing: str) -> None:
    text = "".join(line for line in elevation().splitlines(keepends=True) if missing not in line)
    assert {(rule, line) for rule, line, _ in refused(text)} == {("schema-required", 5)}


def test_a_request_of_the_last_hour_of_the_calendar_is_planned_like_any_other() -> None:
    request = a_life({"requestedAt": LAST - SECOND})
    assert grant_end(request) == LAST
    assert resolve(an_organization(grants=[request]), None, NOW, request_lifetime=HOUR)[1] == []
