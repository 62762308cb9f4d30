"""plan and drift, from files to one answer, over a state in memory."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.applying import apply_plan
from reconciler.model.changes import Action, FollowUp, Reason, Summary
from reconciler.model.errors import ManifestError, MissingStateError, UsageError
from reconciler.model.findings import Severity
from reconciler.model.policy import Acknowledgements, Policy
from reconciler.model.protocols import Stored
from reconciler.model.results import FleetPlan
from reconciler.pipeline import Request, drift, plan, show_plan
from reconciler.stores.empty import EmptyState
from reconciler.targets import NoTarget
from tests.fakes.builders import (
    CATALOG,
    DAY,
    HOLDER,
    HOUR,
    MINUTE,
    NOW,
    a_follow_up,
    a_record,
    a_run,
    a_store,
    an_administrator,
    an_organization,
    put,
)
from tests.fakes.clock import FixedClock
from tests.fakes.store import MemoryStore
from tests.unit.pipeline.manifests import grant, organization, write

BOB = "{email: bob@acme.example, roles: [device-administrator]},"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "orgs"


def request(paths: tuple[str, ...]) -> Request:
    return Request(catalog=CATALOG, paths=paths)


def applied(paths: tuple[str, ...], store: MemoryStore, now: datetime = NOW) -> FleetPlan:
    made = plan(request(paths), store, now)
    assert not made.refusals
    apply_plan(made, store, a_run(target=NoTarget(), clock=FixedClock(now)))
    return made


def told(made: FleetPlan) -> list[tuple[str, Action, Reason]]:
    return [(change.address, change.action, change.reason) for section in made.plans() for change in section.changes]


class CountingStore(MemoryStore):
    """Counts how often a document is read."""

    reads = 0

    def read(self, name: str) -> Stored:
        self.reads += 1
        return super().read(name)


def test_a_plan_counts_binds_and_places_its_changes(folder: Path) -> None:
    store = MemoryStore()
    made = plan(request(write(folder, acme=organization(people=BOB), grant=grant())), store, NOW)
    assert made.summary == Summary(create=5)
    assert (made.lineage, made.serials, made.people, made.complete, made.target) == (store.lineage, {"acme": 0}, 0, True, "none")
    assert made.valid_until == NOW + 30 * MINUTE
    (section,) = made.plans()
    places = {address: (place.filename, place.start.line) for address, place in section.ranges.items()}
    assert places == {
        "acme/organization": ("orgs/acme.yaml", 3),
        "acme/administrator/alice@acme.example": ("orgs/acme.yaml", 6),
        "acme/administrator/bob@acme.example": ("orgs/acme.yaml", 6),
        "acme/administrator/carol@acme.example": ("orgs/acme.yaml", 6),
        "acme/elevation-grant/inc-1": ("orgs/grant.yaml", 3),
    }


def test_planning_again_after_applying_finds_nothing(folder: Path) -> None:
    store = MemoryStore()
    paths = write(folder, acme=organization(people=BOB), globex=organization("globex"), grant=grant())
    applied(paths, store)
    again = plan(request(paths), store, NOW + MINUTE)
    assert (again.summary, list(again.plans())) == (Summary(no_op=8), [])
    assert again.serials == {"acme": 1, "globex": 1}


def test_equal_digests_spare_the_reading(folder: Path) -> None:
    store = CountingStore()
    paths = write(folder, acme=organization(), globex=organization("globex"))
    applied(paths, store)
    store.reads = 0
    assert plan(request(paths), store, NOW).summary == Summary(no_op=6)
    assert store.reads == 0


def test_who_is_elevated_now_is_named_whether_or_not_anything_changes(folder: Path) -> None:
    store = CountingStore()
    paths = write(folder, acme=organization(), globex=organization("globex"), grant=grant())
    first = plan(request(paths), store, NOW)
    assert first.elevated == ()  # nothing is stored yet
    applied(paths, store)
    store.reads = 0
    (one,) = plan(request(paths), store, NOW).elevated
    assert (one.organization, one.person, one.grant, one.until) == ("acme", "tac@cisco.example", "inc-1", NOW + 30 * MINUTE)
    assert store.reads == 3  # of acme alone, in which something ends: for its partner, for whoever approved, for whoever is let in
    write(folder, acme=organization(people=BOB), globex=organization("globex"), grant=grant())
    assert plan(request(paths), store, NOW).elevated == (one,)
    assert plan(replace(request(paths), organizations=frozenset({"globex"})), store, NOW).elevated == ()
    assert plan(request(paths), store, one.until).elevated == ()


def test_an_end_that_has_come_is_found_though_the_digests_are_equal(folder: Path) -> None:
    store = MemoryStore()
    paths = write(
        folder, acme=organization(people='{email: eve@acme.example, roles: [device-administrator], expiresAt: "2026-11-21T09:30:00Z"},')
    )
    applied(paths, store)
    made = plan(request(paths), store, NOW + DAY)
    assert told(made) == [("acme/administrator/eve@acme.example", Action.DELETE, Reason.EXPIRED)]
    assert made.summary == Summary(expire=1, no_op=3)


def test_what_is_over_in_a_manifest_is_inert_and_not_counted(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization()), store)
    gone = '{email: gone@acme.example, roles: [device-administrator], expiresAt: "2026-11-20T09:30:00Z"},'
    paths = write(folder, acme=organization(people=gone), grant=grant())
    made = plan(request(paths), store, NOW + HOUR)
    assert (made.summary, list(made.plans()), made.findings) == (Summary(no_op=3), [], ())


def test_another_organizations_manifest_is_not_needed_and_its_record_is_left_alone(folder: Path) -> None:
    store = a_store(an_organization(an_administrator(), name="globex"))
    made = plan(request(write(folder, acme=organization())), store, NOW)
    assert (sorted(made.serials), {address.partition("/")[0] for address, _, _ in told(made)}) == (["acme"], {"acme"})


def test_grants_alone_do_not_end_other_grants(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(), grant=grant()), store)
    made = plan(request(write(folder, other=grant("inc-2"))), store, NOW)
    assert told(made) == [("acme/elevation-grant/inc-2", Action.CREATE, Reason.DECLARED)]
    made = plan(request(write(folder, acme=organization())), store, NOW)
    assert told(made) == [("acme/elevation-grant/inc-1", Action.DELETE, Reason.OMITTED)]


def test_a_used_name_is_an_error_at_its_place(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(), grant=grant()), store)
    applied(write(folder, acme=organization()), store)
    with pytest.raises(ManifestError) as caught:
        plan(request(write(folder, acme=organization(), grant=grant())), store, NOW + MINUTE)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.range and (finding.range.filename, finding.range.start.line)) == (
        "grant-name-used",
        ("orgs/grant.yaml", 3),
    )


def test_nothing_given_is_an_error_unless_it_is_meant(folder: Path) -> None:
    paths = write(folder)
    with pytest.raises(ManifestError):
        plan(request(paths), MemoryStore(), NOW)
    assert plan(replace(request(paths), allow_empty=True), MemoryStore(), NOW).summary == Summary()


def test_an_invalid_manifest_stops_unless_it_is_out_of_scope(folder: Path) -> None:
    paths = write(folder, acme=organization(), globex=organization("globex").replace("customer", "costumer"))
    with pytest.raises(ManifestError):
        plan(request(paths), MemoryStore(), NOW)
    made = plan(replace(request(paths), organizations=frozenset({"acme"})), MemoryStore(), NOW)
    assert (made.complete, sorted(made.serials)) == (False, ["acme"])
    assert "error" in {finding.severity.value for finding in made.findings}


def test_labels_leave_organizations_out(folder: Path) -> None:
    gold = organization().replace("{name: acme}", "{name: acme, labels: {tier: gold}}")
    paths = write(folder, acme=gold, globex=organization("globex"))
    made = plan(replace(request(paths), labels={"tier": "gold"}), MemoryStore(), NOW)
    assert (made.complete, sorted(made.serials)) == (False, ["acme"])


def test_labels_that_nobody_has_are_an_error_unless_that_is_meant(folder: Path) -> None:
    wanted = replace(request(write(folder, acme=organization())), labels={"tier": "gold"})
    with pytest.raises(ManifestError, match="-l tier=gold: no organization has these labels"):
        plan(wanted, MemoryStore(), NOW)
    assert plan(replace(wanted, allow_empty=True), MemoryStore(), NOW).serials == {}


def test_an_organization_that_no_manifest_speaks_of_cannot_be_chosen(folder: Path) -> None:
    with pytest.raises(ManifestError, match="--org acne"):
        plan(replace(request(write(folder, acme=organization())), organizations=frozenset({"acne"})), MemoryStore(), NOW)


def test_pruning_forgets_what_no_manifest_declares(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(), globex=organization("globex")), store)
    prune = Acknowledgements(prune=frozenset({"globex"}))
    made = plan(replace(request(write(folder, acme=organization())), acknowledged=prune), store, NOW)
    assert told(made) == [("globex/organization", Action.DELETE, Reason.OMITTED)]
    with pytest.raises(UsageError, match="a manifest declares this organization"):
        plan(replace(request(write(folder, globex=organization("globex"))), acknowledged=prune), store, NOW)
    with pytest.raises(ManifestError, match="no such organization is stored"):
        plan(replace(request(write(folder, acme=organization())), acknowledged=prune), MemoryStore(), NOW)


def test_no_state_is_said_aloud_or_refused(folder: Path) -> None:
    paths = write(folder, acme=organization())
    made = plan(request(paths), EmptyState(location="sqlite:///x.db"), NOW)
    assert [finding.rule for finding in made.findings if finding.severity is Severity.INFO][:1] == ["no-stored-state"]
    assert (made.lineage, made.serials) == (None, {"acme": 0})
    with pytest.raises(MissingStateError):
        plan(replace(request(paths), must_exist=True), EmptyState(location="sqlite:///x.db"), NOW)


def test_refusals_of_all_organizations_come_together(folder: Path) -> None:
    crowd = [an_administrator(f"p{number}@acme.example", "device-administrator") for number in range(60)]
    store = a_store(an_organization(an_administrator(), *crowd))
    made = plan(request(write(folder, acme=organization())), store, NOW)
    assert [refusal.message for refusal in made.refusals] == [
        "60 of 61 people would lose access in acme",
        "60 of 61 people would lose access in all organizations in scope",
    ]
    allowed = replace(request(write(folder, acme=organization())), acknowledged=Acknowledgements(removals={"acme": 60, "all": 60}))
    assert plan(allowed, store, NOW).refusals == ()


def test_the_hash_knows_neither_comments_nor_files_nor_the_clock(folder: Path) -> None:
    store = MemoryStore()
    one = plan(request(write(folder, acme=organization(people=BOB), globex=organization("globex"))), store, NOW)
    text = f"# a comment\n{organization('globex')}---\n{organization(people=BOB)}"
    other = plan(request(write(folder, all=text)), store, NOW + DAY)
    assert one.plan_hash == other.plan_hash
    assert one.plan_hash != plan(request(write(folder, acme=organization())), store, NOW).plan_hash


def test_policy_reaches_the_findings(folder: Path) -> None:
    paths = write(folder, acme=organization().replace(", {email: carol@acme.example, roles: [full-administrator]}", ""))
    assert [finding.rule for finding in plan(request(paths), MemoryStore(), NOW).findings] == ["few-full-administrators", "actor-unchecked"]
    strict = replace(request(paths), policy=Policy(severities={"few-full-administrators": Severity.ERROR}))
    with pytest.raises(ManifestError):
        plan(strict, MemoryStore(), NOW)


# A saved plan, shown


def test_a_saved_plan_is_shown_with_what_has_left_it_behind(folder: Path) -> None:
    store = MemoryStore()
    made = plan(request(write(folder, acme=organization(), grant=grant())), store, NOW)
    assert show_plan(made, store, NOW).findings == made.findings
    made = replace(made, findings=())
    (over,) = show_plan(made, store, NOW + DAY).findings
    assert (over.rule, over.severity, over.message) == ("stale-plan", Severity.WARNING, "Saved plan was valid until 2026-11-20T10:00:00Z")
    put(store, an_organization(an_administrator()))
    (moved,) = show_plan(made, store, NOW).findings
    assert moved.message == "Saved plan is stale: acme changed since it was made"
    (foreign,) = show_plan(made, EmptyState(location="sqlite:///x.db"), NOW).findings
    assert foreign.message == "Saved plan does not match the given state at sqlite:///x.db"


def test_a_saved_plan_that_was_applied_says_by_which_run(folder: Path) -> None:
    store = MemoryStore()
    made = applied(write(folder, acme=organization()), store)
    (done,) = [finding for finding in show_plan(made, store, NOW).findings if finding.rule == "stale-plan"]
    assert (done.severity, done.message.startswith("this plan was applied by run ")) == (Severity.INFO, True)
    put(store, an_organization(an_administrator()))
    (moved,) = [finding for finding in show_plan(made, store, NOW).findings if finding.rule == "stale-plan"]
    assert (moved.severity, "has changed since" in moved.message) == (Severity.WARNING, True)


# drift


def test_drift_tells_edits_from_ends_that_came_by_themselves(folder: Path) -> None:
    store = MemoryStore()
    eve = '{email: eve@acme.example, roles: [device-administrator], expiresAt: "2026-11-21T00:00:00Z"},'
    applied(write(folder, acme=organization(people=eve)), store)
    found = drift(request(write(folder, acme=organization(people=eve + BOB))), store, NOW + DAY)
    assert [(it.address, it.action) for it in found.unapplied] == [("acme/administrator/bob@acme.example", Action.CREATE)]
    assert [(it.address, it.reason) for it in found.expected] == [("acme/administrator/eve@acme.example", Reason.EXPIRED)]
    assert (found.organizations, found.complete, found.lineage) == (1, True, store.lineage)


def test_an_edit_is_drift_with_its_fields(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(people=BOB)), store)
    found = drift(request(write(folder, acme=organization(people=BOB.replace("device", "support")))), store, NOW)
    assert [(it.address, it.action, it.fields) for it in found.unapplied] == [
        ("acme/administrator/bob@acme.example", Action.UPDATE, ("roles",))
    ]


def test_an_approval_that_came_late_stays_no_drift_for_ever(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(), grant=grant(times={})), store)
    paths = write(folder, acme=organization(), grant=grant())
    applied(paths, store, NOW + DAY)
    found = drift(request(paths), store, NOW + 2 * DAY)
    assert (found.unapplied, found.expected, found.findings) == ((), (), ())


BOBS, ALICES, ACMES = (
    a_follow_up(f"acme/{what}") for what in ("administrator/bob@acme.example", "administrator/alice@acme.example", "organization")
)


def opened(store: MemoryStore, *follow_ups: FollowUp) -> None:
    """Leave *follow_ups* open, as an earlier run would have done."""
    for name in {it.address.partition("/")[0] for it in follow_ups}:
        with store.lock([name], HOLDER, timeout=0 * HOUR, record=a_record()) as lock:
            mine = [it for it in follow_ups if it.address.startswith(f"{name}/")]
            store.attest(lock, name, follow_ups=mine, records=[])


def test_a_plan_lists_what_earlier_runs_left_open_in_its_scope_without_reading_a_document(folder: Path) -> None:
    store = CountingStore()
    paths = write(folder, acme=organization(people=BOB), globex=organization("globex"))
    applied(paths, store)
    globexs = a_follow_up("globex/organization")
    opened(store, globexs, BOBS, ALICES)
    store.reads = 0
    made = plan(request(paths), store, NOW)
    assert tuple(made.open_steps()) == tuple(made.open_steps()) == (ALICES, BOBS, globexs)
    assert (made.summary, store.reads) == (Summary(no_op=7), 0)
    limited = plan(replace(request(paths), organizations=frozenset({"globex"})), store, NOW)
    assert tuple(limited.open_steps()) == (globexs,)


def test_what_a_plan_takes_along_is_not_listed_by_it_and_still_by_drift(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(people=BOB)), store)
    opened(store, ACMES, BOBS, ALICES)
    paths = write(folder, acme=organization())
    made = plan(request(paths), store, NOW)
    assert tuple(made.open_steps()) == (ALICES, ACMES)
    found = drift(request(paths), store, NOW)
    assert (len(found.unapplied), found.open_steps) == (1, (ALICES, BOBS, ACMES))
    assert drift(request(write(folder, globex=organization("globex"))), store, NOW).open_steps == ()
    pruned = replace(request(write(folder, globex=organization("globex"))), acknowledged=Acknowledgements(prune=frozenset({"acme"})))
    assert tuple(plan(pruned, store, NOW).open_steps()) == ()


def test_what_is_open_moves_neither_hash_nor_serial(folder: Path) -> None:
    store = MemoryStore()
    applied(write(folder, acme=organization(people=BOB)), store)
    paths = write(folder, acme=organization())
    before = plan(request(paths), store, NOW)
    opened(store, BOBS, ACMES)
    after = plan(request(paths), store, NOW)
    assert (after.plan_hash, after.serials) == (before.plan_hash, before.serials)
    assert apply_plan(before, store, a_run(target=NoTarget())).counts.delete == 1
