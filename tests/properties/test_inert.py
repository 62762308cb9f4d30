"""What has ended is inert in a manifest: put in or taken out, nothing follows from it."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.documents import Document
from reconciler.model.findings import Finding
from reconciler.model.lifetimes import grant_end
from reconciler.model.resources import Administrator, Grant, Organization
from reconciler.planning.effects import access_changes
from reconciler.planning.plan import count_declared
from reconciler.planning.scope import resolve
from tests.fakes.builders import CATALOG, HOUR, MINUTE, SECOND, a_plan
from tests.properties.strategies import administrators, declared_organizations, grants, instants, stored_organizations

STORED = st.none() | stored_organizations() | stored_organizations()
NOWS = instants(-30, 240) | st.tuples(instants(-30, 240), st.sampled_from([-SECOND, SECOND])).map(lambda both: both[0] + both[1])


def moved(grant: Grant, by: timedelta, name: str) -> Grant:
    fields = ("requested_at", "approved_at", "expires_at", "denied_at", "revoked_at")
    return replace(grant, name=name, **{field: at + by for field in fields if (at := getattr(grant, field)) is not None})


@st.composite
def lapsed_grants(draw: st.DrawFn, now: datetime) -> list[Grant]:
    """Return grants whose end has come at *now*, often just then."""
    found = []
    for number, grant in enumerate(draw(st.lists(grants("g"), min_size=1, max_size=3))):
        ago = draw(st.sampled_from([timedelta(0), SECOND, MINUTE, HOUR, 400 * HOUR]))
        found.append(moved(grant, now - ago - grant_end(grant), f"over-{number}"))
    return found


@st.composite
def lapsed_people(draw: st.DrawFn, now: datetime) -> list[Administrator]:
    """Return people whose access has ended at *now*, often just then."""
    crowd = [draw(administrators(mailbox)) for mailbox in draw(st.sets(st.sampled_from(["over", "gone"])))]
    return [replace(person, expires_at=now - draw(st.sampled_from([timedelta(0), SECOND, 400 * HOUR]))) for person in crowd]


def outcome(declared: Organization, stored: Organization | None, now: datetime) -> tuple[object, list[Document], list[Finding], int]:
    """Return everything that a plan says of what would happen."""
    after, findings = resolve(declared, stored, now, request_lifetime=HOUR)
    made = a_plan(declared, stored, now=now)
    effects = list(access_changes(stored, after, partner_of=lambda _: None, now=now, catalog=CATALOG))
    said = (after, made.digest, made.changes, made.refusals, made.timeline, made.valid_until, made.removals)
    return said, effects, findings, count_declared(declared, now, request_lifetime=HOUR)


def padded(declared: Organization, over: list[Grant], gone: list[Administrator]) -> Organization:
    crowd = declared.administrators
    return replace(
        declared,
        administrators=None if crowd is None else {**crowd, **{person.key: person for person in gone}},
        grants={**declared.grants, **{grant.name: grant for grant in over}},
    )


@given(declared_organizations(), STORED, NOWS, st.data())
def test_what_is_over_makes_no_difference_when_it_is_put_in(
    declared: Organization, stored: Organization | None, now: datetime, data: st.DataObject
) -> None:
    over, gone = data.draw(lapsed_grants(now)), data.draw(lapsed_people(now))
    assert outcome(padded(declared, over, gone), stored, now) == outcome(declared, stored, now)
    alone = replace(declared, settings=None, administrators=None)
    assert outcome(padded(alone, over, []), stored, now) == outcome(alone, stored, now)


@given(declared_organizations(), NOWS, st.data())
def test_what_was_applied_and_is_over_makes_no_difference_when_it_is_taken_out(
    declared: Organization, now: datetime, data: st.DataObject
) -> None:
    """Recorded as ended or not: leaving it in the manifests and taking it out come to the same."""
    over, gone = data.draw(lapsed_grants(now)), data.draw(lapsed_people(now))
    full = padded(declared, over, gone)
    recorded, _ = resolve(Organization(name="acme"), full, now, request_lifetime=HOUR)
    for known in (full, recorded):
        assert outcome(full, known, now) == outcome(declared, known, now)
    for later in (now + SECOND, now + 2 * HOUR):
        made = a_plan(full, recorded, now=later)
        assert not any("over-" in change.address for change in made.changes)


@given(grants("inc-1"))
def test_a_grant_is_told_once_before_its_end_and_never_from_then_on(grant: Grant) -> None:
    end = grant_end(grant)
    empty = Organization(name="acme")
    declared = Organization(name="acme", grants={"inc-1": grant})
    for now in (end, end + SECOND, end + 400 * HOUR):
        assert outcome(declared, None, now)[0] == outcome(empty, None, now)[0]
    assert len(a_plan(declared, None, now=end - SECOND).changes) == 1
