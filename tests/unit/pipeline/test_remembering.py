"""Which manifests a plan reads when most of them were found in order before."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.errors import CorruptStateError
from reconciler.model.findings import Severity
from reconciler.model.policy import Policy, Waiver
from reconciler.model.results import Application, FleetPlan
from reconciler.model.verdicts import packed, ticks, unpacked
from reconciler.pipeline import Approval, Request, RunSettings, apply_paths, plan, sweep
from reconciler.pipeline.checking import find_manifests
from reconciler.pipeline.remembering import Held, read_what_changed
from reconciler.stores import open_reader, open_store
from tests.fakes.builders import CATALOG, HOLDER, HOUR, MINUTE, NOW, SECOND
from tests.fakes.clock import FixedClock
from tests.unit.pipeline.manifests import grant, write
from tests.unit.pipeline.manifests import organization as a_manifest

YES = Approval(expect=None, ask=lambda _: None, again=True)
EVE = "{email: eve@else.example, roles: [device-administrator]},"
BRIEFLY = EVE.replace("]}", '], expiresAt: "2026-11-20T10:00:00Z"}')
MANAGED = "  managedBy: north\n"


def organization(name: str = "acme", people: str = "", spec: str = "") -> str:
    """Return a manifest whose two full administrators are nobody's elsewhere."""
    return a_manifest(name, people, spec).replace("@acme.example", f"@{name}.example")


NORTH = organization("north").replace("type: customer", "type: partner")
FLEET = {"north": NORTH, "acme": organization("acme", spec=MANAGED), "globex": organization("globex"), "initech": organization("initech")}


class Place:
    """Four organizations in a folder, one of them the partner of another, and a state that has them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(NOW)
        self.request = Request(catalog=CATALOG, state=f"sqlite:///{folder}/state.db")
        self.runs = 0
        self.write(**FLEET)

    def write(self, **documents: str) -> None:
        self.request = replace(self.request, paths=write(self.folder / "orgs", **documents))

    def edit(self, **documents: str) -> None:
        self.write(**(FLEET | documents))

    def settings(self) -> RunSettings:
        self.runs += 1
        return RunSettings(
            run=f"r{self.runs}", holder=HOLDER, clock=self.clock, lock_timeout=0 * SECOND, stopping=lambda: None, progress=lambda _: None
        )

    def apply(self) -> None:
        assert isinstance(apply_paths(self.request, self.settings(), YES), Application)

    def look(self) -> tuple[frozenset[str], Held]:
        """Return the organizations that are read now, and what holds of the others."""
        with closing(open_reader(self.request.state)) as reader:
            heads = {head.name: head for head in reader.heads()}
            manifests, held = read_what_changed(self.request, find_manifests(self.request), reader, heads, self.clock.now())
            with manifests:
                return manifests.read_names(), held

    def read(self) -> set[str]:
        """Return the organizations that are read and judged now; of all others a verdict holds."""
        names, held = self.look()
        assert names.isdisjoint(held.verdicts)
        return {*names}

    def planned(self) -> FleetPlan:
        with closing(open_reader(self.request.state)) as reader:
            return plan(self.request, reader, self.clock.now())

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "state.db")) as raw, raw:
            return raw.execute(statement).fetchall()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path)
    place.apply()
    return place


EVERYBODY = {"acme", "globex", "initech", "north"}


def test_when_nothing_changed_nothing_is_read(place: Place) -> None:
    assert place.read() == set()
    made = place.planned()
    assert (made.summary.changes, made.summary.no_op, made.people, len(made.serials)) == (0, 12, 8, 4)


@pytest.mark.parametrize(
    ("edit", "read"),
    [
        ({"globex": FLEET["globex"] + "# a remark\n"}, {"globex"}),
        ({"globex": organization("globex", people=EVE)}, {"globex"}),
        ({"north": NORTH.replace("alice", "anna")}, {"north", "acme"}),  # its customer asks who its people are
        ({"acme": organization("acme")}, {"acme"}),
        ({"other": organization("umbrella")}, {"umbrella"}),
        ({"other": grant(organization="globex")}, {"globex"}),
        ({"globex": organization("globex") + "---\n" + organization("umbrella")}, {"globex", "umbrella"}),
    ],
    ids=["a remark", "a person", "the partner", "another partner", "a new one", "a grant elsewhere", "two in a file"],
)
def test_what_changed_is_read_and_whoever_asked_about_it(place: Place, edit: dict[str, str], read: set[str]) -> None:
    place.edit(**edit)
    assert place.read() == read


def test_a_manifest_that_is_gone_concerns_who_asked_about_it(place: Place) -> None:
    place.write(**{name: text for name, text in FLEET.items() if name != "north"})
    assert place.read() == {"acme"}


def test_whoever_claims_the_same_person_or_site_is_read_again(place: Place) -> None:
    def claiming(name: str, site: str) -> str:
        return organization(name, people=EVE, spec=f"  sites: {{{site}.webex.com: {{managedIn: control-hub}}}}\n")

    place.edit(globex=claiming("globex", "a"), initech=organization("initech", people=EVE))
    place.apply()
    assert place.read() == set()
    place.edit(globex=claiming("globex", "b"), initech=organization("initech", people=EVE))
    assert place.read() == {"globex", "initech"}


def test_whoever_claimed_the_same_person_is_read_again_when_another_lets_go(place: Place) -> None:
    place.edit(globex=organization("globex", people=EVE), initech=organization("initech", people=EVE))
    place.apply()
    place.edit(initech=organization("initech", people=EVE))
    assert place.read() == {"globex", "initech"}


def test_who_is_judged_again_is_judged_beside_all_who_claim_the_same(place: Place) -> None:
    bob = EVE.replace("eve", "bob")
    declared = {"globex": organization("globex", people=EVE + bob), "initech": organization("initech", people=bob)}
    place.edit(acme=organization("acme", people=EVE), **declared)
    place.apply()
    place.edit(acme=organization("acme"), **declared)
    assert place.read() == {"acme", "globex"}
    found = place.planned().findings
    place.request = replace(place.request, recheck=True)
    assert [replace(finding, path=()) for finding in found] == [replace(finding, path=()) for finding in place.planned().findings]
    assert {finding.address for finding in found if finding.rule == "internal-to-two-organizations"} == {
        "globex/administrator/bob@else.example",
        "initech/administrator/bob@else.example",
    }


def test_a_partner_that_is_only_stored_concerns_its_customers(place: Place) -> None:
    place.write(**{name: text for name, text in FLEET.items() if name != "north"})
    place.apply()
    assert place.read() == set()
    customers = place.request
    place.request = replace(place.request, paths=write(place.folder / "partner", north=NORTH.replace("alice", "anna")))
    place.apply()
    place.request = customers
    assert place.read() == {"acme"}
    place.apply()
    assert place.read() == set()


def test_an_end_in_a_partner_that_is_only_stored_concerns_its_customers(place: Place) -> None:
    place.edit(north=NORTH.replace("administrators: [", "administrators: [" + BRIEFLY))
    place.apply()
    place.write(**{name: text for name, text in FLEET.items() if name != "north"})
    place.apply()
    assert place.read() == set()
    place.clock.advance(HOUR)
    assert place.read() == {"acme"}


def test_what_ends_by_itself_is_read_again_from_that_instant_on(place: Place) -> None:
    place.edit(globex=organization("globex", people=BRIEFLY))
    place.apply()
    place.clock.advance(30 * MINUTE - SECOND)
    assert place.read() == set()
    place.clock.advance(SECOND)
    assert place.read() == {"globex"}
    sweep(place.request, place.settings())
    assert place.read() == {"globex"}


def test_an_end_in_the_partner_concerns_its_customers(place: Place) -> None:
    place.edit(north=NORTH.replace("administrators: [", "administrators: [" + BRIEFLY))
    place.apply()
    assert place.read() == set()
    place.clock.advance(HOUR)
    assert place.read() == {"acme", "north"}


def test_a_grant_is_looked_at_in_every_run_until_it_is_over(place: Place) -> None:
    place.edit(grants=grant(times={}))
    place.apply()
    assert place.read() == {"acme"}
    place.edit(grants=grant())
    place.apply()
    assert place.read() == {"acme"}
    place.clock.advance(HOUR)
    sweep(place.request, place.settings())
    place.apply()  # finds nothing to do, and remembers that
    assert place.read() == set()


def test_what_names_the_whole_fleet_is_found_anew(place: Place) -> None:
    place.request = replace(place.request, policy=Policy(severities={"undeclared-organization": Severity.WARNING}))
    place.edit(
        globex=organization("globex", people="{email: eve@else.example, roles: [read-only-administrator], home: {organization: initec}},")
    )
    place.apply()
    assert place.read() == {"globex"}


def test_a_verdict_says_nothing_of_earlier_instants(place: Place) -> None:
    place.clock.set(NOW - SECOND)
    assert place.read() == EVERYBODY


def test_another_policy_another_tool_and_recheck_read_everything(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    request = place.request
    waiver = Waiver(rule="few-full-administrators", about="acme", reason="small", expires=NOW + HOUR)
    for other in (replace(request, recheck=True), replace(request, policy=Policy(waivers=(waiver,)))):
        place.request = other
        assert place.read() == EVERYBODY
    place.request = request
    assert place.read() == set()
    monkeypatch.setattr("reconciler.pipeline.remembering.fingerprint", lambda: "another")
    assert place.read() == EVERYBODY


def test_a_waiver_that_expires_is_an_end(place: Place) -> None:
    waiver = Waiver(rule="few-full-administrators", about="acme", reason="small", expires=NOW + HOUR)
    place.request = replace(place.request, policy=Policy(waivers=(waiver,)))
    place.apply()
    assert place.read() == set()
    place.clock.advance(HOUR)
    assert place.read() == EVERYBODY


def test_a_stored_organization_that_somebody_else_changed_is_planned_again(place: Place) -> None:
    place.sql("UPDATE organizations SET digest = 'sha256:0' WHERE name = 'globex'")
    assert place.read() == {"globex"}


def test_plans_and_saved_plans_remember_nothing_and_a_single_file_is_not_worth_it(place: Place) -> None:
    place.edit(globex=FLEET["globex"] + "# a remark\n")
    place.planned()
    assert place.read() == {"globex"}
    place.request = replace(place.request, paths=(f"{place.request.paths[0]}/globex.yaml",))
    place.apply()
    assert place.look()[1].view is None
    assert place.sql("SELECT count(*) FROM views") == [(1,)]


def test_where_something_is_wrong_or_left_out_nothing_is_remembered(place: Place) -> None:
    place.edit(globex=FLEET["globex"] + "# a remark\n", broken=organization("umbrella").replace("roles", "rolls"))
    place.request = replace(place.request, organizations=frozenset({"globex"}))
    place.apply()
    place.request = replace(place.request, organizations=frozenset())
    assert place.read() == {"globex", "umbrella"}


def test_verdicts_that_others_wrote_meanwhile_are_left_alone(place: Place) -> None:
    place.edit(globex=FLEET["globex"] + "# one\n")
    with closing(open_reader(place.request.state)) as reader:
        made = plan(place.request, reader, NOW, remember=True)
    place.edit(globex=FLEET["globex"] + "# two\n")
    place.apply()
    with closing(open_store(place.request.state, create=False)) as store:
        assert not made.remember(store)
    assert place.read() == set()


DAMAGE = {
    "findings": "UPDATE verdicts SET findings = '[1]' WHERE organization = 'globex'",
    "sources": "UPDATE verdicts SET sources = 7 WHERE organization = 'globex'",
    "marks": "UPDATE verdicts SET marks = x'00'",
    "since": "UPDATE verdicts SET since = 'yesterday'",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_memory_is_no_answer(place: Place, damage: str) -> None:
    place.sql(damage)
    place.edit(acme=organization("acme", people=EVE, spec=MANAGED))
    made = place.planned()
    place.request = replace(place.request, recheck=True)
    assert (made.plan_hash, made.findings) == (place.planned().plan_hash, place.planned().findings)


def test_damaged_facts_are_told_with_the_way_out(place: Place) -> None:
    place.sql("UPDATE verdicts SET facts = '['")
    place.edit(acme=organization("acme", people=EVE, spec=MANAGED))
    with pytest.raises(CorruptStateError, match="what is remembered of north is damaged") as caught:
        place.planned()
    assert caught.value.hint == "--recheck"


def test_apply_goes_on_when_nothing_can_be_remembered(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="reconciler")
    place.sql("CREATE TRIGGER full BEFORE INSERT ON views BEGIN SELECT RAISE(ABORT, 'no more room'); END")
    place.edit(globex=organization("globex", people=EVE))
    place.apply()
    assert place.planned().summary.changes == 0
    assert "what was checked could not be remembered" in caplog.text


def test_instants_are_counted_and_marks_come_back_as_they_were() -> None:
    assert ticks(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert ticks(NOW + timedelta(microseconds=1)) - ticks(NOW) == 1
    assert ticks(datetime.max.replace(tzinfo=UTC)) < 2**63
    assert unpacked(packed([2**32 - 1, 0, 7, 7])) == (0, 7, 2**32 - 1)
