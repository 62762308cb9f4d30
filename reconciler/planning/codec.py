"""Codec: a fleet's plan as JSON and back. The saved file and `plan --format json` have one shape; only the saved file has `integrity`."""

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple, TextIO, TypeVar

from reconciler import __version__
from reconciler.model.changes import (
    Action,
    Change,
    Elevated,
    FieldChange,
    FollowUp,
    ManualStep,
    Moment,
    Plan,
    Reason,
    Recorded,
    Risk,
    Summary,
    place_of,
)
from reconciler.model.documents import Document, refuse_misshapen
from reconciler.model.errors import StalePlanError, TamperedPlanError, UnreadablePlanError
from reconciler.model.findings import Finding, Position, Range, Severity, Waived
from reconciler.model.identifiers import ORGANIZATION
from reconciler.model.instants import format_instant, parse_instant
from reconciler.model.results import Base, FleetPlan
from reconciler.model.writing import (
    finding_document,
    hash_document,
    open_step_document,
    range_document,
    step_document,
    write_document,
)
from reconciler.planning.plan import summarize
from reconciler.planning.seal import PlanHash, change_content, digest

T = TypeVar("T")

FORMAT_VERSION = "1.0"
PLAN_AGAIN = "make a new plan: reconciler plan PATH... --out FILE"
"""The way out of every plan that cannot be applied."""


class _Planned(NamedTuple):
    """A change with what stands beside it in a document."""

    change: Change
    place: Range | None
    since: Recorded | None


def write_plan(plan: FleetPlan, out: TextIO, *, exit_code: int | None) -> None:
    """Write *plan* as one JSON document.

    Args:
        plan: of everything in scope.
        out: a text stream.
        exit_code: of the command, for a report; None for a saved plan, which holds no exit code and is sealed by `integrity`.
    """
    if exit_code is None:
        whole = replace(plan, refusals=(*plan.refusals, *plan.lifted))
        write_document({**_members(whole), "integrity": hash_document(_members(whole))}, out)
    else:
        write_document({**_members(plan), "exit_code": exit_code}, out)


def _members(plan: FleetPlan) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "kind": "plan",
        "reconciler_version": __version__,
        "plan_hash": plan.plan_hash,
        "as_of": format_instant(plan.as_of),
        "valid_until": None if plan.valid_until is None else format_instant(plan.valid_until),
        "prior_state": {"lineage": plan.lineage, "serials": dict(plan.serials)},
        "summary": summary_document(plan.summary),
        "resource_changes": _changes(plan.plans),
        "access_changes": (change for section in plan.plans() for change in section.access),
        "timeline": _timeline(plan.plans),
        "elevated": [_elevated_document(one) for one in plan.elevated],
        "manual_steps": _steps(plan),
        "refusals": [finding_document(refusal) for refusal in plan.refusals],
        "diagnostics": [finding_document(finding) for finding in plan.findings],
        "errored": False,
        "complete": plan.complete,
        "applyable": plan.summary.changes > 0 and not plan.refusals,
        "target": plan.target,
        "actor": plan.actor,
        "people": plan.people,
        **_beside_the_branch(plan),
    }


def _beside_the_branch(plan: FleetPlan) -> dict[str, Any]:
    """Return what a plan of a branch leaves out; there is nothing of the kind in a plan of everything."""
    if plan.base is None:
        return {}
    return {
        "base": {"given": plan.base.given, "commit": plan.base.commit},
        "resource_drift": (document | {"origin": "earlier"} for document in _changes(plan.left, expires=False)),
        "resource_expiries": _changes(plan.left, expires=True),
    }


def summary_document(summary: Summary) -> Document:
    """Return the counts of a plan."""
    return {
        "create": summary.create,
        "update": summary.update,
        "delete": summary.delete,
        "expire": summary.expire,
        "no_op": summary.no_op,
    }


def change_document(change: Change, place: Range | None, since: Recorded | None) -> Document:
    """Return one element of `resource_changes`."""
    recorded = None if since is None else asdict(since) | {"at": format_instant(since.at)}
    return {**change_content(change), "risk": change.risk, "range": range_document(place), "since": recorded}


def _changes(plans: Callable[[], Iterator[Plan]], *, expires: bool | None = None) -> Iterator[Document]:
    for plan in plans():
        for change in plan.changes:
            if expires is None or change.expires is expires:
                yield change_document(change, plan.ranges.get(change.address), plan.since.get(change.address))


def _timeline(plans: Callable[[], Iterator[Plan]]) -> Iterator[Document]:
    # Every organization's moments are in order already; a few instants an organization is all that is held.
    for moment in heapq.merge(*[plan.timeline for plan in plans()]):
        yield {"at": format_instant(moment.at), "address": moment.address, "event": moment.event}


def _elevated_document(one: Elevated) -> Document:
    return {
        "organization": one.organization,
        "person": one.person,
        "grant": one.grant,
        "until": format_instant(one.until),
        "approved_by": one.approved_by,
    }


def _steps(plan: FleetPlan) -> Iterator[Document]:
    for section in plan.plans():
        yield from map(step_document, sorted(section.steps, key=place_of))
    yield from map(open_step_document, plan.open_steps())


def read_plan(text: str, file: str | None = None) -> FleetPlan:
    """Return the plan that `write_plan` saved, in *file*.

    Raises:
        UnreadablePlanError: *text* is not a saved plan of a known version.
        TamperedPlanError: it was changed since it was saved, or its parts contradict each other.
    """
    document = _load(text)
    if document.get("integrity") != hash_document({key: value for key, value in document.items() if key != "integrity"}):
        raise TamperedPlanError("the saved plan was changed after it was made", detail="its integrity hash does not fit", hint=PLAN_AGAIN)
    try:
        plan = _fleet(document)
        if "base" in document:
            plan = _with_base(plan, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadablePlanError("the saved plan is not of the expected shape", detail=str(error), hint=PLAN_AGAIN) from error
    if _hash_of(plan) != plan.plan_hash:
        raise TamperedPlanError("the saved plan does not have the hash it names", detail=f"named: {plan.plan_hash}", hint=PLAN_AGAIN)
    return replace(plan, file=file)


def _load(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UnreadablePlanError("the file is not a saved plan: it is no JSON", detail=str(error), hint=PLAN_AGAIN) from error
    if not isinstance(document, dict) or document.get("kind") != "plan":
        raise UnreadablePlanError(
            "the file is not a saved plan", detail='a saved plan is a JSON object with "kind": "plan"', hint=PLAN_AGAIN
        )
    version = document.get("format_version")
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        raise UnreadablePlanError(f"the saved plan has format version {version}", detail=f"known: {FORMAT_VERSION}", hint=PLAN_AGAIN)
    if "integrity" not in document:
        raise UnreadablePlanError("the file is a report, not a saved plan: it has no integrity hash", hint=PLAN_AGAIN)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return document


def _refuse(number: str) -> Any:
    # NaN and its like are no JSON, and no plan holds fractions; 1e999 would become infinite.
    raise ValueError(f"{number} is no number of a plan")


def _checked(value: Any, kind: type[T]) -> T:
    """Return *value* when it is of exactly that *kind*: what is shown later relies on it, and JSON promises nothing."""
    if type(value) is not kind:
        raise TypeError(f"{json.dumps(value)[:40]} is not of type {kind.__name__}")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _checked(value, str)


def _fleet(document: dict[str, Any]) -> FleetPlan:
    serials = {name: _checked(serial, int) for name, serial in document["prior_state"]["serials"].items()}
    lineage = _text_or_none(document["prior_state"]["lineage"])
    as_of = parse_instant(document["as_of"])
    valid_until = document["valid_until"]
    changes = [_planned(item) for item in document["resource_changes"]]
    timelines = _by_organization(map(_moment, document["timeline"]), lambda moment: moment.address.partition("/")[0])
    access = _by_organization(map(_access, document["access_changes"]), lambda change: change["organization"])
    own = [_step(item) for item in document["manual_steps"] if item["since"] is None]
    steps = _by_organization(own, lambda step: step.address.partition("/")[0])
    still_open = tuple(_follow_up(item) for item in document["manual_steps"] if item["since"] is not None)
    plans = tuple(
        replace(
            _plan(name, list(items), serials=serials, lineage=lineage, as_of=as_of),
            timeline=tuple(timelines.get(name, ())),
            access=tuple(access.get(name, ())),
            steps=tuple(steps.get(name, ())),
        )
        for name, items in _grouped(changes)
    )
    summary = sum((summarize(plan) for plan in plans), Summary())
    return FleetPlan(
        plan_hash=_checked(document["plan_hash"], str),
        as_of=as_of,
        valid_until=None if valid_until is None else parse_instant(valid_until),
        location="",
        lineage=lineage,
        serials=serials,
        people=_checked(document["people"], int),
        summary=replace(summary, no_op=_checked(document["summary"]["no_op"], int)),
        findings=tuple(map(read_finding, document["diagnostics"])),
        refusals=tuple(map(read_finding, document["refusals"])),
        complete=_checked(document["complete"], bool),
        target=_checked(document["target"], str),
        actor=_text_or_none(document["actor"]),
        former={plan.organization: plan.former for plan in plans if plan.former is not None},
        changed=tuple(plan.organization for plan in plans),
        plans=lambda: iter(plans),
        open_steps=lambda: iter(still_open),
        elevated=tuple(map(_elevated, document.get("elevated", []))),  # plans saved by earlier versions name nobody
    )


def _with_base(plan: FleetPlan, document: dict[str, Any]) -> FleetPlan:
    """Add what a plan with a base leaves out; it is sealed by `integrity` alone."""
    item = document["base"]
    out = [_planned(item) for item in (*document["resource_drift"], *document["resource_expiries"])]
    left = tuple(
        replace(_plan(name, items, serials=plan.serials, lineage=plan.lineage, as_of=plan.as_of), digest="")
        for name, items in sorted(_by_organization(out, lambda item: item.change.organization).items())
    )
    return replace(plan, base=Base(given=_checked(item["given"], str), commit=_text_or_none(item["commit"])), left=lambda: iter(left))


def _grouped(changes: list[_Planned]) -> Iterator[tuple[str, Iterator[_Planned]]]:
    names = [name for name, _ in groupby(changes, key=lambda item: item.change.organization)]
    if names != sorted(set(names)):
        raise ValueError("resource_changes are not in the order of organizations")
    return groupby(changes, key=lambda item: item.change.organization)


def _by_organization(items: Iterable[T], organization_of: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(organization_of(item), []).append(item)
    return found


def _access(item: dict[str, Any]) -> Document:
    for field in ("organization", "person", "permission", "before", "after", "direction"):
        _checked(item[field], str)
    _text_or_none(item.get("scope"))
    for reason in (*item["because"], *item["no_longer"]):
        _checked(reason, dict)
        for field in ("kind", "access"):
            _checked(reason[field], str)
    return item


def _plan(name: str, items: list[_Planned], *, serials: Mapping[str, int], lineage: str | None, as_of: datetime) -> Plan:
    changes = tuple(item.change for item in items)
    former = next((change.former for change in changes if change.type == ORGANIZATION and change.former is not None), None)
    former_serial = None if former is None else serials.get(former)
    return Plan(
        organization=name,
        serial=serials[name],
        former=former,
        former_serial=former_serial,
        digest=digest(lineage, serials[name], changes, former_serial=former_serial),
        as_of=as_of,
        changes=changes,
        **_beside(items),
    )


def _planned(item: dict[str, Any]) -> _Planned:
    return _Planned(_change(item), _range(item["range"]), _recorded(item["since"]))


def _beside(items: Sequence[_Planned]) -> dict[str, Any]:
    """What a plan keeps by address."""
    return {
        "ranges": {item.change.address: item.place for item in items if item.place is not None},
        "since": {item.change.address: item.since for item in items if item.since is not None},
    }


def _recorded(item: dict[str, Any] | None) -> Recorded | None:
    if item is None:
        return None
    return Recorded(
        at=parse_instant(item["at"]),
        run=_checked(item["run"], str),
        actor=_text_or_none(item["actor"]),
        operator=_checked(item["operator"], str),
    )


def _change(item: dict[str, Any]) -> Change:
    (action,) = item["change"]["actions"]
    before, after = item["change"]["before"], item["change"]["after"]
    if not all(side is None or isinstance(side, dict) for side in (before, after)) or before is after is None:
        raise ValueError(f"before and after of {item['address']} are not objects")
    for side in (before, after):
        if side is not None:
            refuse_misshapen(item["type"], side)
    return Change(
        address=_checked(item["address"], str),
        organization=_checked(item["organization"], str),
        type=_checked(item["type"], str),
        name=_checked(item["name"], str),
        action=Action(action),
        reason=Reason(item["reason"]),
        before=before,
        after=after,
        fields=tuple(
            FieldChange(path=_checked(field["path"], str), before=field["before"], after=field["after"]) for field in item["fields"]
        ),
        risk=Risk(item["risk"]),
    )


def _moment(item: dict[str, Any]) -> Moment:
    return Moment(at=parse_instant(item["at"]), address=_checked(item["address"], str), event=_checked(item["event"], str))


def _elevated(item: dict[str, Any]) -> Elevated:
    return Elevated(
        organization=_checked(item["organization"], str),
        until=parse_instant(item["until"]),
        person=_checked(item["person"], str),
        grant=_checked(item["grant"], str),
        approved_by=_text_or_none(item["approved_by"]),
    )


def _step(item: dict[str, Any]) -> ManualStep:
    address = _checked(item["address"], str)
    if "/" not in address:
        raise ValueError(f"{address} is no address of a resource")
    return ManualStep(
        rule=_checked(item["rule_id"], str),
        address=address,
        summary=_checked(item["summary"], str),
        detail=_checked(item["detail"], str),
        follow_up=_checked(item["follow_up"], bool),
    )


def _follow_up(item: dict[str, Any]) -> FollowUp:
    step = _step(item)
    return FollowUp(address=step.address, rule=step.rule, summary=step.summary, since=parse_instant(_checked(item["since"], str)))


def _range(item: dict[str, Any] | None) -> Range | None:
    if item is None:
        return None
    start, end = (Position(line=_checked(item[key]["line"], int), column=_checked(item[key]["column"], int)) for key in ("start", "end"))
    return Range(filename=_checked(item["filename"], str), start=start, end=end)


def read_finding(item: dict[str, Any]) -> Finding:
    """Return the finding of an element of `diagnostics`; its path is lost, and no longer needed once it has its place.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    return Finding(
        rule=_checked(item["rule_id"], str),
        severity=Severity(item["severity"]),
        message=_checked(item["summary"], str),
        detail=_checked(item["detail"], str),
        hint=_text_or_none(item["hint"]),
        address=_text_or_none(item["address"]),
        pointer=_text_or_none(item["pointer"]),
        range=_range(item["range"]),
        waived=_waived(item["waived"]),
    )


def _waived(item: dict[str, Any] | None) -> Waived | None:
    if item is None:
        return None
    return Waived(severity=Severity(item["severity"]), reason=_checked(item["reason"], str), expires=parse_instant(item["expires"]))


def _hash_of(plan: FleetPlan) -> str:
    total = PlanHash()
    for organization in plan.plans():
        total.add(organization.organization, organization.digest)
    return total.text()


def plan_bytes(plan: Plan) -> bytes:
    """Return one organization's plan as bytes for a spool; `plan_from_bytes` reads it back whole."""
    files: dict[str, int] = {}
    document = [
        plan.organization,
        plan.serial,
        plan.digest,
        format_instant(plan.as_of),
        None if plan.valid_until is None else format_instant(plan.valid_until),
        [
            [
                it.address,
                it.organization,
                it.type,
                it.name,
                it.action,
                it.reason,
                it.before,
                it.after,
                [[field.path, field.before, field.after] for field in it.fields],
                it.risk,
            ]
            for it in plan.changes
        ],
        [
            [
                address,
                files.setdefault(place.filename, len(files)),
                place.start.line,
                place.start.column,
                place.end.line,
                place.end.column,
            ]
            for address, place in plan.ranges.items()
        ],
        list(files),
        [[address, format_instant(since.at), since.run, since.actor, since.operator] for address, since in plan.since.items()],
        [[format_instant(moment.at), moment.address, moment.event] for moment in plan.timeline],
        plan.unchanged,
        plan.access,
        [[step.rule, step.address, step.summary, step.detail, step.follow_up] for step in plan.steps],
        [plan.former, plan.former_serial],
    ]
    return json.dumps(document, ensure_ascii=True).encode("ascii")


def plan_from_bytes(data: bytes) -> Plan:
    """Return the plan that `plan_bytes` wrote; findings, refusals and removals stay with the fleet."""
    name, serial, digest_, as_of, valid_until, changes, places, files, since, timeline, unchanged, access, steps, was = json.loads(data)
    return Plan(
        organization=name,
        serial=serial,
        digest=digest_,
        as_of=parse_instant(as_of),
        valid_until=None if valid_until is None else parse_instant(valid_until),
        changes=tuple(map(_change_again, changes)),
        ranges=_Places({address: place for address, *place in places}, files),
        since={
            address: Recorded(at=parse_instant(at), run=run, actor=actor, operator=operator) for address, at, run, actor, operator in since
        },
        timeline=tuple(Moment(at=parse_instant(at), address=address, event=event) for at, address, event in timeline),
        unchanged=unchanged,
        access=tuple(access),
        steps=tuple(
            ManualStep(rule=rule, address=address, summary=summary, detail=detail, follow_up=follow_up)
            for rule, address, summary, detail, follow_up in steps
        ),
        former=was[0],
        former_serial=was[1],
    )


_ACTIONS: Final = {action.value: action for action in Action}
_REASONS: Final = {reason.value: reason for reason in Reason}
_RISKS: Final = {risk.value: risk for risk in Risk}


def _change_again(row: list[Any]) -> Change:
    address, organization, type_, name, action, reason, before, after, fields, risk = row
    return Change(
        address=address,
        organization=organization,
        type=type_,
        name=name,
        action=_ACTIONS[action],
        reason=_REASONS[reason],
        before=before,
        after=after,
        fields=tuple(FieldChange(path=path, before=old, after=new) for path, old, new in fields),
        risk=_RISKS[risk],
    )


class _Places(Mapping[str, Range]):
    """Ranges by address; made when asked for, because performing a plan never asks."""

    def __init__(self, places: Mapping[str, Sequence[int]], files: Sequence[str]) -> None:
        self._places = places
        self._files = files

    def __getitem__(self, address: str) -> Range:
        file, line, column, last_line, last_column = self._places[address]
        start, end = Position(line=line, column=column), Position(line=last_line, column=last_column)
        return Range(filename=self._files[file], start=start, end=end)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def stale(message: str, detail: str) -> StalePlanError:
    """Return the error for a plan that the state has left behind."""
    return StalePlanError(message, detail=detail, hint=PLAN_AGAIN)
