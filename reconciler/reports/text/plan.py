"""The answer of `plan`: what apply would do, organization by organization, in the order in which it would do it."""

from shlex import quote

from reconciler.model.changes import Action, Change, Moment, Plan, Reason, Risk, Summary
from reconciler.model.findings import Range
from reconciler.model.identifiers import ADMINISTRATOR, ORGANIZATION
from reconciler.model.instants import format_instant
from reconciler.model.results import FleetPlan
from reconciler.reports import style as styles
from reconciler.reports.stateless import without_stateless
from reconciler.reports.text import words
from reconciler.reports.text.beside import beside, heading
from reconciler.reports.text.effects import effects
from reconciler.reports.text.findings import findings, refusals
from reconciler.reports.text.page import MARKS, Page, columns, place, type_and_name, widest
from reconciler.reports.text.steps import address_width, by_hand, still_open
from reconciler.reports.visible import visible

_DETAIL = 8
"""Fields stand this far in, under the line of their resource."""
_NAMED = 3
"""So many of the reasons why a plan ends are named."""


def plan(page: Page, result: FleetPlan) -> None:
    """Write the whole plan; it streams, one organization at a time."""
    page.no_stored_state(result.lineage, result.location)
    heading(page, result)
    turning: list[Moment] = []
    width = 0
    for part in result.plans():
        _organization(page, part)
        width = max(width, address_width(part.steps))
        turning.extend(moment for moment in part.timeline if moment.at == result.valid_until)
    beside(page, result)
    _elevated(page, result)
    findings(page, without_stateless(result.findings))
    if width:
        by_hand(page, result.plans(), width)
    still_open(page, result.open_steps())
    if result.refusals:
        page.heading(page.paint(_refused(result), styles.LOUD))
        refusals(page, result.refusals)
    page.gap()
    if not result.complete:
        page.line("Other declared organizations were left out by --org or -l.")
    _verdict(page, result, turning)


def _refused(result: FleetPlan) -> str:
    if result.in_part:
        return "Held back: apply would make only those changes that take access away."
    return "Refused: apply would not perform this plan."


def _elevated(page: Page, result: FleetPlan) -> None:
    if not result.elevated:
        return
    page.heading("Elevated now:" if result.file is None else f"Elevated at {format_instant(result.as_of)}:")
    rows = [
        (
            visible(one.person),
            f"in {visible(one.organization)}",
            f"until {format_instant(one.until)}",
            f"by {visible(one.grant)}",
            f"approved by {visible(one.approved_by)}" if one.approved_by else "",
        )
        for one in result.elevated
    ]
    for line in columns(rows):
        page.line(f"  {line}")


def _organization(page: Page, part: Plan) -> None:
    page.heading(visible(part.organization), _standing(part))
    width = widest([type_and_name(change.address)[1] for change in part.changes])
    for change in part.changes:
        # In a new organization nothing can be lost, and nearly everything would be marked.
        _change(page, change, part.ranges.get(change.address), width, risky=not part.is_new and change.risk is Risk.HIGH)
        since = part.since.get(change.address)
        if since is not None:
            by = f"by {words.who(since.actor, since.operator)}, run {visible(since.run)}"
            page.line(page.paint(f"{'':{_DETAIL}}as recorded {format_instant(since.at)} {by}", styles.DIM))
    effects(page, part.access)
    if part.timeline:
        page.line("  starts and ends by itself:")
        rows = [(format_instant(moment.at), *type_and_name(moment.address), moment.event) for moment in sorted(part.timeline)]
        for line in columns(rows):
            page.line(f"    {line}")


def _standing(part: Plan) -> str:
    if part.former is not None:
        return f" (so far {visible(part.former)}, serial {part.former_serial})"
    return " (new)" if part.is_new else f" (serial {part.serial})"


def _change(page: Page, change: Change, where: Range | None, width: int, *, risky: bool) -> None:
    note = "; ".join(part for part in (why_changed(change, where), "high risk" if risky else "") if part)
    # Behind a mark that shells and YAML read as a comment.
    page.resource(MARKS[change.action], change.address, width, _said(change), note=f"# {note}" if note else "")
    if change.action is Action.UPDATE:
        labeled = [(visible(field.path), words.field_change(field)) for field in change.fields]
        page.details(labeled, indent=_DETAIL, between="  ")
    elif change.action is Action.CREATE and change.type == ORGANIZATION and change.after is not None:
        page.details(list(words.settings(change.after)), indent=_DETAIL)


def _said(change: Change) -> list[str]:
    if change.action is Action.CREATE and change.after is not None:
        return words.resource(change.type, change.after)
    if change.action is Action.DELETE and change.before is not None:
        return ["was", *words.loss(change.type, change.before)]
    return []


def why_changed(change: Change, where: Range | None) -> str:
    """Return why the change is made, or where it is declared."""
    match change.reason:
        case Reason.EXPIRED:
            return words.end_of(change.type, change.before) if change.before else "expired"
        case Reason.OMITTED:
            return _omitted(change, where)
        case Reason.REVOKED:
            revoked_at = (change.after or {}).get("revoked_at")
            return _sourced(f"revoked {visible(revoked_at)}" if revoked_at else "revoked", where)
        case Reason.DRIFTED:
            return _sourced("drifted", where)
        case Reason.DECLARED:
            return place(where)


def _sourced(said: str, where: Range | None) -> str:
    return said if where is None else f"{said}, {place(where)}"


def _omitted(change: Change, where: Range | None) -> str:
    if change.type == ADMINISTRATOR and where is not None:
        return f"omitted: no longer listed in {visible(where.filename)}"
    return f"omitted: no longer {'listed' if change.type == ADMINISTRATOR else 'declared'}"


def _verdict(page: Page, result: FleetPlan, turning: list[Moment]) -> None:
    numbers = result.summary
    if not numbers.changes:
        page.line(page.paint(counted(numbers), styles.BOLD))
        page.line(f"Plan hash: {result.plan_hash}")
        return
    page.line(page.paint(counted(numbers), styles.BOLD))
    if result.valid_until is not None:
        reasons = "; ".join(f"{visible(moment.address)} {moment.event}" for moment in turning[:_NAMED])
        more = f"; and {len(turning) - _NAMED} more" if len(turning) > _NAMED else ""
        page.line(f"This plan is valid until {format_instant(result.valid_until)}{f': then {reasons}{more}' if reasons else ''}.")
    answering = f"answered for by {visible(result.actor)}" if result.actor else "nobody was named to answer for it"
    page.line(f"As of {format_instant(result.as_of)}; {answering}.")
    page.line(f"Plan hash: {result.plan_hash}")
    stale = any(finding.rule == "stale-plan" for finding in result.findings)
    if page.offers and not stale and not result.refusals:
        page.line(_how_to_apply(result))


def counted(numbers: Summary) -> str:
    """Return the line of numbers, which programs may read."""
    if not numbers.changes:
        return "No changes."
    return f"Plan: {numbers.create} to add, {numbers.update} to change, {numbers.delete} to remove, {numbers.expire} to expire."


def _how_to_apply(result: FleetPlan) -> str:
    if result.file is not None:
        return f"To apply exactly this: reconciler apply {visible(quote(result.file))}"
    since = f" --base {visible(quote(result.base.given))}" if result.base else ""
    narrowed = "" if result.complete else ", with the same --org and -l"
    return f"To apply exactly this{narrowed}: reconciler apply PATH...{since} --expect {result.plan_hash}"
