"""The steps in the life of a grant: which are open when, and what they write; and the list of what is stored."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.errors import ManifestError, MissingStateError, UsageError
from reconciler.model.protocols import Stored
from reconciler.model.resources import EndReason, Organization
from reconciler.pipeline import GrantEdit, Request, approve_grant, deny_grant, list_grants, request_grant, revoke_grant
from reconciler.stores.empty import EmptyState
from tests.fakes.builders import (
    CATALOG,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_grant,
    a_request,
    a_store,
    an_administrator,
    an_organization,
    ended,
    put,
    settings,
)
from tests.fakes.store import MemoryStore

BY = "alice@acme.example"
REQUEST = Request(catalog=CATALOG)
REQUESTED = NOW - 20 * MINUTE


Decide = Callable[[str, Request, datetime], GrantEdit]
DECISIONS: dict[str, Decide] = {
    "approve": lambda path, request, now: approve_grant(path, BY, None, request, now),
    "deny": lambda path, request, now: deny_grant(path, BY, request, now),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a request that was made 20 minutes before `NOW`."""
    path = tmp_path / "inc-1.yaml"
    path.write_text(request_grant(str(path), a_request(), REQUEST, schema=None).text, encoding="utf-8")
    return path


def written(edit: GrantEdit) -> Path:
    path = Path(edit.path)
    path.write_text(edit.text, encoding="utf-8")
    return path


def refusal(error: ManifestError) -> tuple[str, int]:
    (finding,) = error.findings
    assert finding.range is not None
    assert finding.rule == "grant-step"
    return finding.message, finding.range.start.line


def approved(file: Path, now: datetime = NOW) -> Path:
    return written(approve_grant(str(file), BY, None, REQUEST, now))


def test_an_approval_computes_its_end_and_names_who_gave_it(file: Path) -> None:
    edit = approve_grant(str(file), BY, None, REQUEST, NOW)
    grant = edit.step.grant
    assert (grant.approved_by, grant.approved_at, grant.expires_at, edit.step.platform_end) == (BY, NOW, NOW + HOUR, None)
    assert edit.text == file.read_text(encoding="utf-8") + (
        f'  approvedBy: {BY}\n  approvedAt: "2026-11-20T09:30:00Z"\n  expiresAt: "2026-11-20T10:30:00Z"\n'
    )


def test_an_end_of_ones_own_is_shorter_than_the_platforms_which_is_told(file: Path) -> None:
    step = approve_grant(str(file), BY, 30 * MINUTE, REQUEST, NOW).step
    assert (step.grant.expires_at, step.platform_end) == (NOW + 30 * MINUTE, NOW + HOUR)
    assert approve_grant(str(file), BY, HOUR, REQUEST, NOW).step.platform_end is None
    for lasting in (timedelta(0), HOUR + SECOND):
        with pytest.raises(UsageError, match="at most 1:00:00"):
            approve_grant(str(file), BY, lasting, REQUEST, NOW)


def test_the_lifetimes_are_those_of_the_catalog(file: Path) -> None:
    request = Request(catalog=replace(CATALOG, request_lifetime=30 * MINUTE, elevation_lifetime=10 * MINUTE))
    assert approve_grant(str(file), BY, None, request, NOW).step.grant.expires_at == NOW + 10 * MINUTE
    with pytest.raises(ManifestError, match="lapsed"):
        approve_grant(str(file), BY, None, request, NOW + 10 * MINUTE)


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_a_request_is_decided_once_and_in_its_hour(file: Path, decide: Decide) -> None:
    last = REQUESTED + HOUR - SECOND
    decide(str(file), REQUEST, last)
    for late in (last + SECOND, NOW + DAY):
        with pytest.raises(ManifestError) as caught:
            decide(str(file), REQUEST, late)
        assert refusal(caught.value) == ("the request inc-1 lapsed 2026-11-20T10:10:00Z", 11)
    approved(file)
    with pytest.raises(ManifestError) as caught:
        decide(str(file), REQUEST, NOW)
    assert refusal(caught.value) == ("grant inc-1 was approved already, 2026-11-20T09:30:00Z", 13)


def test_a_refusal_is_a_decision_too(file: Path) -> None:
    step = deny_grant(str(file), BY, REQUEST, NOW).step
    assert (step.grant.denied_by, step.grant.denied_at) == (BY, NOW)
    written(deny_grant(str(file), BY, REQUEST, NOW))
    for decide in DECISIONS.values():
        with pytest.raises(ManifestError) as caught:
            decide(str(file), REQUEST, NOW)
        assert refusal(caught.value) == ("grant inc-1 was denied already, 2026-11-20T09:30:00Z", 13)


@pytest.mark.parametrize("by", ["tac@cisco.example", "TAC@Cisco.example", "ｔac@cisco.example"])
def test_nobody_lets_themselves_in(file: Path, by: str) -> None:
    with pytest.raises(ManifestError, match="would be let in") as caught:
        approve_grant(str(file), by, None, REQUEST, NOW)
    assert refusal(caught.value)[1] == 8


def test_who_answers_and_who_is_on_record_are_one_person(file: Path) -> None:
    request = replace(REQUEST, actor="Alice@acme.example")
    assert approve_grant(str(file), BY, None, request, NOW).step.grant.approved_by == BY
    assert deny_grant(str(file), BY, request, NOW).step.grant.denied_by == BY
    for decide in DECISIONS.values():
        with pytest.raises(UsageError, match="two people"):
            decide(str(file), replace(REQUEST, actor="bob@acme.example"), NOW)


def test_two_clocks_may_be_a_little_apart_and_no_more(file: Path) -> None:
    grant = approve_grant(str(file), BY, None, REQUEST, REQUESTED - 2 * MINUTE).step.grant
    assert (grant.approved_at, grant.expires_at) == (REQUESTED, REQUESTED + HOUR)
    with pytest.raises(ManifestError, match="requestedAt of inc-1 lies in the future: it is 2026-11-20T09:07:59Z now"):
        approve_grant(str(file), BY, None, REQUEST, REQUESTED - 2 * MINUTE - SECOND)
    approved(file)
    assert revoke_grant(str(file), REQUEST, NOW - MINUTE).step.grant.revoked_at == NOW
    with pytest.raises(ManifestError, match="approvedAt of inc-1 lies in the future"):
        revoke_grant(str(file), REQUEST, NOW - 3 * MINUTE)


def test_running_access_is_revoked_once(file: Path) -> None:
    approved(file)
    edit = revoke_grant(str(file), REQUEST, NOW + MINUTE)
    assert edit.text == file.read_text(encoding="utf-8") + '  revokedAt: "2026-11-20T09:31:00Z"\n'
    with pytest.raises(ManifestError) as caught:
        revoke_grant(str(file), REQUEST, NOW + HOUR)
    assert refusal(caught.value) == ("grant inc-1 expired by itself 2026-11-20T10:30:00Z", 14)
    written(edit)
    with pytest.raises(ManifestError) as caught:
        revoke_grant(str(file), REQUEST, NOW + 2 * MINUTE)
    assert refusal(caught.value) == ("grant inc-1 was revoked already, 2026-11-20T09:31:00Z", 15)


def test_what_was_never_approved_is_not_revoked(file: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        revoke_grant(str(file), REQUEST, NOW)
    assert refusal(caught.value) == ("grant inc-1 was never approved: there is nothing to revoke", 11)
    assert caught.value.findings[0].hint == f"reconciler grant deny {file} --by EMAIL"
    written(deny_grant(str(file), BY, REQUEST, NOW))
    with pytest.raises(ManifestError, match="was denied"):
        revoke_grant(str(file), REQUEST, NOW)


# The list


def fleet() -> tuple[Organization, ...]:
    grants = [
        a_grant("active"),
        a_request("pending", requested_at=NOW - MINUTE),
        a_grant("overdue", requested_at=NOW - 2 * HOUR, approved_at=NOW - HOUR, expires_at=NOW),
        a_request("lapsed", requested_at=NOW - HOUR),
        ended(a_request("denied", denied_by=BY, denied_at=NOW - 10 * MINUTE), EndReason.DENIED, NOW - 10 * MINUTE),
        ended(a_grant("revoked", revoked_at=NOW - 5 * MINUTE), EndReason.REVOKED, NOW - 5 * MINUTE),
        ended(a_grant("omitted"), EndReason.OMITTED, NOW - 4 * MINUTE),
    ]
    eve = an_administrator("eve@x.example", "read-only-administrator", expires_at=NOW + 3 * DAY)
    ulf = an_administrator("ulf@x.example", "read-only-administrator", expires_at=NOW)
    later = a_grant("later", organization="globex", approved_at=NOW, expires_at=NOW + HOUR)
    return (
        an_organization(an_administrator(), eve, ulf, grants=grants, settings=settings(labels={"tier": "gold"})),
        an_organization(name="globex", grants=[later]),
        an_organization(name="initech"),
    )


def stored() -> MemoryStore:
    return a_store(*fleet())


def names(reader: MemoryStore | EmptyState, request: Request = REQUEST, *, ending: timedelta | None = None) -> tuple[list[str], list[str]]:
    listed = list_grants(reader, request, NOW, ending=ending)
    return [one.grant.name for one in listed.grants], [one.person for one in listed.administrators]


def test_the_living_come_first_and_history_last() -> None:
    listed = list_grants(stored(), REQUEST, NOW)
    assert [(one.grant.name, one.status.value, one.recorded) for one in listed.grants] == [
        ("active", "active", False),
        ("pending", "pending", False),
        ("later", "active", False),
        ("lapsed", "lapsed", False),
        ("overdue", "expired", False),
        ("omitted", "revoked", True),
        ("revoked", "revoked", True),
        ("denied", "denied", True),
    ]
    assert [(one.person, one.end) for one in listed.administrators] == [("ulf@x.example", NOW), ("eve@x.example", NOW + 3 * DAY)]


def test_what_ends_soon_is_what_is_not_over_yet_by_the_record() -> None:
    assert names(stored(), ending=30 * MINUTE) == (["active", "lapsed", "overdue"], ["ulf@x.example"])
    assert names(stored(), ending=30 * DAY) == (["active", "pending", "later", "lapsed", "overdue"], ["ulf@x.example", "eve@x.example"])


class Counting(MemoryStore):
    """Remembers which organizations were read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def read(self, name: str) -> Stored:
        self.asked.append(name)
        return super().read(name)


def test_only_organizations_in_which_something_ends_in_time_are_read_for_it() -> None:
    store = Counting()
    for organization in fleet():
        put(store, organization)
    store.asked.clear()
    assert names(store, ending=45 * MINUTE)[0] == ["active", "lapsed", "overdue"]
    assert store.asked == ["acme"]


def test_the_list_is_limited_by_name_and_by_label() -> None:
    assert names(stored(), replace(REQUEST, organizations=frozenset({"globex"}))) == (["later"], [])
    assert len(names(stored(), replace(REQUEST, labels={"tier": "gold"}))[0]) == 7
    assert names(stored(), replace(REQUEST, labels={"tier": "silver"})) == ([], [])
    with pytest.raises(MissingStateError, match="no organization globx is stored") as caught:
        names(stored(), replace(REQUEST, organizations=frozenset({"globx"})))
    assert caught.value.findings[0].hint == "reconciler grant list --org globex"


def test_without_a_state_nothing_is_listed_and_no_time_is_too_long() -> None:
    assert names(EmptyState(location="sqlite:///x.db")) == ([], [])
    with pytest.raises(UsageError, match="no calendar goes that far"):
        names(stored(), ending=timedelta(days=9_999_999))
