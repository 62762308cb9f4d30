"""What every `Target` promises. A new target is one more parameter of `target`."""

import pytest

from reconciler.model.changes import Status
from reconciler.model.errors import TargetError
from reconciler.model.protocols import Target
from reconciler.targets import TARGETS, NoTarget
from tests.fakes.builders import ALICE, BOB, a_person_change, an_organization
from tests.fakes.target import RecordingTarget

CREATION = a_person_change(None, ALICE)


@pytest.fixture(params=[NoTarget, RecordingTarget])
def target(request: pytest.FixtureRequest) -> Target:
    made: Target = request.param()
    return made


def test_a_target_has_a_name(target: Target) -> None:
    assert target.name


def test_performing_answers_with_done_or_with_what_is_left_to_do_by_hand(target: Target) -> None:
    answer = target.perform(CREATION)
    assert answer.status is Status.DONE or (answer.status is Status.MANUAL and answer.detail)


def test_performing_twice_answers_the_same(target: Target) -> None:
    assert target.perform(CREATION) == target.perform(CREATION)


def test_what_cannot_be_observed_is_an_error_and_never_an_empty_organization(target: Target) -> None:
    with pytest.raises(TargetError) as caught:
        target.observe(an_organization(name="nobody-knows-it"))
    assert "nobody-knows-it" in caught.value.message


def test_every_target_is_listed_under_its_own_name() -> None:
    assert {name: target.name for name, target in TARGETS.items()} == {name: name for name in TARGETS}


def test_without_a_live_side_recording_is_all_there_is_to_do() -> None:
    assert NoTarget().records_only
    assert not RecordingTarget().records_only


def test_the_recording_target_makes_a_change_true_once() -> None:
    target = RecordingTarget()
    target.perform(CREATION)
    target.perform(CREATION)
    assert target.asked == [CREATION.address, CREATION.address]
    assert target.done == [CREATION]


@pytest.mark.parametrize("retryable", [True, False])
def test_the_recording_target_fails_as_often_as_it_was_told(*, retryable: bool) -> None:
    target = RecordingTarget()
    target.fails(CREATION.address, times=2, retryable=retryable)
    for _ in range(2):
        with pytest.raises(TargetError) as caught:
            target.perform(CREATION)
        assert caught.value.retryable is retryable
    assert target.perform(CREATION).status is Status.DONE
    assert target.done == [CREATION]


def test_the_recording_target_leaves_some_types_to_people() -> None:
    target = RecordingTarget()
    target.leaves_to_people("administrator")
    answer = target.perform(CREATION)
    assert (answer.status, answer.detail) == (Status.MANUAL, f"do it by hand: create {CREATION.address}")
    assert target.done == []


def test_the_recording_target_shows_what_it_was_given() -> None:
    target = RecordingTarget()
    organization = an_organization(ALICE, BOB)
    target.shows(organization, unobserved=frozenset({"acme/administrator/eve@acme.example"}))
    seen = target.observe(organization)
    assert (seen.organization, seen.unobserved) == (organization, frozenset({"acme/administrator/eve@acme.example"}))


def test_the_recording_target_refuses_to_write_over_what_somebody_else_changed() -> None:
    target = RecordingTarget()
    target.was_changed_by_hand(CREATION.address)
    with pytest.raises(TargetError, match="was changed at the target"):
        target.perform(CREATION)
    assert target.done == []
    target.is_settled(CREATION.address)
    assert target.perform(CREATION).status is Status.DONE
