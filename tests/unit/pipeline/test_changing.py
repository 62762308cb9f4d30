"""apply, state forget and unlock, from files to the answer, on an embedded state."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from reconciler.model.changes import Status
from reconciler.model.errors import (
    DeclinedError,
    ExpiredPlanError,
    LockedError,
    MissingStateError,
    StalePlanError,
    StoreError,
    TamperedPlanError,
)
from reconciler.model.journal import EntryKind
from reconciler.model.policy import Acknowledgements, Policy
from reconciler.model.results import Application, Counts, FleetPlan
from reconciler.pipeline import (
    Approval,
    Request,
    RunSettings,
    apply_paths,
    apply_saved,
    forget,
    history,
    load_plan,
    plan,
    show_organizations,
    unlock,
    verify_journal,
)
from reconciler.planning.codec import write_plan
from reconciler.stores import open_reader, open_store
from tests.fakes.builders import CATALOG, HOLDER, HOUR, NOW, SECOND, a_record
from tests.fakes.clock import FixedClock
from tests.unit.pipeline.manifests import grant, organization, write

BOB = "{email: bob@acme.example, roles: [device-administrator]},"
YES = Approval(expect=None, ask=lambda _: None, again=True)


def no(_: FleetPlan) -> None:
    raise DeclinedError("no")


class Place:
    """One working directory with manifests and a state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "orgs"
        self.state = f"sqlite:///{folder}/state.db"
        self.clock = FixedClock(NOW)
        self.request = Request(catalog=CATALOG, state=self.state)
        self.runs = 0

    def write(self, **documents: str) -> None:
        self.request = replace(self.request, paths=write(self.folder, **documents))

    def settings(self) -> RunSettings:
        self.runs += 1
        return RunSettings(
            run=f"r{self.runs}",
            holder=HOLDER,
            clock=self.clock,
            lock_timeout=0 * SECOND,
            stopping=lambda: None,
            progress=lambda _: None,
        )

    def apply(self, approval: Approval = YES) -> Application:
        answer = apply_paths(self.request, self.settings(), approval)
        assert isinstance(answer, Application)
        return answer

    def planned(self) -> FleetPlan:
        with closing(open_reader(self.state)) as reader:
            return plan(self.request, reader, self.clock.now())

    def saved(self) -> FleetPlan:
        out = StringIO()
        write_plan(self.planned(), out, exit_code=None)
        return load_plan(out.getvalue())

    def apply_saved(self, made: FleetPlan, *, expect: str | None = None) -> Application:
        answer = apply_saved(made, self.request, self.settings(), expect=expect)
        assert isinstance(answer, Application)
        return answer


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path)
    place.write(acme=organization(people=BOB), globex=organization("globex"))
    return place


def test_manifests_are_planned_approved_and_performed(place: Place) -> None:
    seen: list[FleetPlan] = []
    answer = place.apply(Approval(expect=None, ask=seen.append, again=False))
    assert (answer.counts, answer.run, answer.plan_hash) == (Counts(create=7), "r1", seen[0].plan_hash)
    assert place.planned().summary.changes == 0


def test_nothing_to_do_asks_nobody_and_is_no_run(place: Place) -> None:
    place.apply()
    answer = place.apply(Approval(expect=None, ask=no, again=False))
    assert (answer.run, answer.repeated, list(answer.outcomes())) == (None, False, [])


def test_a_no_leaves_everything_as_it_was(place: Place) -> None:
    with pytest.raises(DeclinedError):
        place.apply(Approval(expect=None, ask=no, again=False))
    assert not (place.folder.parent / "state.db").exists()


def test_a_plan_that_is_refused_is_the_answer_and_performs_nothing(place: Place) -> None:
    crowd = "".join(f"{{email: p{number}@acme.example, roles: [device-administrator]}}," for number in range(12))
    place.write(acme=organization(people=crowd))
    place.apply()
    place.write(acme=organization())
    answer = apply_paths(place.request, place.settings(), Approval(expect=None, ask=no, again=False))
    assert isinstance(answer, FleetPlan)
    assert [refusal.rule for refusal in answer.refusals] == ["too-many-removals"]
    assert place.planned().summary.delete == 12


def test_the_expected_plan_is_performed_and_then_named(place: Place) -> None:
    approval = Approval(expect=place.planned().plan_hash, ask=lambda _: None, again=False)
    first = place.apply(approval)
    again = place.apply(approval)
    assert (first.run, first.repeated, again.run, again.repeated) == ("r1", False, "r1", True)
    assert (again.plan_hash, list(again.outcomes())) == (first.plan_hash, [])


def test_another_plan_than_the_expected_one_is_stale(place: Place) -> None:
    expected = place.planned().plan_hash
    place.write(acme=organization(people=BOB.replace("device", "support")))
    with pytest.raises(StalePlanError, match="the plan is not the one that was approved"):
        place.apply(Approval(expect=expected, ask=no, again=True))


def test_an_expected_plan_that_was_overtaken_is_stale(place: Place) -> None:
    expected = place.planned().plan_hash
    place.apply()
    place.write(acme=organization(), globex=organization("globex"))
    place.apply()
    with pytest.raises(StalePlanError):
        place.apply(Approval(expect=expected, ask=no, again=True))


def overtaking(place: Place, times: int) -> Callable[[FleetPlan], None]:
    """Return an `ask` that lets another run finish first, so many times."""
    names = iter([f"person-{number}" for number in range(times)])

    def ask(_: FleetPlan) -> None:
        name = next(names, None)
        if name is not None:
            mine = place.request.paths
            place.request = replace(
                place.request, paths=write(place.folder.parent / "other", acme=organization(people=BOB.replace("bob", name)))
            )
            place.apply(Approval(expect=None, ask=lambda _: None, again=False))
            place.request = replace(place.request, paths=mine)

    return ask


def test_a_run_that_was_overtaken_plans_again_when_nobody_has_to_be_asked(place: Place) -> None:
    answer = apply_paths(place.request, place.settings(), Approval(expect=None, ask=overtaking(place, 2), again=True))
    assert isinstance(answer, Application)
    assert place.planned().summary.changes == 0


@pytest.mark.parametrize(("times", "again"), [(1, False), (3, True)])
def test_a_run_that_was_overtaken_gives_up_when_somebody_was_asked_or_too_often(place: Place, times: int, *, again: bool) -> None:
    with pytest.raises(StalePlanError, match="Saved plan is stale"):
        apply_paths(place.request, place.settings(), Approval(expect=None, ask=overtaking(place, times), again=again))


# A saved plan


def test_a_saved_plan_applies_once_and_then_names_its_run(place: Place) -> None:
    saved = place.saved()
    first = place.apply_saved(saved)
    again = place.apply_saved(saved)
    assert (first.counts, first.run, again.run, again.repeated, again.counts) == (Counts(create=7), "r1", "r1", True, Counts())


def test_a_saved_plan_is_stale_after_any_change_to_its_organizations(place: Place) -> None:
    place.apply()
    place.write(acme=organization())
    saved = place.saved()
    place.write(acme=organization(people=BOB.replace("bob", "eve")))
    place.apply()
    with pytest.raises(StalePlanError):
        place.apply_saved(saved)


def test_a_saved_plan_without_changes_performs_nothing(place: Place) -> None:
    place.apply()
    assert place.apply_saved(place.saved()).run is None


def test_a_saved_plan_must_be_the_expected_one_for_the_same_target(place: Place) -> None:
    saved = place.saved()
    with pytest.raises(StalePlanError, match="not the one that is expected"):
        place.apply_saved(saved, expect="sha256:" + "0" * 64)
    with pytest.raises(StalePlanError, match="for another target"):
        place.apply_saved(replace(saved, target="webex"))
    assert place.apply_saved(saved, expect=saved.plan_hash).counts == Counts(create=7)


def test_a_saved_plan_of_another_state_is_stale_and_makes_none(place: Place) -> None:
    place.apply()
    place.write(acme=organization())
    saved = place.saved()
    (place.folder.parent / "state.db").unlink()
    with pytest.raises(StalePlanError, match="Saved plan does not match the given state"):
        place.apply_saved(saved)
    assert not (place.folder.parent / "state.db").exists()


def test_a_saved_plan_that_is_refused_is_the_answer_until_the_exact_number_is_given(place: Place) -> None:
    crowd = "".join(f"{{email: p{number}@acme.example, roles: [device-administrator]}}," for number in range(12))
    place.write(acme=organization(people=crowd))
    place.apply()
    place.write(acme=organization())
    saved = place.saved()
    answer = apply_saved(saved, place.request, place.settings(), expect=None)
    assert isinstance(answer, FleetPlan)
    assert [refusal.rule for refusal in answer.refusals] == ["too-many-removals"]
    place.request = replace(place.request, acknowledged=Acknowledgements(removals={"acme": 12}))
    assert place.apply_saved(saved).counts == Counts(delete=12)


def later(place: Place) -> Callable[[FleetPlan], None]:
    """Return a question that takes an hour to be answered, the first time."""
    waits = iter([HOUR])
    return lambda _: place.clock.advance(next(waits, 0 * HOUR))


def test_what_ended_while_the_question_was_open_is_not_granted_and_said(place: Place) -> None:
    place.write(acme=organization(people=BOB), grant=grant())
    answer = place.apply(Approval(expect=None, ask=later(place), again=False))
    assert answer.counts == Counts(create=4, skipped=1)
    told = {outcome.address: (outcome.status, outcome.detail) for outcome in answer.outcomes()}
    assert told["acme/elevation-grant/inc-1"] == (Status.SKIPPED, "it ended before the plan was approved")
    with closing(open_reader(place.state)) as reader:
        stored = reader.read("acme").organization
        assert stored is not None
        assert (len(stored.administrators or {}), stored.grants) == (3, {})


def test_nothing_but_what_was_approved_is_done_when_time_has_passed(place: Place) -> None:
    place.write(acme=organization(), grant=grant())

    def edited(_: FleetPlan) -> None:
        place.clock.advance(HOUR)
        place.write(acme=organization(people=BOB), grant=grant())

    with pytest.raises(ExpiredPlanError) as caught:
        place.apply(Approval(expect=None, ask=edited, again=False))
    assert "valid until 2026-11-20T10:00:00Z" in caught.value.detail
    with closing(open_reader(place.state)) as reader:
        assert list(reader.heads()) == []


def test_an_expected_plan_is_done_as_it_is_or_not_at_all(place: Place) -> None:
    place.write(acme=organization(people=BOB), grant=grant())
    with closing(open_reader(place.state)) as reader:
        wanted = plan(place.request, reader, place.clock.now()).plan_hash
    with pytest.raises(ExpiredPlanError):
        place.apply(Approval(expect=wanted, ask=later(place), again=False))


def test_where_nobody_is_asked_the_plan_is_made_anew_without_what_has_ended(place: Place) -> None:
    place.write(acme=organization(people=BOB), grant=grant())
    answer = place.apply(Approval(expect=None, ask=later(place), again=True))
    assert "acme/elevation-grant/inc-1" not in {outcome.address for outcome in answer.outcomes()}
    assert place.planned().summary.changes == 0


def test_by_a_clock_that_was_set_back_nothing_is_added_and_people_still_leave(place: Place) -> None:
    place.apply()
    place.clock.advance(-HOUR)
    place.write(acme=organization(), initech=organization("initech"))
    answer = apply_paths(place.request, place.settings(), YES)
    assert isinstance(answer, FleetPlan)
    assert [refusal.rule for refusal in answer.refusals] == ["clock-set-back"]
    place.write(acme=organization())
    assert place.apply().counts == Counts(delete=1)
    with closing(open_reader(place.state)) as reader:
        assert reader.highest_instant() == NOW


def test_a_saved_plan_ends_with_the_access_in_it(place: Place) -> None:
    place.write(acme=organization(), grant=grant())
    saved = place.saved()
    place.clock.advance(HOUR)
    with pytest.raises(ExpiredPlanError):
        place.apply_saved(saved)


def test_a_saved_plan_is_judged_by_the_rules_again(place: Place) -> None:
    site = "  sites: {acme.webex.com: {managedIn: control-hub}}\n"
    on_site = "{email: dan@acme.example, sites: {acme.webex.com: {role: site-administrator}}},"
    place.write(acme=organization(people=on_site, spec=site))
    assert place.apply_saved(place.saved()).counts == Counts(create=4)
    place.write(acme=organization(people=on_site + BOB, spec=site))
    assert place.apply_saved(place.saved()).counts == Counts(create=1)
    place.write(acme=organization(people=on_site + BOB))
    strict, lax = place.request, replace(place.request, policy=Policy(severities={"undeclared-site": None}))
    place.request = lax
    saved = place.saved()
    place.request = strict
    with pytest.raises(TamperedPlanError) as caught:
        place.apply_saved(saved)
    assert [finding.rule for finding in caught.value.findings] == ["undeclared-site"]


def test_a_state_that_must_exist_is_asked_for_first(place: Place) -> None:
    saved = place.saved()
    place.request = replace(place.request, must_exist=True)
    with pytest.raises(MissingStateError):
        place.apply()
    with pytest.raises(MissingStateError):
        place.apply_saved(saved)
    assert not (place.folder.parent / "state.db").exists()


# forget and unlock


def test_forgetting_takes_the_record_and_keeps_the_journal(place: Place) -> None:
    place.apply()
    answer = forget("acme", place.request, place.settings())
    assert isinstance(answer, Application)
    assert answer.counts == Counts(delete=1)
    with closing(open_reader(place.state)) as reader:
        assert [it.head.name for it in show_organizations(reader, NOW).organizations()] == ["globex"]
        assert len(list(history("acme", reader).entries())) == 5
        assert verify_journal(reader).problems == ()
    with pytest.raises(MissingStateError):
        forget("acme", place.request, place.settings())


def test_a_forgotten_organization_begins_anew_and_old_plans_do_not_fit_it(place: Place) -> None:
    place.write(acme=organization())
    saved = place.saved()
    place.apply()
    forget("acme", place.request, place.settings())
    with pytest.raises(StalePlanError):
        place.apply_saved(saved)
    assert place.planned().serials == {"acme": 2}
    assert place.apply().counts == Counts(create=3)


def test_a_held_lock_is_named_and_only_a_dead_one_is_released(place: Place) -> None:
    place.apply()
    place.write(acme=organization())
    elsewhere = replace(HOLDER, host="another-host", operator="bob@another-host")
    locking = a_record(kind=EntryKind.LOCK)
    with (
        closing(open_store(place.state, create=False)) as store,
        store.lock(["acme"], elsewhere, timeout=0 * SECOND, record=locking) as lock,
    ):
        with pytest.raises(LockedError):
            place.apply()
        with pytest.raises(StoreError, match="no lock nothing is held"):
            unlock("nothing", place.request, place.settings())
        assert unlock(lock.id, place.request, place.settings()).lock.holder.host == "another-host"
        assert place.apply().counts == Counts(delete=1)
