"""A plan as a comment: what a reviewer has to know first, the rest collapsed.

Whoever has never seen the tool learns from the first table who gains what, and until when.
"""

import shlex
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Final

from reconciler.catalog import FULL_ADMINISTRATOR
from reconciler.model.changes import Action, Change, Elevated, Moment, Plan, Reason, Risk
from reconciler.model.documents import Document
from reconciler.model.identifiers import ADMINISTRATOR, ELEVATION_GRANT, ORGANIZATION
from reconciler.model.instants import format_instant, parse_instant, span_text
from reconciler.model.results import FleetPlan
from reconciler.planning.guard import NO_FULL_ADMINISTRATOR_LEFT
from reconciler.reports.markdown.parts import collapse, findings, item, left_out, marker, no_stored_state, resource, step, steps
from reconciler.reports.markdown.sheet import Block, Room, Sheet
from reconciler.reports.markdown.spans import brief, fence, prose, row, span, spans, summary, table, when
from reconciler.reports.stateless import without_stateless
from reconciler.reports.style import Style
from reconciler.reports.text import words
from reconciler.reports.text.beside import KINDS, SHOWN, Kind, commit_text
from reconciler.reports.text.effects import rights
from reconciler.reports.text.page import count
from reconciler.reports.text.plan import counted, why_changed
from reconciler.reports.visible import visible

_NAMED: Final = 3
"""So many organizations are named in the title; more are counted."""
_BLOCKS: Final = 20
"""Details of up to so many organizations are cut each by itself; of more, they are there whole or not at all."""
_OPEN: Final = 5
"""So many rows of access changes are not collapsed."""
_SCOPE: Final = 60
_COMMAND: Final = 600
"""A longer command line is told with `PATH...` for what makes it so long."""
_PATHS: Final = "PATH..."
_MARKS: Final = {Action.CREATE: "+", Action.UPDATE: "!", Action.DELETE: "-"}
_AGENTS: Final = {"cisco-tac": "Cisco TAC", "managing-partner": "managing partner", "partner-support": "partner support"}
_NO_END: Final = "no end"
_ORDER: Final = ("new", "gains", "changes", "asks", "denied", "withdrawn", "loses", "ended", "forgotten")
"""What comes first in the table of an organization."""


def plan(result: FleetPlan, room: Room, style: Style) -> str:
    """Return the comment on a plan."""
    sheet = Sheet(room)
    stale = any(finding.rule == "stale-plan" for finding in result.findings)
    _verdict(sheet, result, stale=stale)
    _refusals(sheet, result)
    changes = _Changes(sheet, result)
    for part in result.plans():
        changes.add(part)
    changes.end()
    left = steps(sheet, "Still open from earlier runs", result.open_steps(), rank=9)
    collapse(left, f"{count(left.count, 'step')} that earlier runs left to people")
    _beside(sheet, result)
    facts = {"scope": style.scope or _scope(result), "hash": result.plan_hash}
    if len(result.serials) == 1:
        facts["serial"] = str(next(iter(result.serials.values())))
    offered = bool(result.summary.changes) and not result.refusals and not stale
    return sheet.write(lambda cut: marker("plan", cut, **facts), lambda cut: _end(result, style, offered=offered, cut=cut))


def _scope(result: FleetPlan) -> str:
    """Return what the comment is about, the same from run to run: there is one comment for each."""
    if result.complete:
        return "all"
    joined = "/".join(sorted(result.serials))
    return joined if len(joined) <= _SCOPE else f"{len(result.serials)}-{sha256(joined.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _verdict(sheet: Sheet, result: FleetPlan, *, stale: bool) -> None:
    names = result.changed or tuple(result.serials)
    about = ", ".join(brief(visible(name)) for name in names) if 0 < len(names) <= _NAMED else count(len(names), "organization")
    word = "refused" if result.refusals else "stale" if stale else "review needed" if result.summary.changes else "no changes"
    sheet.say(f"## reconciler: {about}, {word}\n")
    sheet.say(f"{counted(result.summary)}\n")
    if result.base is not None:
        commit = commit_text(result.base)
        since = brief(visible(result.base.given)) + (f" (commit {brief(commit)})" if commit else "")
        sheet.say(f"Planned is what changed in the manifests since {since}, and nothing else.\n")
    if result.summary.changes:
        sheet.say("This is what applying would change in who administers these Webex organizations. Nothing has changed yet.\n")
    if result.lineage is None:
        sheet.say(no_stored_state(result.location))
    if not result.complete:
        sheet.say(left_out())


def _beside(sheet: Sheet, result: FleetPlan) -> None:
    """Add what the branch does not cause, collapsed: it is no part of what is approved."""
    for kind in KINDS:
        rest = kind.of(result)
        shown = [_other(change, kind) for change, _ in islice(rest, SHOWN)]
        more = sum(1 for _ in rest)
        block = Block(rank=10, noun=("resource", "resources"), head=f"### {kind.title}\n\n", more="- ", short=f"### {kind.title}\n\n")
        sheet.block(block, shown)
        collapse(block, f"{count(len(shown) + more, 'resource')}; no part of this plan")
        if more:
            block.tail = f"- and {more} more: {prose(kind.way_out)}\n{block.tail}"


def _other(change: Change, kind: Kind) -> str:
    organization, name = resource(change.address)
    return f"- {name} of {organization}: {prose('; '.join(filter(None, kind.said(change))))}\n"


def _refusals(sheet: Sheet, result: FleetPlan) -> None:
    if result.refusals:
        if result.in_part:
            sheet.say("> **Held back:** apply would make only those changes that take access away.\n")
        else:
            sheet.say("> **Refused:** apply would not perform this plan.\n")
        block = Block(rank=1, share=0.3, noun=("reason", "reasons"), more="> - ", short="> ")
        sheet.block(block, (item(finding, "> - ") for finding in result.refusals))


def _lockout(sheet: Sheet, result: FleetPlan) -> None:
    if not result.summary.changes:
        return
    locked = [refusal for refusal in result.refusals if refusal.rule == NO_FULL_ADMINISTRATOR_LEFT]
    if locked:
        sheet.say(f"> **Lockout check failed:** {count(len(locked), 'organization')} would be left without a full administrator.\n")
    else:
        sheet.say("> **Lockout check passed:** no change takes the last full administrator of an organization away.\n")


class _Changes:
    """The blocks that are filled organization by organization, as a fleet streams by."""

    def __init__(self, sheet: Sheet, result: FleetPlan) -> None:
        self._sheet = sheet
        self._result = result
        self._high = 0
        self._moments: list[tuple[datetime, str]] = []
        self._removals = sheet.block(
            Block(rank=2, share=0.25, noun=("removal", "removals"), more="> - ", short="> **Takes access away:** ")
        )
        _lockout(sheet, result)
        self._risk = sheet.block(Block(rank=0, tail=""))
        self._one = len(result.changed) == 1
        titles = ("", "Who", "What", "Until") if self._one else ("", "Who", "Organization", "What", "Until")
        self._people = self._table("Who gains and who loses access", titles, rank=3, noun="change")
        self._timeline = self._table("Timeline", ("When", "What happens by itself"), rank=4, noun="moment", share=0.2)
        self._rights = self._table(
            "Access changes", ("", "Person", "Permission", "Before → after", "Because"), rank=5, noun="access change"
        )
        findings(sheet, without_stateless(result.findings), rank=6)
        self._steps = steps(sheet, "To do by hand", (), rank=7)
        many = len(result.changed) > _BLOCKS
        self._several = sheet.block(Block(rank=8, noun=("organization", "organizations"))) if many else None

    def _table(self, title: str, titles: tuple[str, ...], *, rank: int, noun: str, share: float = 0.4) -> Block:
        head = f"### {title}\n\n"
        return self._sheet.block(Block(rank=rank, share=share, noun=(noun, f"{noun}s"), head=head + table(*titles), short=head))

    def add(self, part: Plan) -> None:
        """Take one organization in."""
        for change in part.changes:
            self._high += _risky(part, change)
            if _removes(change):
                self._sheet.add(self._removals, f"> - {_removal(change)}\n")
        gists = [_gist(change, self._result.as_of, risky=_risky(part, change)) for change in part.changes]
        for word, who, what, until in sorted(gists, key=lambda gist: _ORDER.index(gist[0])):  # stable: else in the order of performing
            where = () if self._one else (span(visible(part.organization)),)
            self._sheet.add(self._people, row(f"**{word}**", who, *where, what, until))
        self._access(part)
        known = {change.address: change.after or change.before or {} for change in part.changes}
        self._moments += [(moment.at, _happens(moment, known.get(moment.address, {}))) for moment in part.timeline]
        for one in part.steps:
            self._sheet.add(self._steps, step(one))
        detail = _detail(part)
        if self._several is None:
            self._sheet.block(detail)
        else:
            self._sheet.add(self._several, detail.text(detail.count))

    def _access(self, part: Plan) -> None:
        alike: dict[tuple[str, str, str, str], list[str]] = {}
        for word, person, permission, sides, why in rights(part.access):
            alike.setdefault((person, word, sides, why), []).append(permission)
        for (person, word, sides, why), permissions in sorted(alike.items(), key=lambda pair: pair[0][:2]):
            before, _, after = sides.partition(" -> ")
            cells = (f"**{word}**", span(person), spans(permissions), f"{prose(before)} → {prose(after)}", prose(why))
            self._sheet.add(self._rights, row(*cells))

    def end(self) -> None:
        """Complete what needs all organizations."""
        self._removals.head = f"> **Takes access away** from {count(self._removals.count, 'person', 'people')}:\n"
        if self._high:
            self._risk.head = f"> **High risk:** {count(self._high, 'change')}, marked below.\n\n"
        if self._rights.count > _OPEN:
            collapse(self._rights, f"{self._rights.count} access changes, permission by permission")
        moments = [*self._moments, *map(_elevated, self._result.elevated)]
        if self._result.valid_until is not None:
            moments.append((self._result.valid_until, "This plan can no longer be applied; make a new one."))
        for at, text in sorted(moments):
            self._sheet.add(self._timeline, row(_soon(at, self._result.as_of), text))


def _risky(part: Plan, change: Change) -> bool:
    """Tell whether a change is marked; in a new organization nothing can be lost, and nearly everything would be."""
    return not part.is_new and change.risk is Risk.HIGH


def _removes(change: Change) -> bool:
    """Tell whether somebody leaves, or is no full administrator any more."""
    if change.type != ADMINISTRATOR or change.expires or change.before is None:
        return False
    return change.after is None or _is_full(change.before) > _is_full(change.after)


def _is_full(document: Document) -> bool:
    return FULL_ADMINISTRATOR in document.get("roles", ())


def _removal(change: Change) -> str:
    organization, name = resource(change.address)
    if change.after is not None:
        return f"{name} is no full administrator of {organization} any more"
    return f"{name} leaves {organization}: was {_held(change.before or {})}"


def _held(document: Document) -> str:
    """Return what an administrator has; the end has a column of its own, and the name is in the details."""
    return prose(" ".join(words.holdings({key: value for key, value in document.items() if key not in {"expires_at", "name"}})))


def _gist(change: Change, now: datetime, *, risky: bool) -> tuple[str, str, str, str]:
    """Return what a change is in a word, who is concerned, what they gain or lose, and until when."""
    _, name = resource(change.address)
    if change.type == ADMINISTRATOR:
        word, what, until = _person(change)
    elif change.type == ELEVATION_GRANT:
        document = change.after or change.before or {}
        name = f"{span(visible(document['agent']['email']))} ({_agent(document)})" if "agent" in document else name
        word, what, until = _grant(change, document)
    else:
        word, what, until = _organization(change)
    ends = "" if until is None else _until(until, now)
    return word, name, what + (" **(high risk)**" if risky else ""), ends


def _agent(document: Document) -> str:
    type_ = str(document["agent"].get("type", ""))
    return _AGENTS.get(type_) or prose(visible(type_))


def _person(change: Change) -> tuple[str, str, str | None]:
    if change.action is Action.CREATE:
        return "gains", _held(change.after or {}), _end_of(change.after)
    if change.action is Action.DELETE:
        reason = words.end_of(change.type, change.before or {}) if change.expires else "no longer listed"
        return "ended" if change.expires else "loses", f"everything: was {_held(change.before or {})}; {prose(reason)}", None
    return "changes", _fields(change), _end_of(change.after)


def _fields(change: Change) -> str:
    parts = (f"{prose(visible(field.path))}: {spans(words.field_change(field))}" for field in change.fields)
    return "; ".join(parts)


def _grant(change: Change, document: Document) -> tuple[str, str, str | None]:
    """Return what becomes of an emergency access, or of the request for it, which gives nothing."""
    grant = f"emergency access by grant {span(visible(change.name))}"
    reason = f", reason {span(visible(str(document.get('reason', ''))))}"
    if "ticket" in document:
        reason += f", ticket {span(visible(str(document['ticket'])))}"
    approved = f", approved by {span(visible(document['approved_by']))}" if "approved_by" in document else ""
    if change.expires:
        return "ended", f"{grant}: {prose(words.end_of(change.type, document))}", None
    if change.action is Action.DELETE:
        return ("loses", f"{grant}: no longer declared", None) if approved else ("withdrawn", f"request for {grant}", None)
    if change.reason is Reason.REVOKED:
        return "loses", f"{grant}: revoked {span(visible(str(document.get('revoked_at', ''))))}", None
    if "denied_by" in document:
        return "denied", f"{grant}, by {span(visible(document['denied_by']))}{reason}", None
    if not approved:
        return "asks", f"for {grant}, not decided yet{reason}", None
    if change.before is None or "approved_by" not in change.before:
        return "gains", f"all rights of a full administrator: {grant}{approved}{reason}", _end_of(document)
    return "changes", f"{grant}: {_fields(change)}", _end_of(document)


def _organization(change: Change) -> tuple[str, str, str | None]:
    if change.action is Action.CREATE:
        return "new", prose(" ".join(words.relationship(change.after or {}))), None
    if change.action is Action.DELETE:
        return "forgotten", "is no longer managed here; nobody's access changes", None
    return "changes", _fields(change), None


def _end_of(document: Document | None) -> str:
    found = document or {}
    return str(found.get("revoked_at") or found.get("expires_at") or _NO_END)


def _until(end: str, now: datetime) -> str:
    if end == _NO_END:
        return _NO_END
    try:
        return _soon(parse_instant(end), now)
    except ValueError:  # a document that holds no time where one belongs is shown as it is
        return span(visible(end))


def _soon(at: datetime, now: datetime) -> str:
    return f"{when(at)} (in {span_text(at - now)})" if at > now else when(at)


def _happens(moment: Moment, document: Document) -> str:
    organization, name = resource(moment.address)
    if "agent" in document:
        agent = span(visible(document["agent"]["email"]))
        if moment.event == "lapses":
            return f"request of {agent} for emergency access to {organization} lapses undecided ({name})"
        return f"emergency access of {agent} to {organization} {moment.event} ({name})"
    return f"{'request' if moment.event == 'lapses' else 'access'} of {name} to {organization} {moment.event}"


def _elevated(one: Elevated) -> tuple[datetime, str]:
    by = f", approved by {span(visible(one.approved_by))}" if one.approved_by else ""
    person, organization = span(visible(one.person)), span(visible(one.organization))
    return one.until, f"emergency access of {person} to {organization} ends; it is running already (grant {span(visible(one.grant))}{by})"


def _detail(part: Plan) -> Block:
    """Return every change of one organization with every field, as a difference."""
    name = visible(part.organization)
    items = [_difference(part, change) for change in part.changes]
    rest = f": {count(len(items), 'change')}{' (new)' if part.is_new else ''}"
    block = Block(rank=8, noun=("change", "changes"), language="diff", items=items, count=len(items), tail="\n</details>\n\n")
    block.head, block.short = summary(name, rest), f"{brief(name)}: "
    return block


def _difference(part: Plan, change: Change) -> str:
    type_and_name = f"{visible(change.type)} {visible(change.name)}"
    if change.action is Action.CREATE and change.after is not None:
        said = " ".join(words.resource(change.type, change.after))
    elif change.action is Action.DELETE and change.before is not None:
        said = f"was {' '.join(words.loss(change.type, change.before))}"
    else:
        said = ""
    risk = ["high risk"] if _risky(part, change) else []
    note = "; ".join([*filter(None, [why_changed(change, part.ranges.get(change.address))]), *risk])
    lines = [f"{_MARKS[change.action]} {type_and_name}{f': {said}' if said else ''}{f'  # {note}' if note else ''}"]
    since = part.since.get(change.address)
    if since is not None:
        lines.append(f"      as recorded {format_instant(since.at)} by {words.who(since.actor, since.operator)}, run {visible(since.run)}")
    if change.action is Action.UPDATE:
        for field in change.fields:
            path = visible(field.path)
            lines += [f"-     {path}: {words.value(field.before)}", f"+     {path}: {words.value(field.after)}"]
    elif change.action is Action.CREATE and change.type == ORGANIZATION and change.after is not None:
        lines += [f"+     {label}: {' '.join(atoms)}" for label, atoms in words.settings(change.after)]
    return "".join(f"{line}\n" for line in lines)


def _end(result: FleetPlan, style: Style, *, offered: bool, cut: bool) -> str:
    """Return how exactly this plan is approved, and by what it is known."""
    parts = ["---\n\n"]
    if cut:
        whole = ("reconciler", "show", result.file or style.saved or "PLANFILE")
        parts.append(f"**This comment is cut and cannot approve the plan.** All of it: {brief(_command(whole))}\n\n")
    elif offered:
        command = _command((*_performing(result, style), "--expect", result.plan_hash))
        if len(command) > _COMMAND:
            command = _command(("reconciler", "apply", _PATHS, *_since(result), "--expect", result.plan_hash))
        opened, closed = fence([command], "sh")
        parts.append(f"To apply exactly this and nothing else:\n\n{opened}{command}\n{closed}\n")
    facts = [f"as of {when(result.as_of)}"]
    if result.valid_until is not None:
        facts.append(f"valid until {when(result.valid_until)}")
    facts.append(f"answered for by {brief(visible(result.actor))}" if result.actor else "nobody was named to answer for it")
    parts.append(f"Plan {brief(visible(result.plan_hash))} · {' · '.join(facts)}\n")
    if result.target == "none":
        parts.append("\nApply records these changes; people make them in Control Hub (target: none).\n")
    return "".join(parts)


def _performing(result: FleetPlan, style: Style) -> tuple[str, ...]:
    return style.perform or ("reconciler", "apply", *([result.file] if result.file else [_PATHS, *_since(result)]))


def _since(result: FleetPlan) -> tuple[str, ...]:
    return () if result.base is None else ("--base", result.base.given)


def _command(parts: Iterable[str]) -> str:
    """Return a command line for a shell, visible."""
    return " ".join(word if word == _PATHS else visible(shlex.quote(word)) for word in parts)
