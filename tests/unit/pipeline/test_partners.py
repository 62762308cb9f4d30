"""Whose people they are: as declared, else as stored; and what validate, plan and apply make of it."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.manifests import read, survey
from reconciler.model.errors import ManifestError, TamperedPlanError
from reconciler.model.findings import Finding
from reconciler.model.protocols import Stored
from reconciler.model.resources import Home, Organization, OrganizationType
from reconciler.model.results import Application
from reconciler.pipeline import Approval, Request, RunSettings, apply_paths, apply_saved, plan, validate
from reconciler.pipeline.partners import Partners
from reconciler.stores import open_reader
from tests.fakes.builders import CATALOG, HOLDER, NOW, SECOND, a_store, an_administrator, an_organization, grants_alone, settings
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.unit.pipeline.manifests import organization, write

NOC = "{email: noc@northwind.example, roles: [full-administrator]},"
ACCOUNT = "{email: noc@northwind.example, home: {type: business}, roles: [full-administrator]},"
CUSTOMER = organization(people=ACCOUNT, spec="  managedBy: northwind\n")
UNMANAGED = "apiVersion: reconciler/v1\nkind: Organization\nmetadata: {name: northwind}\nspec: {type: partner}\n"

YES = Approval(expect=None, ask=lambda _: None, again=True)
SETTINGS = RunSettings(
    run="r1", holder=HOLDER, clock=FixedClock(NOW), lock_timeout=0 * SECOND, stopping=lambda: None, progress=lambda _: None
)


def partner_manifest(people: str = "") -> str:
    return organization("northwind", people=people).replace("type: customer", "type: partner").replace("@acme.", "@northwind.")


def stored_partner(*emails: str) -> Organization:
    people = [an_administrator(email) for email in emails]
    return an_organization(*people, name="northwind", settings=settings(type=OrganizationType.PARTNER))


class CountingStore(MemoryStore):
    """Counts how often an organization is read."""

    reads = 0

    def read(self, name: str) -> Stored:
        self.reads += name == "northwind"
        return super().read(name)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "orgs"


def partners(paths: tuple[str, ...], store: MemoryStore | None = None) -> frozenset[str] | None:
    with closing(read(survey(paths))) as manifests:
        return Partners(NOW, manifests, store).people_of("northwind")


def test_declared_people_go_before_stored_ones(folder: Path) -> None:
    store = a_store(stored_partner("old@northwind.example"))
    declared = frozenset({"alice@northwind.example", "carol@northwind.example", "noc@northwind.example"})
    assert partners(write(folder, north=partner_manifest(NOC)), store) == declared


@pytest.mark.parametrize("manifest", [UNMANAGED, organization(), partner_manifest(NOC).replace("partner", "partnr")])
def test_stored_people_count_where_none_are_declared(folder: Path, manifest: str) -> None:
    store = a_store(stored_partner("old@northwind.example"))
    paths = write(folder, north=manifest)
    assert partners(paths, store) == frozenset({"old@northwind.example"})
    assert partners(paths) is None


def test_nobody_is_known_of_a_partner_without_a_list() -> None:
    assert Partners(NOW).people_of("northwind") is None
    assert Partners(NOW, reader=a_store(grants_alone(name="northwind"))).people_of("northwind") is None


def test_people_from_outside_and_people_whose_access_has_ended_are_not_the_partners() -> None:
    outsider = an_administrator("eve@contractor.example", home=Home(type="business"))
    gone = an_administrator("gone@northwind.example", expires_at=NOW)
    own = an_administrator("noc@northwind.example")
    store = a_store(an_organization(own, outsider, gone, name="northwind"))
    assert Partners(NOW, reader=store).people_of("northwind") == frozenset({own.key})


def test_a_partner_is_read_once(folder: Path) -> None:
    store = CountingStore()
    partners_ = Partners(NOW, reader=store)
    assert [partners_.people_of("northwind"), partners_.find("northwind"), partners_.people_of("northwind")] == [None, None, None]
    assert store.reads == 1


def errors(paths: tuple[str, ...], store: MemoryStore | None = None) -> list[str]:
    request = Request(catalog=CATALOG, paths=paths)
    if store is None:
        findings: tuple[Finding, ...] = validate(request, NOW).findings
    else:
        try:
            findings = plan(request, store, NOW).findings
        except ManifestError as error:
            findings = tuple(error.findings)
    return [finding.rule for finding in findings if finding.severity == "error"]


def test_validate_asks_the_manifests_and_plan_the_state_as_well(folder: Path) -> None:
    store = a_store(stored_partner("noc@northwind.example"))
    paths = write(folder, acme=CUSTOMER, north=UNMANAGED)
    assert errors(paths) == []
    assert errors(paths, store) == ["managing-partner-as-account"]
    paths = write(folder, acme=CUSTOMER, north=partner_manifest(NOC))
    assert errors(paths) == errors(paths, MemoryStore()) == ["managing-partner-as-account"]


def test_a_saved_plan_is_held_against_the_people_who_are_stored_when_it_is_performed(folder: Path, tmp_path: Path) -> None:
    request = Request(catalog=CATALOG, state=f"sqlite:///{tmp_path}/state.db", paths=write(folder, acme=CUSTOMER, north=UNMANAGED))
    with closing(open_reader(request.state)) as reader:
        made = plan(replace(request, organizations=frozenset({"acme"})), reader, NOW)
    partner = replace(request, paths=write(folder, north=partner_manifest(NOC)))
    assert isinstance(apply_paths(partner, SETTINGS, YES), Application)
    with pytest.raises(TamperedPlanError) as caught:
        apply_saved(made, request, SETTINGS, expect=None)
    assert [finding.rule for finding in caught.value.findings] == ["managing-partner-as-account"]


def test_who_is_in_a_broken_manifest_as_well_is_told_once_that_one_is_mended(folder: Path) -> None:
    request = Request(
        catalog=CATALOG, paths=write(folder, acme=organization(), globex=organization("globex"), again=organization("globex"))
    )
    assert {finding.rule for finding in validate(request, NOW).findings} == {"duplicate-organization"}
    mended = replace(request, paths=write(folder, acme=organization(), globex=organization("globex")))
    assert [finding.rule for finding in validate(mended, NOW).findings] == ["internal-to-two-organizations"] * 4


def test_who_is_no_longer_declared_at_the_partner_is_not_the_partners(folder: Path) -> None:
    store = a_store(stored_partner("noc@northwind.example"))
    assert errors(write(folder, acme=CUSTOMER, north=partner_manifest()), store) == []
