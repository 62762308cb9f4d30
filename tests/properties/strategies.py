"""Small organizations as they really occur: few people, many ways to differ, instants around `NOW`."""

from dataclasses import replace
from datetime import datetime

from hypothesis import strategies as st

from reconciler.model.changes import FollowUp, ManualStep, Plan
from reconciler.model.resources import (
    Administrator,
    EndReason,
    Grant,
    Home,
    Organization,
    OrganizationType,
    RestrictedMode,
    Settings,
    SiteAssignment,
)
from reconciler.planning.scope import resolve
from tests.fakes.builders import HOUR, MINUTE, NOW, ended, people

MAILBOXES = ["alice", "bob", "carol", "dan", "eve", "straße", "андрей"]
ROLES = ["read-only-administrator", "support-administrator", "device-administrator", "user-and-device-administrator"]
RULES = ["sign-in-once", "invite-first"]
SITES = ["acme.webex.com", "acme-old.webex.com"]
NAMES = st.text(max_size=12) | st.sampled_from(["Alice Novak", "株式会社アクメ", "##[error]x", "a\nb"])


def instants(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Return instants so many minutes from `NOW`; few, so that equal ones are common."""
    return st.integers(first // 5, last // 5).map(lambda step: NOW + 5 * step * MINUTE)


ENDS = st.none() | st.none() | instants(-60, 180)
SITE_ASSIGNMENTS = st.dictionaries(
    st.sampled_from(SITES),
    st.builds(
        SiteAssignment, role=st.sampled_from(["site-administrator", "site-read-only-administrator"]), meeting_content_manager=st.booleans()
    ),
    max_size=2,
)
HOMES = st.none() | st.sampled_from([Home(organization="northwind"), Home(type="business")])


@st.composite
def administrators(draw: st.DrawFn, mailbox: str) -> Administrator:
    roles = draw(st.sets(st.sampled_from(ROLES), min_size=1, max_size=2))
    if draw(st.booleans()):
        roles.add("full-administrator")
    return Administrator(
        email=f"{mailbox}@acme.example",
        name=draw(st.none() | NAMES) or None,
        roles=frozenset(roles),
        sites=draw(SITE_ASSIGNMENTS),
        locations=frozenset(draw(st.sets(st.sampled_from(["Berlin", "Praha"])))),
        customers=draw(st.none() | st.frozensets(st.sampled_from(["globex", "initech"]))),
        home=draw(HOMES),
        expires_at=draw(ENDS),
    )


@st.composite
def staffs(draw: st.DrawFn) -> list[Administrator]:
    """Return people of whom at least one administers everything without an end."""
    chosen = draw(st.lists(st.sampled_from(MAILBOXES), unique=True, min_size=1, max_size=6))
    crowd = [draw(administrators(mailbox)) for mailbox in chosen]
    keeper = draw(st.integers(0, len(crowd) - 1))
    crowd[keeper] = replace(crowd[keeper], roles=crowd[keeper].roles | {"full-administrator"}, expires_at=None)
    return crowd


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    managed_by = draw(st.none() | st.just("northwind"))
    return Settings(
        type=OrganizationType.CUSTOMER,
        display_name=draw(st.none() | NAMES) or None,
        labels=draw(st.dictionaries(st.sampled_from(["tier", "a.b/c", "region"]), NAMES, max_size=2)),
        managed_by=managed_by,
        restricted_mode=RestrictedMode(enabled=draw(st.booleans())) if managed_by else None,
        cisco_read_only_access=draw(st.booleans()),
        services=frozenset(draw(st.sets(st.sampled_from(["calling", "events"])))),
        sites=draw(st.dictionaries(st.sampled_from(SITES), st.sampled_from(["control-hub", "site-administration"]), max_size=2)),
    )


@st.composite
def grants(draw: st.DrawFn, name: str) -> Grant:
    """Return a grant in any state of its life, with instants that a manifest may have."""
    requested = draw(instants(-150, 0))
    request = Grant(
        name=name, organization="acme", agent_email="tac@cisco.example", agent_type="cisco-tac", reason="x", requested_at=requested
    )
    decided = requested + draw(st.integers(0, 11)) * 5 * MINUTE
    stage = draw(st.sampled_from(["pending", "denied", "approved", "approved", "revoked"]))
    if stage == "pending" or decided > NOW:
        return request
    if stage == "denied":
        return replace(request, denied_by="alice@acme.example", denied_at=decided)
    end = decided + draw(st.integers(1, 12)) * 5 * MINUTE
    approved = replace(request, approved_by="alice@acme.example", approved_at=decided, expires_at=end)
    revoked = decided + draw(st.integers(0, 12)) * 5 * MINUTE
    return replace(approved, revoked_at=revoked) if stage == "revoked" and revoked <= NOW else approved


def lapsed(grant: Grant) -> Grant:
    """Return *grant* moved so far into the past that it is over."""
    fields = ("requested_at", "approved_at", "expires_at", "denied_at", "revoked_at")
    moved = {field: getattr(grant, field) - 3 * HOUR for field in fields if getattr(grant, field) is not None}
    return replace(grant, name=f"lapsed-{grant.name}", **moved)


def _named(names: list[str]) -> st.SearchStrategy[dict[str, Grant]]:
    drawn = st.lists(st.sampled_from(names), unique=True, max_size=3).flatmap(lambda chosen: st.tuples(*map(grants, chosen)))
    return drawn.map(lambda several: {grant.name: grant for grant in several})


@st.composite
def declared_organizations(draw: st.DrawFn) -> Organization:
    """Return what manifests may declare of `acme`; its list of administrators may be left unmanaged."""
    crowd = draw(st.none() | staffs() | staffs() | staffs())
    return Organization(
        name="acme",
        settings=draw(settings()),
        administrators=None if crowd is None else people(*crowd),
        grants=draw(_named(["inc-1", "inc-2", "inc-3"])),
    )


@st.composite
def stored_organizations(draw: st.DrawFn) -> Organization:
    """Return what a state may hold of `acme`: written some time ago, with ends that nobody has recorded yet, and with history."""
    held = draw(_named(["old-1", "old-2"]))
    stored = Organization(name="acme", settings=draw(settings()), administrators=people(*draw(staffs())), grants=held)
    stored, _ = resolve(Organization(name="acme"), stored, draw(instants(-90, 0)), request_lifetime=HOUR)
    history = draw(st.booleans())
    grant = draw(grants("history"))
    return replace(stored, grants={**stored.grants, "history": ended(grant, EndReason.OMITTED, NOW - MINUTE)}) if history else stored


@st.composite
def steps(draw: st.DrawFn) -> tuple[Grant, Grant]:
    """Return a stored grant and what a manifest may make of it next."""
    old = draw(grants("inc-1"))
    if old.denied_at is not None:
        return old, old
    if old.approved_at is None or old.expires_at is None:
        new = draw(grants("inc-1"))
        fits = new.requested_at == old.requested_at
        return old, new if fits else old
    shorter = old.approved_at + draw(st.integers(1, 12)) * 5 * MINUTE
    new = replace(old, expires_at=min(old.expires_at, shorter))
    earlier = old.approved_at + draw(st.integers(0, 12)) * 5 * MINUTE
    if draw(st.booleans()) and earlier <= (old.revoked_at or earlier):
        new = replace(new, revoked_at=earlier)
    return old, new


def _addresses(made: Plan) -> st.SearchStrategy[str]:
    """Return addresses of changed and of other resources, some of them in another spelling."""
    changed = [change.address for change in made.changes]
    others = ["acme/organization", "acme/administrator/alice@acme.example", "acme/administrator/STRASSE@acme.example"]
    return st.sampled_from([*changed, *others])


def steps_about(made: Plan) -> st.SearchStrategy[list[ManualStep]]:
    """Return what rules may ask of people beside the changes of *made*."""
    texts = st.sampled_from(["sign in once", "株式会社", "a\nb"])
    a_step = st.builds(
        ManualStep, rule=st.sampled_from(RULES), address=_addresses(made), summary=texts, detail=texts, follow_up=st.booleans()
    )
    return st.lists(a_step, max_size=5)


def open_in(made: Plan) -> st.SearchStrategy[list[FollowUp]]:
    """Return what may be open in the organization of *made*."""
    follow_up = st.builds(FollowUp, rule=st.sampled_from(RULES), address=_addresses(made), summary=NAMES, since=instants(-90, 0))
    return st.lists(follow_up, max_size=5)
