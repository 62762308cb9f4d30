"""What a branch changes, what was due before, what ends by itself: together everything, and never mixed."""

import shutil
from contextlib import chdir, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given
from hypothesis import settings as how
from hypothesis import strategies as st

from reconciler.model.changes import Change
from reconciler.model.documents import compact
from reconciler.model.errors import ManifestError
from reconciler.model.resources import Organization
from reconciler.model.results import FleetPlan
from reconciler.pipeline import plan
from reconciler.planning.attribution import divide
from reconciler.planning.perform import perform_all
from reconciler.planning.seal import change_content
from reconciler.stores import open_reader
from tests.fakes.builders import HOUR, NOW, a_plan
from tests.properties.strategies import declared_organizations, stored_organizations
from tests.properties.world import Step, World, steps

STORED = st.none() | stored_organizations() | stored_organizations()
EMPTY, BEFORE = "empty", "before"


def told(*sections: object) -> list[bytes]:
    return sorted(compact(change_content(change)) for section in sections for change in getattr(section, "changes", ()))


@given(declared_organizations(), st.none() | declared_organizations(), STORED)
def test_every_change_is_of_one_kind_and_an_end_goes_only_with_what_follows_it(
    declared: Organization, base: Organization | None, stored: Organization | None
) -> None:
    whole = a_plan(declared, stored).changes
    caused, left = divide(whole, base, declared, NOW)
    assert sorted([*caused, *left], key=whole.index) == [*whole]
    assert not {change.address for change in caused} & {change.address for change in left}
    followed = {change.address for change in caused if not change.expires}
    assert {change.address for change in caused} == followed


@given(declared_organizations(), STORED)
def test_nothing_is_caused_by_manifests_that_are_as_they_were_and_all_by_the_first_ones(
    declared: Organization, stored: Organization | None
) -> None:
    whole = a_plan(declared, stored).changes
    assert divide(whole, declared, declared, NOW) == ((), whole)
    caused, left = divide(whole, None, declared, NOW)
    assert all(change.expires for change in left)
    assert [change for change in whole if not change.expires] == [change for change in caused if not change.expires]


@given(declared_organizations(), declared_organizations(), stored_organizations())
def test_what_is_caused_can_be_performed_alone_and_leaves_the_rest_to_be_done(
    declared: Organization, base: Organization, stored: Organization
) -> None:
    assume(stored.administrators is not None)
    caused, left = divide(a_plan(declared, stored).changes, base, declared, NOW)
    part = perform_all(stored, caused, NOW, request_lifetime=HOUR)
    assert part is not None
    assert told(a_plan(declared, part)) == told(_Section(left))


class _Section:
    def __init__(self, changes: tuple[Change, ...]) -> None:
        self.changes = changes


def planned(world: World, base: str | None) -> FleetPlan | None:
    request = world.request(base=base)
    try:
        with closing(open_reader(request.state)) as reader:
            return plan(request, reader, world.clock.now())
    except ManifestError:
        return None


SOME = st.lists(steps(calm=True), max_size=4) | st.lists(steps(), max_size=3)


@how(max_examples=40)
@given(st.lists(st.tuples(SOME, SOME), min_size=1, max_size=4))
def test_a_plan_of_a_branch_and_what_it_leaves_are_the_plan_of_everything(rounds: list[tuple[list[Step], list[Step]]]) -> None:
    with TemporaryDirectory() as folder, chdir(folder):
        world = World(Path(folder))
        Path(EMPTY).mkdir()
        world.write()
        world.apply()
        for merged, changed in rounds:
            _do(world, merged)
            shutil.rmtree(BEFORE, ignore_errors=True)
            shutil.copytree("orgs", f"{BEFORE}/orgs")
            _do(world, changed)
            assert world.report(base=BEFORE, recheck=False) == world.report(base=BEFORE, recheck=True)
            _compare(world)


def _do(world: World, some: list[Step]) -> None:
    for step in some:
        step(world)
        world.write()


def _compare(world: World) -> None:
    whole = planned(world, None)
    branch, same, new = (planned(world, base) for base in (BEFORE, ".", EMPTY))
    if whole is None or branch is None or same is None or new is None:
        assert whole is branch is same is new is None
        return
    everything = told(*whole.plans())
    assert told(*branch.plans(), *branch.left()) == everything
    assert (told(*same.plans()), told(*same.left()), same.summary.changes) == ([], everything, 0)
    assert told(*new.plans(), *new.left()) == everything
    if not any(new.left()):
        assert new.plan_hash == whole.plan_hash
    assert branch.summary.no_op == same.summary.no_op == whole.summary.no_op
    left = told(*branch.left())
    if not branch.refusals:
        world.apply(base=BEFORE)
        after = planned(world, None)
        assert after is not None
        assert told(*after.plans()) == left
