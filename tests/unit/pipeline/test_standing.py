"""Who could approve: what the journal tells of an instant, and what validate, plan and apply make of it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.applying import apply_plan
from reconciler.model.changes import Action
from reconciler.model.documents import administrator_document
from reconciler.model.errors import ManifestError, TamperedPlanError
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import administrator_address, organization_address
from reconciler.model.journal import Entry, EntryKind, Record
from reconciler.model.resources import Administrator
from reconciler.model.results import Application, FleetPlan
from reconciler.pipeline import Approval, Request, RunSettings, apply_paths, apply_saved, forget, plan, validate
from reconciler.pipeline.standing import Standing, replayed
from reconciler.planning.seal import PlanHash, digest
from reconciler.rules import OnRecord
from reconciler.stores import open_reader
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    ALICE,
    BOB,
    CATALOG,
    DAY,
    HOLDER,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_record,
    a_run,
    a_store,
    an_administrator,
    an_organization,
    grants_alone,
)
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.unit.pipeline.manifests import grant, organization, write

YES = Approval(expect=None, ask=lambda _: None, again=True)
BEA = "{email: bea@acme.example, roles: [%s]},"
BY_BEA = {"approvedBy": "bea@acme.example", "approvedAt": "2026-11-20T09:20:00Z", "expiresAt": "2026-11-20T10:00:00Z"}
APPROVED = NOW - 10 * MINUTE


# The journal alone


def recorded(at: datetime, person: Administrator, *roles: str, run: str = "r0", kind: EntryKind = EntryKind.CHANGE) -> Record:
    """Return the record that *person* has *roles* from *at* on; without any, that they are gone."""
    after = administrator_document(replace(person, roles=frozenset(roles))) if roles else None
    return a_record(run=run, at=at, kind=kind, address=administrator_address("acme", person.email), after=after)


def roles_at(at: datetime, *records: Record, person: str = BOB.key) -> list[str] | None:
    """Return what the journal says that somebody held; None where it names nobody."""
    found = replayed(records, "acme", person, at)
    return None if found is None else sorted(found.person.roles) if found.person else []


def test_an_address_that_was_given_up_is_nobodys_any_more_and_the_new_one_nobodys_before() -> None:
    bo = replace(BOB, email="bo@acme.example")
    moved = replace(recorded(NOW + HOUR, bo, "a", run="r1"), before=administrator_document(replace(BOB, roles=frozenset({"a"}))))
    records = recorded(NOW, BOB, "a"), moved
    assert [roles_at(at, *records) for at in (NOW, NOW + HOUR)] == [["a"], []]
    assert [roles_at(at, *records, person=bo.key) for at in (NOW, NOW + HOUR)] == [[], ["a"]]
    back = recorded(NOW + 2 * HOUR, BOB, "b", run="r2")
    assert roles_at(NOW + 2 * HOUR, *records, back) == ["b"]


def test_the_last_record_up_to_the_instant_counts() -> None:
    records = recorded(NOW, BOB, "a"), recorded(NOW + HOUR, BOB, "b", run="r1"), recorded(NOW + 2 * HOUR, BOB, run="r2")
    instants = [NOW, NOW + HOUR - SECOND, NOW + HOUR, NOW + 2 * HOUR - SECOND, NOW + 2 * HOUR]
    assert [roles_at(at, *records) for at in instants] == [["a"], ["a"], ["b"], ["b"], []]


def test_before_the_first_record_all_that_the_first_run_recorded_counts() -> None:
    first = recorded(NOW, ALICE, "a"), recorded(NOW + SECOND, BOB, "b")
    later = recorded(NOW + HOUR, BOB, "c", run="r1"), recorded(NOW + HOUR, an_administrator("carol@acme.example"), "d", run="r1")
    assert roles_at(NOW - DAY, *first, *later) == roles_at(NOW, *first, *later) == ["b"]
    assert roles_at(NOW - DAY, *first, *later, person="carol@acme.example") == []


def test_what_was_forgotten_is_what_is_recorded_anew() -> None:
    gone = a_record(run="r1", at=NOW + HOUR, address=organization_address("acme"), action=Action.DELETE)
    records = recorded(NOW, BOB, "a"), gone, recorded(NOW + 3 * HOUR, BOB, "b", run="r2"), recorded(NOW + 4 * HOUR, BOB, "c", run="r3")
    assert [roles_at(NOW + hours * HOUR, *records) for hours in (0, 1, 2, 3, 4)] == [["a"], ["b"], ["b"], ["b"], ["c"]]
    assert roles_at(NOW + 2 * HOUR, *records[:2]) is None


def test_a_person_is_the_same_in_other_letters_and_other_resources_are_nobody() -> None:
    settings = a_record(address=organization_address("acme"), action=Action.UPDATE)
    nobody = a_record(at=NOW, address="acme/elevation-grant/bob@acme.example"), a_record(at=NOW, address=None), settings
    assert roles_at(NOW, *nobody) is None
    assert roles_at(NOW, *nobody, recorded(NOW, replace(BOB, email="BOB@acme.example"), "a")) == ["a"]


def test_a_state_whose_journal_names_nobody_is_taken_as_it_is() -> None:
    standing = Standing(a_store(an_organization(ALICE, BOB)))
    assert standing("acme", BOB.key, NOW) == OnRecord(person=BOB)
    assert standing("acme", "nobody@acme.example", NOW) == OnRecord(person=None)


def test_where_no_administrators_are_on_record_nobody_is_asked() -> None:
    assert Standing(a_store(grants_alone()))("acme", BOB.key, NOW) is None
    assert Standing(a_store(an_organization(administrators=None)))("acme", BOB.key, NOW) is None
    assert Standing(MemoryStore())("acme", BOB.key, NOW) is None


def test_what_is_no_change_is_not_replayed() -> None:
    store = a_store(an_organization(ALICE))
    store.note("acme", [recorded(NOW, BOB, "full-administrator", kind=EntryKind.FAILURE)])
    assert Standing(store)("acme", BOB.key, NOW) == OnRecord(person=None)


# Use cases


class CountingStore(MemoryStore):
    """Counts how often the journal of an organization is read."""

    journals = 0

    def entries(self, organization: str | None = None) -> Iterator[Entry]:
        self.journals += 1
        return super().entries(organization)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "orgs"


def applied(paths: tuple[str, ...], store: MemoryStore, at: datetime) -> None:
    made = plan(Request(catalog=CATALOG, paths=paths), store, at)
    apply_plan(made, store, a_run(target=NoTarget(), clock=FixedClock(at), run=f"run at {at}"))


def findings(paths: tuple[str, ...], store: MemoryStore | None, now: datetime = NOW) -> list[tuple[str, Severity]]:
    """Return what is found of grants: by validate where no state is given, by plan otherwise."""
    request = Request(catalog=CATALOG, paths=paths)
    found: tuple[Finding, ...]
    try:
        found = validate(request, now).findings if store is None else plan(request, store, now).findings
    except ManifestError as error:
        found = tuple(error.findings)
    return [(finding.rule, finding.severity) for finding in found if finding.rule.startswith("grant-")]


REFUSED = [("grant-approver", Severity.ERROR)]
FULL, SUPPORT = (organization(people=BEA % role) for role in ("full-administrator", "support-administrator"))


def test_who_is_promoted_after_the_approval_could_not_approve(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=SUPPORT), store, NOW - DAY)
    paths = write(folder, acme=FULL, grant=grant(times=BY_BEA))
    assert findings(paths, None) == []
    assert findings(paths, store) == REFUSED
    applied(write(folder, acme=FULL), store, APPROVED + SECOND)
    assert findings(write(folder, acme=FULL, grant=grant(times=BY_BEA)), store) == REFUSED


def test_who_is_demoted_or_gone_after_the_approval_could_approve(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=FULL), store, NOW - DAY)
    for left in (SUPPORT, organization()):
        paths = write(folder, acme=left, grant=grant(times=BY_BEA))
        assert findings(paths, None) == REFUSED
        assert findings(paths, store) == []
        applied(paths, store, NOW - MINUTE)
        assert findings(paths, store) == []


def test_promoted_in_time_is_soon_enough(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=SUPPORT), store, NOW - DAY)
    applied(write(folder, acme=FULL), store, APPROVED)
    assert findings(write(folder, grant=grant(times=BY_BEA)), store) == []


def test_an_approval_before_the_first_record_is_held_against_that(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=FULL), store, NOW - MINUTE)
    assert findings(write(folder, grant=grant(times=BY_BEA)), store) == []
    applied(write(folder, acme=SUPPORT), store, NOW)
    assert findings(write(folder, grant=grant(times=BY_BEA)), store, NOW) == []


def test_the_first_run_is_held_against_its_own_list(folder: Path) -> None:
    assert findings(write(folder, acme=FULL, grant=grant(times=BY_BEA)), MemoryStore()) == []
    assert findings(write(folder, acme=SUPPORT, grant=grant(times=BY_BEA)), MemoryStore()) == REFUSED


def test_where_nothing_is_known_of_the_list_the_approver_is_unchecked(folder: Path) -> None:
    unmanaged = "apiVersion: reconciler/v1\nkind: Organization\nmetadata: {name: acme}\nspec: {type: customer}\n"
    paths = write(folder, acme=unmanaged, grant=grant())
    assert findings(paths, None) == findings(paths, MemoryStore()) == [("grant-approver", Severity.INFO)]
    store = MemoryStore()
    applied(write(folder, acme=organization()), store, NOW - DAY)
    assert findings(write(folder, acme=unmanaged, grant=grant()), store) == []


def test_an_elevation_gives_nobody_the_right_to_approve(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(), grant=grant()), store, APPROVED)
    second = grant("inc-2", BY_BEA | {"approvedBy": "tac@cisco.example"}, agent="hal@cisco.example")
    assert findings(write(folder, one=grant(), grant=second), store) == REFUSED


def test_the_journal_is_read_for_a_grant_that_can_still_give_something_and_no_other(folder: Path) -> None:
    store = CountingStore()
    applied(write(folder, acme=organization()), store, NOW - DAY)
    requests = write(folder, acme=organization(), old=grant("inc-0"), new=grant("inc-1", {}))
    store.journals = 0
    findings(requests, store, NOW + HOUR)
    assert store.journals == 0
    findings(requests, store, NOW)
    assert store.journals == 1


# Saved plans

PARTNER = organization("northwind").replace("type: customer", "type: partner").replace("@acme.", "@northwind.")
HELP_DESK = PARTNER.replace(
    "administrators: [", "administrators: [{email: tomas@northwind.example, roles: [help-desk-administrator-advanced]}, "
)
MANAGED = organization(spec="  managedBy: northwind\n")
FOR_TOMAS = grant(agent="tomas@northwind.example").replace("cisco-tac", "managing-partner")
SUPPORTED = grant(agent="tomas@northwind.example").replace("cisco-tac", "partner-support")


class Place:
    """A state on disk, and saved plans."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0

    def request(self, **documents: str) -> Request:
        return Request(catalog=CATALOG, state=f"sqlite:///{self.folder.parent}/state.db", paths=write(self.folder, **documents))

    def settings(self, at: datetime = NOW) -> RunSettings:
        self.runs += 1
        return RunSettings(
            run=f"r{self.runs}",
            holder=HOLDER,
            clock=FixedClock(at),
            lock_timeout=0 * SECOND,
            stopping=lambda: None,
            progress=lambda _: None,
        )

    def planned(self, **documents: str) -> tuple[FleetPlan, Request]:
        request = self.request(**documents)
        with closing(open_reader(request.state)) as reader:
            return plan(request, reader, NOW), request

    def apply(self, at: datetime, **documents: str) -> None:
        assert isinstance(apply_paths(self.request(**documents), self.settings(at), YES), Application)

    def refused(self, made: FleetPlan, request: Request) -> list[str]:
        with pytest.raises(TamperedPlanError) as caught:
            apply_saved(made, request, self.settings(), expect=None)
        return [finding.rule for finding in caught.value.findings]


@pytest.fixture
def place(folder: Path) -> Place:
    return Place(folder)


@pytest.mark.parametrize("manifest", [FOR_TOMAS, SUPPORTED], ids=["managing partner", "partner support"])
def test_grants_alone_at_night(place: Place, manifest: str) -> None:
    place.apply(NOW - DAY, acme=MANAGED, north=HELP_DESK)
    made, request = place.planned(grant=manifest)
    assert [finding.rule for finding in made.findings] == ["actor-unchecked"]
    assert isinstance(apply_saved(made, request, place.settings(), expect=None), Application)


@pytest.mark.parametrize("manifest", [FOR_TOMAS, SUPPORTED], ids=["managing partner", "partner support"])
def test_a_saved_plan_may_give_the_agent_the_role_that_the_grant_asks_for(place: Place, manifest: str) -> None:
    place.apply(NOW - DAY, acme=MANAGED, north=PARTNER)
    made, request = place.planned(acme=MANAGED, north=HELP_DESK, grant=manifest)
    assert isinstance(apply_saved(made, request, place.settings(), expect=None), Application)


@pytest.mark.parametrize("manifest", [FOR_TOMAS, SUPPORTED], ids=["managing partner", "partner support"])
def test_a_first_saved_plan_brings_the_partner_along(place: Place, manifest: str) -> None:
    made, request = place.planned(acme=MANAGED, north=HELP_DESK, grant=manifest)
    assert isinstance(apply_saved(made, request, place.settings(), expect=None), Application)


@pytest.mark.parametrize("manifest", [FOR_TOMAS, SUPPORTED], ids=["managing partner", "partner support"])
def test_a_saved_plan_is_refused_when_the_agent_has_lost_the_role_meanwhile(place: Place, manifest: str) -> None:
    place.apply(NOW - DAY, acme=MANAGED, north=HELP_DESK)
    made, request = place.planned(acme=MANAGED, grant=manifest)
    place.apply(NOW, north=PARTNER)
    assert place.refused(made, request) == ["grant-agent"]


def altered(made: FleetPlan, **facts: object) -> FleetPlan:
    """Return the plan with another grant in it, as somebody would seal it who knows how."""
    (section,) = made.plans()
    changes = tuple(
        replace(change, after={**change.after, **facts}) if change.name == "inc-1" and change.after else change
        for change in section.changes
    )
    plain = replace(section, changes=changes)
    sealed = replace(plain, digest=digest(made.lineage, plain.serial, changes))
    total = PlanHash()
    total.add(sealed.organization, sealed.digest)
    return replace(made, plans=lambda: iter((sealed,)), plan_hash=total.text())


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "first"])
@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        ({"approved_by": "tac@cisco.example"}, {"grant-approver", "grant-self-approved"}),
        ({"approved_by": "eve@acme.example"}, {"grant-approver"}),
        ({"approved_by": "alice@acme.example", "agent": {"email": "alice+x@acme.example", "type": "cisco-tac"}}, {"grant-self-approved"}),
    ],
    ids=["the agent", "a stranger", "a plus tag"],
)
def test_a_forged_approval_is_refused(place: Place, facts: dict[str, object], rules: set[str], *, stored: bool) -> None:
    if stored:
        place.apply(NOW - DAY, acme=organization())
    made, request = place.planned(acme=organization(), grant=grant())
    assert set(place.refused(altered(made, **facts), request)) == rules
    assert isinstance(apply_saved(altered(made), request, place.settings(), expect=None), Application)


def test_an_organization_that_comes_back_is_held_against_its_new_list(place: Place) -> None:
    place.apply(NOW - DAY, acme=SUPPORT)
    assert isinstance(forget("acme", place.request(), place.settings(NOW - HOUR)), Application)
    documents = {"acme": FULL, "grant": grant(times=BY_BEA)}
    place.apply(NOW, **documents)
    made, _ = place.planned(**documents)
    assert (made.findings, made.summary.changes) == ((), 0)
