"""plan with a base: what changed since, what was due before, what ended by itself."""

from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest

from reconciler.applying import apply_plan
from reconciler.model.changes import Action, Summary
from reconciler.model.findings import Severity
from reconciler.model.policy import Acknowledgements
from reconciler.model.resources import Organization
from reconciler.model.results import Base, FleetPlan
from reconciler.pipeline import Request, load_plan, plan
from reconciler.planning.codec import write_plan
from tests.fakes.builders import CATALOG, DAY, NOW, a_run, a_store, an_administrator, an_organization
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.fakes.target import RecordingTarget
from tests.unit.pipeline.manifests import grant, organization, write

BOB = "{email: bob@acme.example, roles: [device-administrator]},"
BOB_HELPS = "{email: bob@acme.example, roles: [support-administrator]},"
DAN = "{email: dan@acme.example, roles: [device-administrator]},"
EVE = '{email: eve@acme.example, roles: [read-only-administrator], expiresAt: "2026-11-21T00:00:00Z"},'
PATHS = ("orgs",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "was").mkdir()
    return tmp_path


def was(**documents: str) -> None:
    write(Path("was/orgs"), **documents)


def now(**documents: str) -> None:
    write(Path("orgs"), **documents)


def planned(store: MemoryStore, at: datetime = NOW, *, base: str | None = "was", **fields: object) -> FleetPlan:
    return plan(replace(Request(catalog=CATALOG, paths=PATHS, base=base), **fields), store, at)  # type: ignore[arg-type]  # real fields


def applied(made: FleetPlan, store: MemoryStore, at: datetime = NOW) -> None:
    assert not made.refusals
    apply_plan(made, store, a_run(target=RecordingTarget(), clock=FixedClock(at)))


def caused(made: FleetPlan) -> list[tuple[Action, str]]:
    return [(change.action, change.address) for section in made.plans() for change in section.changes]


def left(made: FleetPlan, *, expires: bool = False) -> list[tuple[Action, str]]:
    return [(it.action, it.address) for section in made.left() for it in section.changes if it.expires is expires]


def refused(made: FleetPlan) -> list[tuple[str, str]]:
    return [(refusal.rule, refusal.message) for refusal in made.refusals]


def rules(made: FleetPlan) -> dict[str, Severity]:
    return {finding.rule: finding.severity for finding in made.findings if finding.rule != "actor-unchecked"}


def test_the_three_kinds_are_told_apart_in_one_organization(folder: Path) -> None:
    store = MemoryStore()
    now(acme=organization(people=EVE), globex=organization("globex"))
    applied(planned(store, base=None), store)
    was(acme=organization(people=EVE + DAN), globex=organization("globex", DAN))
    now(acme=organization(people=EVE + DAN + BOB), globex=organization("globex", DAN))
    later = NOW + DAY
    made = planned(store, later)
    assert caused(made) == [(Action.CREATE, "acme/administrator/bob@acme.example")]
    assert left(made) == [(Action.CREATE, "acme/administrator/dan@acme.example"), (Action.CREATE, "globex/administrator/dan@acme.example")]
    assert left(made, expires=True) == [(Action.DELETE, "acme/administrator/eve@acme.example")]
    whole = planned(store, later, base=None)
    assert made.summary == Summary(create=1, no_op=whole.summary.no_op)
    assert (made.base, whole.base, list(whole.left())) == (Base(given="was", commit=None), None, [])
    assert (made.changed, made.complete, made.refusals) == (("acme",), True, ())
    (section, _) = made.left()
    assert section.ranges["acme/administrator/dan@acme.example"].filename == "orgs/acme.yaml"
    applied(made, store, later)
    again = planned(store, later)
    assert (caused(again), left(again), left(again, expires=True)) == ([], left(made), left(made, expires=True))


def test_access_that_ended_and_is_declared_anew_goes_with_its_end(folder: Path) -> None:
    store = MemoryStore()
    now(acme=organization(people=EVE))
    was(acme=organization(people=EVE))
    applied(planned(store, base=None), store)
    now(acme=organization(people=EVE.replace("2026-11-21", "2026-12-21")))
    made = planned(store, NOW + DAY)
    eve = "acme/administrator/eve@acme.example"
    assert (caused(made), made.summary.expire, list(made.left())) == ([(Action.DELETE, eve), (Action.CREATE, eve)], 1, [])


def test_a_resource_that_changed_twice_is_of_the_branch_as_a_whole(folder: Path) -> None:
    store = a_store(an_organization(an_administrator(), an_administrator("carol@acme.example")))
    was(acme=organization(people=BOB))  # never applied
    now(acme=organization(people=BOB_HELPS))
    assert caused(planned(store)) == [(Action.CREATE, "acme/administrator/bob@acme.example")]
    was(acme=organization(people=BOB_HELPS))
    now(acme=organization())  # and taken back before it was
    assert (caused(planned(store)), left(planned(store))) == ([], [])


def test_other_letters_other_files_and_remarks_are_no_change(folder: Path) -> None:
    store = a_store(an_organization(an_administrator(), an_administrator("carol@acme.example")))
    was(acme=organization(people=BOB), grant=grant())
    now(one="# moved\n" + organization(people=BOB.replace("bob", "BOB")) + "---\n" + grant())
    made = planned(store)
    assert caused(made) == []
    assert [address for _, address in left(made)] == ["acme/administrator/bob@acme.example", "acme/elevation-grant/inc-1"]


def test_a_file_that_did_not_change_still_counts_beside_one_that_did(folder: Path) -> None:
    store = a_store(an_organization(an_administrator(), an_administrator("carol@acme.example")))
    was(acme=organization(people=BOB), grant=grant())
    now(acme=organization(people=BOB), grant=grant(), more=grant("inc-2"))
    made = planned(store)
    assert caused(made) == [(Action.CREATE, "acme/elevation-grant/inc-2")]
    assert [address for _, address in left(made)] == ["acme/administrator/bob@acme.example", "acme/elevation-grant/inc-1"]


def test_taking_a_list_into_management_is_a_change_of_all_whom_it_leaves_out(folder: Path) -> None:
    store = a_store(an_organization(an_administrator(), an_administrator("carol@acme.example"), an_administrator("zoe@acme.example")))
    unmanaged = organization().partition("  administrators")[0]
    was(acme=unmanaged)
    now(acme=organization())
    assert caused(planned(store)) == [(Action.DELETE, "acme/administrator/zoe@acme.example")]
    was(acme=organization())
    assert (caused(planned(store)), left(planned(store))) == ([], [(Action.DELETE, "acme/administrator/zoe@acme.example")])


def test_removals_that_were_due_before_refuse_nothing(folder: Path) -> None:
    crowd = [an_administrator(f"p{number}@acme.example", "device-administrator") for number in range(20)]
    store = a_store(an_organization(an_administrator(), an_administrator("carol@acme.example"), *crowd))
    was(acme=organization())
    now(acme=organization(people=BOB))
    made = planned(store)
    assert (caused(made), len(left(made)), made.refusals) == ([(Action.CREATE, "acme/administrator/bob@acme.example")], 20, ())
    assert [rule for rule, _ in refused(planned(store, base=None))] == ["too-many-removals"]


@pytest.mark.parametrize(
    ("stored", "before", "after", "reason"),
    [
        (None, organization(), organization(people=BOB), "the organization is not stored yet"),
        (
            an_organization(administrators=None),
            organization(),
            organization(people=BOB),
            "its administrators are not recorded yet",
        ),
        (
            an_organization(an_administrator(), an_administrator("carol@acme.example")),
            organization(spec="  locations: [Berlin]\n"),
            organization(
                spec="  locations: [Berlin]\n",
                people="{email: bob@acme.example, roles: [location-administrator], locations: [Berlin]},",
            ),
            "bob@acme.example is given location Berlin, which acme does not declare",
        ),
    ],
)
def test_what_builds_on_what_was_never_applied_is_refused_by_itself(
    folder: Path, stored: Organization | None, before: str, after: str, reason: str
) -> None:
    store = MemoryStore() if stored is None else a_store(stored)
    was(acme=before)
    now(acme=after)
    made = planned(store)
    assert ("needs-earlier-changes", f"what changed in acme since was cannot be applied by itself: {reason}") in refused(made)
    assert not planned(store, base=None).refusals


def test_somebody_may_not_be_left_without_a_full_administrator_by_what_is_left_out(folder: Path) -> None:
    store = a_store(an_organization(an_administrator("old@acme.example")))
    old = "{email: old@acme.example, roles: [full-administrator]},"
    was(acme=organization(people=old))  # alice and carol were merged and never applied
    now(acme=organization())
    made = planned(store)
    assert caused(made) == [(Action.DELETE, "acme/administrator/old@acme.example")]
    assert "no-full-administrator-left" in dict(refused(made))


def test_invalid_manifests_at_the_base_are_said_and_all_about_them_counts_as_changed(folder: Path) -> None:
    store = a_store(an_organization(an_administrator(), an_administrator("carol@acme.example"), name="globex"))
    was(acme=organization(people=BOB, spec="  typ: x\n"), globex=organization("globex", BOB))
    now(acme=organization(people=BOB), globex=organization("globex", BOB))
    made = planned(store)
    assert caused(made)[0][1] == "acme/organization"
    assert left(made) == [(Action.CREATE, "globex/administrator/bob@acme.example")]
    (finding,) = (finding for finding in made.findings if finding.rule == "base-invalid")
    assert (finding.severity, finding.range) == (Severity.WARNING, None)
    assert finding.message.startswith("manifests at was are invalid, first orgs/acme.yaml:6: ")


def test_a_base_without_manifests_makes_everything_a_change_and_says_so(folder: Path) -> None:
    store = a_store(an_organization(an_administrator(), an_administrator("zoe@acme.example")))
    now(acme=organization(people=BOB))
    made, whole = planned(store), planned(store, base=None)
    assert (made.plan_hash, caused(made), list(made.left())) == (whole.plan_hash, caused(whole), [])
    assert rules(made)["base-empty"] is Severity.WARNING


def test_an_organization_that_nobody_declares_any_more_is_named_and_left(folder: Path) -> None:
    store = a_store(an_organization(), an_organization(name="globex"))
    was(acme=organization(), globex=organization("globex"), initech=organization("initech"))
    now(acme=organization())
    made = planned(store)
    assert [(it.address, it.hint) for it in made.findings if it.rule == "organization-not-declared"] == [
        ("globex/organization", "--prune globex, to stop managing it")
    ]
    pruned = planned(store, acknowledged=Acknowledgements(prune=frozenset({"globex"})))
    assert (Action.DELETE, "globex/organization") in caused(pruned)
    assert "organization-not-declared" not in rules(pruned)
    assert "organization-not-declared" not in rules(planned(store, organizations=frozenset({"acme"})))


def test_a_saved_plan_keeps_what_it_leaves_out(folder: Path) -> None:
    store = MemoryStore()
    now(acme=organization(people=EVE))
    applied(planned(store, base=None), store)
    was(acme=organization(people=EVE + DAN))
    now(acme=organization(people=EVE + DAN + BOB))
    made = planned(store, NOW + DAY)
    out = StringIO()
    write_plan(made, out, exit_code=None)
    read = load_plan(out.getvalue())
    assert (read.base, read.plan_hash, caused(read)) == (made.base, made.plan_hash, caused(made))
    assert (left(read), left(read, expires=True)) == (left(made), left(made, expires=True))
    again = StringIO()
    write_plan(read, again, exit_code=None)
    assert again.getvalue() == out.getvalue()
