"""Follow-ups: which manual steps are open after a change. A step is open from the change that makes it necessary until it is attested.

A removed administrator takes along what was open about that access, a forgotten organization everything; what the removal itself
makes necessary stays. Ended grants stay stored as history, and so does what is open about them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.model.changes import Action, Change, FollowUp, ManualStep, Plan
from reconciler.model.identifiers import ADMINISTRATOR, ORGANIZATION, address_key, administrator_address, identity


def due_with(plan: Plan) -> tuple[list[list[ManualStep]], list[ManualStep]]:
    """Return the follow-ups that each change of *plan* makes due, in the order of the changes, and those that any of them does.

    The steps about a resource come with its last change, those about one that does not change with any.
    """
    if _forgets(plan.changes):
        return [[] for _ in plan.changes], []
    last = {address_key(change.address): position for position, change in enumerate(plan.changes)}
    due: list[list[ManualStep]] = [[] for _ in plan.changes]
    loose: list[ManualStep] = []
    for step in plan.steps:
        if step.follow_up:
            position = last.get(address_key(step.address))
            (loose if position is None else due[position]).append(step)
    return due, loose


def opened(steps: Iterable[ManualStep], at: datetime) -> tuple[FollowUp, ...]:
    """Return the follow-ups that *steps* open at *at*, by address and rule; of several for one resource and rule, the last."""
    found = (FollowUp(address=step.address, rule=step.rule, summary=step.summary, since=at) for step in steps)
    return tuple(sorted({_key(follow_up): follow_up for follow_up in found}.values()))


def open_after(before: Iterable[FollowUp], changes: Sequence[Change], new: Iterable[FollowUp]) -> tuple[FollowUp, ...]:
    """Return what is open, by address and rule, when *changes* were performed where *before* was open, and opened *new*.

    Performing several changes at once or one after the other leaves the same open.
    """
    if _forgets(changes):
        return ()
    gone = {address_key(change.address) for change in changes if change.type == ADMINISTRATOR and change.action is Action.DELETE}
    kept = (follow_up for follow_up in before if address_key(follow_up.address) not in gone)
    left = {_key(follow_up): follow_up for follow_up in _moved(kept, changes)}
    return tuple(sorted((left | {_key(follow_up): follow_up for follow_up in new}).values()))


def _moved(follow_ups: Iterable[FollowUp], changes: Iterable[Change]) -> Iterator[FollowUp]:
    """Yield *follow_ups*, those of renamed people under their new addresses."""
    renamed = {
        administrator_address(change.organization, identity(change.former)): change.address
        for change in changes
        if change.type == ADMINISTRATOR and change.former is not None
    }
    for follow_up in follow_ups:
        address = renamed.get(address_key(follow_up.address))
        yield follow_up if address is None else replace(follow_up, address=address)


def left_by(plan: Plan, before: Iterable[FollowUp]) -> tuple[FollowUp, ...]:
    """Return what of *before* stays open when *plan* is performed: neither taken along nor replaced by a step of its own."""
    own = {(address_key(step.address), step.rule) for step in plan.steps if step.follow_up}
    return tuple(follow_up for follow_up in open_after(before, plan.changes, ()) if _key(follow_up) not in own)


def _key(follow_up: FollowUp) -> tuple[str, str]:
    return address_key(follow_up.address), follow_up.rule


def _forgets(changes: Iterable[Change]) -> bool:
    return any(change.type == ORGANIZATION and change.action is Action.DELETE for change in changes)
