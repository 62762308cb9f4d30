"""plan and drift: manifests against the stored state, organization by organization."""

import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, cast

from reconciler.manifests import Manifests
from reconciler.model.changes import Change, Elevated, FollowUp, Plan, Summary
from reconciler.model.errors import ManifestError, StalePlanError, UsageError
from reconciler.model.findings import Finding, Severity, has_errors, in_file_order
from reconciler.model.identifiers import ADMINISTRATOR, administrator_address, grant_address
from reconciler.model.instants import format_instant
from reconciler.model.lifetimes import elevated, grant_end
from reconciler.model.policy import Acknowledgements, Freeze
from reconciler.model.protocols import StateReader, Stored, StoredHead
from reconciler.model.resources import Organization
from reconciler.model.results import Difference, Drift, FleetPlan
from reconciler.model.spool import Spool
from reconciler.model.verdicts import Verdict
from reconciler.pipeline.attribution import Attribution, attribute, find_base, unrecorded
from reconciler.pipeline.checking import (
    context_of,
    find_manifests,
    in_scope,
    require_input,
    stop_on_errors,
    valid_names,
    with_manifest,
)
from reconciler.pipeline.freezing import UNKNOWN_FROZEN, unknown_to_freezes
from reconciler.pipeline.judgements import Judgement, Judges, without_state
from reconciler.pipeline.judging import ACTOR_UNCHECKED, Judge, required_actor
from reconciler.pipeline.known import Known
from reconciler.pipeline.missing import require_state
from reconciler.pipeline.overdue import overdue, without_overdue
from reconciler.pipeline.partners import Partners
from reconciler.pipeline.present import Present
from reconciler.pipeline.remembering import Found, Planned, read_what_changed
from reconciler.pipeline.renaming import FORMER_NAME_REFERRED_TO, renames_in
from reconciler.pipeline.request import Request
from reconciler.pipeline.standing import Standing
from reconciler.pipeline.waiving import UNUSED_WAIVER, unused_waivers
from reconciler.planning.codec import PLAN_AGAIN, plan_bytes, plan_from_bytes, read_plan
from reconciler.planning.follow_ups import left_by
from reconciler.planning.guard import TOO_MANY_REMOVALS, clock_set_back, frozen, held_back, too_many, too_many_overall
from reconciler.planning.perform import perform_all
from reconciler.planning.plan import count_declared, live_people, plan_organization, summarize, with_ranges
from reconciler.planning.renames import recorded, refers_to, sides, stored_under, under_new_names, with_references
from reconciler.planning.scope import resolve
from reconciler.planning.seal import PlanHash
from reconciler.reports.stateless import with_stateless
from reconciler.rules import ACTOR_RULES, CHANGE_RULES, listing

_ABOUT_CHANGES = frozenset({
    ACTOR_UNCHECKED,
    UNUSED_WAIVER,
    UNKNOWN_FROZEN,
    FORMER_NAME_REFERRED_TO,
    *(rule.id for rule in CHANGE_RULES),
    *(rule.id for rule in ACTOR_RULES),
})


def plan(request: Request, reader: StateReader, now: datetime, *, shown: datetime | None = None, remember: bool = False) -> FleetPlan:
    """Return what apply would do to bring the stored state to what the manifests declare.

    Args:
        request: names the manifests.
        reader: the stored state.
        now: the instant decided by, UTC.
        shown: by the machine's clock, when *now* comes from it.
        remember: the plan can keep what was found out, for the next one.

    Raises:
        ManifestError: the manifests are invalid, or there are none.
        MissingStateError: there must be a stored state and there is none.
    """
    require_state(request, reader)
    heads = {head.name: head for head in reader.heads()}
    found_files = find_manifests(request)
    with ExitStack() as opened:
        base = opened.enter_context(find_base(request, found_files))
        manifests, held = read_what_changed(request, found_files, reader, heads, now)
        opened.enter_context(manifests)
        require_input(manifests, request)
        names = in_scope(manifests, request, Known(manifests.facts, reader))
        require_acknowledged(request.acknowledged, names)
        declared = [name for name in valid_names(manifests) if name not in held.verdicts]
        former, merges = renames_in(manifests, [name for name in declared if name in names], reader)
        pruned = _to_prune(request, manifests, former)
        # What is to be renamed is known to others by its new name.
        seen = under_new_names(reader, former)
        known, partners = Known(manifests.facts, seen), Partners(now, manifests, seen)
        context = context_of(manifests, request, known, now, partners, on_record=Standing(seen))
        context = replace(context, renamed={was: name for name, was in former.items()})
        judge = Judge(request, seen, context)
        attribution = opened.enter_context(attribute(request, base, manifests, held, now))
        here = Present(now=now, shown=shown or now)
        fleet = _Fleet(request, reader, heads=heads, judge=judge, partners=partners, present=here, former=former, attribution=attribution)
        fleet.found.extend(merges)
        found = Found(request, held, heads, context) if remember else None
        standing: list[Finding] = []
        fleet.hold(verdict for name, verdict in held.verdicts.items() if name in names)
        elsewhere = without_state(context, manifests)
        judges = Judges(
            manifests=manifests, policy=request.policy, context=context, elsewhere=elsewhere, note=partial(fleet.weigh, manifests)
        )
        with closing(judges.all(declared)) as judgements:
            for name in request.watch("planning", sorted({*declared, *pruned}), len(declared) + len(pruned)):
                if name in pruned:
                    fleet.prune(name)
                    continue
                judgement = next(judgements)
                standing.extend(judgement.findings)
                if name in names:
                    fleet.take(judgement, manifests, found)
        standing = manifests.locate(standing)
        remembered = [*held.findings()]
        findings = in_file_order([*remembered, *manifests.findings, *standing, *manifests.locate(fleet.found)])
        stop_on_errors(findings, names)
        fleet.refused = manifests.locate(fleet.refused)
        judged = [*remembered, *standing, *fleet.found, *fleet.refused]
        unused = unused_waivers(request, judged, with_manifest(manifests, names), now)
        complete = names == frozenset(manifests.names)
        if attribution is not None:
            missed = () if request.organizations or request.labels else (name for name, head in heads.items() if head.digest is not None)
            findings += attribution.findings({*manifests.names, *pruned}, missed)
        unfrozen = unknown_to_freezes(request, known, now)
        made = fleet.finish(in_file_order([*findings, *unused, *unfrozen]), complete=complete)
        # What was found beside each other is kept together; and where something is wrong, it is said anew in every run.
        if found is None or not complete or has_errors(findings):
            return made
        return replace(made, remember=found.keep([*manifests.findings, *standing], manifests.names))


def _stored_address(change: Change) -> str:
    """Return the address under which the resource is stored so far; that of an organization goes with its name."""
    if change.type != ADMINISTRATOR or change.former is None:
        return change.address
    return administrator_address(change.organization, change.former)


def require_acknowledged(acknowledged: Acknowledgements, names: Container[str]) -> None:
    """Refuse to ignore what was typed: an acknowledgement names an organization that the run is about, or `all`.

    Raises:
        ManifestError: it does not.
    """
    for name in sorted(acknowledged.removals):
        if name != "all" and name not in names:
            raise ManifestError(f"--allow-removals {name}={acknowledged.removals[name]}: this run is not about {name}")


def _to_prune(request: Request, manifests: Manifests, former: Mapping[str, str]) -> frozenset[str]:
    for name in sorted(request.acknowledged.prune.intersection(manifests.names)):
        raise UsageError(f"--prune {name}: a manifest declares this organization", hint="remove its manifest first")
    for name, was in sorted(former.items()):
        if was in request.acknowledged.prune:
            raise UsageError(f"--prune {was}: this run renames it to {name}", hint="leave --prune out, or formerName")
    return request.acknowledged.prune


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a plan counts of an organization that is already what it is to become.

    Attributes:
        digest: of what is declared.
        resources: how many are declared and live.
        people: how many administrators are declared.
    """

    digest: str
    resources: int
    people: int


def _new_spool() -> Spool:
    return Spool(cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=1 << 20)))


class _Fleet:
    """Adds organization to organization, by name; what it keeps of each is a line, the rest goes into a spool."""

    def __init__(
        self,
        request: Request,
        reader: StateReader,
        *,
        heads: Mapping[str, StoredHead],
        judge: Judge,
        partners: Partners,
        present: Present,
        attribution: Attribution | None,
        former: Mapping[str, str],
    ) -> None:
        self._request = request
        self._reader = reader
        self._judge = judge
        self._partners = partners
        self._now = present.now
        self._shown = present.shown
        self._heads = heads
        self._former = former
        self._recorded = under_new_names(reader, former)
        self._new_names = {was: name for name, was in former.items()}
        self._left_behind: list[str] = []
        self._attribution = attribution
        # Read again by the report and by apply; the files have no name and go with the spools.
        self._spool = _new_spool()
        self._left_spool = _new_spool()
        self._hash = PlanHash()
        self._serials: dict[str, int] = {}
        self._changed: list[str] = []
        self._summary = Summary()
        self._valid_until: datetime | None = None
        self._refusals: list[Finding] = []
        self._lifted: list[Finding] = []
        self._removed = 0
        self._people = 0
        self._asked = False
        self._set_back: tuple[Finding, ...] = ()
        self._frozen: dict[Freeze, list[str]] = {}
        self._left: dict[str, tuple[FollowUp, ...]] = {}
        self._elevated: list[Elevated] = []
        self.found: list[Finding] = []
        self.refused: list[Finding] = []

    def hold(self, verdicts: Iterable[Verdict]) -> None:
        """Take in organizations that are known to be what they are to become: in most runs all of them."""
        resources = 0
        for verdict in verdicts:
            head = self._heads[verdict.organization]
            self._serials[head.name] = head.serial
            self._people += verdict.people
            resources += verdict.resources
            if head.next_end is not None:
                self._look_for_elevated(head)
        self._summary += Summary(no_op=resources)

    def weigh(self, manifests: Manifests, declared: Organization) -> Weight:
        """Return what there is to know of an organization that is already what it is to become."""
        lifetime = self._request.catalog.request_lifetime
        return Weight(
            digest=manifests.digest(declared.name),
            resources=count_declared(declared, self._now, request_lifetime=lifetime),
            people=len(declared.administrators or {}),
        )

    def take(self, judgement: Judgement[Weight], manifests: Manifests, found: Found | None) -> None:
        """Plan one declared organization, and add to *found* what is worth remembering."""
        weight, head = judgement.noted, self._heads.get(judgement.name)
        settled = head is not None and self._is_settled(head, weight.digest)
        if head is not None and settled:
            self._settle(head, weight)
            if found is None:
                return
        declared = judgement.organization or manifests.load(judgement.name)
        if settled:
            planned = Planned(after=declared, digest=weight.digest, resources=weight.resources)
        else:
            planned = self._planned(declared, weight.resources, manifests)
        if found is not None:
            found.add(declared, planned, manifests, judgement)

    def _settle(self, head: StoredHead, weight: Weight) -> None:
        self._serials[head.name] = head.serial
        self._people += weight.people
        self._summary += Summary(no_op=weight.resources)
        self._look_for_elevated(head)

    def _planned(self, declared: Organization, resources: int, manifests: Manifests) -> Planned:
        stored = stored_under(self._reader, declared.name, self._former)
        after, forbidden = resolve(declared, stored.organization, self._now, request_lifetime=self._request.catalog.request_lifetime)
        after = replace(after, former_name=self._former.get(declared.name))
        if self._former and refers_to(after, self._new_names):
            self._left_behind.append(after.name)
        self.found.extend(forbidden)
        self.found.extend(self._undeclared(declared, stored.organization))
        made = self._plan(declared.name, stored, after, declared=resources)
        planned = Planned(after=after, digest=None if made.changes else stored.digest, resources=resources)
        if self._attribution is not None and made.changes:
            made, after = self._caused(made, self._attribution, stored=stored, after=after, declared=declared, manifests=manifests)
        self._add(self._explained(made, stored.organization, after, manifests) if made.changes else made, stored, after)
        return planned

    def _caused(
        self, whole: Plan, attribution: Attribution, *, stored: Stored, after: Organization, declared: Organization, manifests: Manifests
    ) -> tuple[Plan, Organization]:
        """Return the plan of what the branch causes, made as if nothing else were declared, and what the organization becomes by it."""
        caused, left = attribution.divide(whole.changes, declared)
        if not left:
            return whole, after
        before, lifetime = stored.organization, self._request.catalog.request_lifetime
        self._left_spool.append(plan_bytes(self._placed(replace(whole, changes=left, digest="", timeline=()), before, manifests)))
        part = perform_all(before, caused, self._now, request_lifetime=lifetime) or Organization(name=whole.organization)
        made = replace(self._plan(whole.organization, stored, part), unchanged=whole.unchanged)
        renamed_before = whole.former is not None and part.former_name is None
        reason = None
        if made.changes:
            reason = "the organization is not renamed yet" if renamed_before else self._needed(made.changes, left, before, part)
        if reason is not None:
            self.refused.append(attribution.refusal(whole.organization, reason))
        return made, part

    def _needed(self, caused: Sequence[Change], left: Sequence[Change], before: Organization | None, part: Organization) -> str | None:
        """Return why *caused* cannot be without *left*; None when it can: what *part* is then breaks no rule that was kept before."""
        from reconciler.applying import new_errors  # noqa: PLC0415 - most plans leave nothing out

        errors = new_errors(caused, before, part, self._judge.errors)
        return unrecorded(before, left) or (errors[0].message if errors else None)

    def _look_for_elevated(self, head: StoredHead) -> None:
        # A running grant ends within its longest life: where nothing does, nobody is elevated, and nothing has to be read.
        if head.next_end is not None and head.next_end - self._now <= self._request.catalog.elevation_lifetime:
            self._add_elevated(self._reader.read(head.name))

    def _explained(self, made: Plan, before: Organization | None, after: Organization, manifests: Manifests) -> Plan:
        """Judge the changes, and say where each is declared, what it means, and since when things are as they are."""
        from reconciler.planning.effects import access_changes  # noqa: PLC0415 - access is compared only where something changes

        before = before if before is None else with_references(before, self._new_names)
        verdict = self._judge.verdict(before, after, self._now)
        self.found.extend(verdict.findings)
        self.refused.extend(verdict.refusals)
        effects = access_changes(
            before,
            after,
            partner_of=self._partners.find,
            now=self._now,
            catalog=self._request.catalog,
            created=self._request.full_access,
        )
        return self._placed(replace(made, steps=verdict.steps, access=tuple(effects)), before, manifests)

    def _placed(self, made: Plan, before: Organization | None, manifests: Manifests) -> Plan:
        """Say where each change is declared, and since when things are as they are."""
        addresses = [change.address for change in made.changes]
        stored_at = {change.address: _stored_address(change) for change in made.changes if change.before is not None}
        known = {} if before is None else recorded(self._recorded, made.organization, stored_at.values())
        made = replace(made, since={address: known[stored] for address, stored in stored_at.items() if stored in known})
        return with_ranges(made, manifests.ranges(made.organization, addresses))

    def _undeclared(self, declared: Organization, stored: Organization | None) -> Iterator[Finding]:
        """Name what a run of grants alone leaves running without a declaration."""
        if declared.settings is not None or stored is None:
            return
        for name in sorted(stored.grants.keys() - declared.grants.keys()):
            end = grant_end(stored.grants[name], request_lifetime=self._request.catalog.request_lifetime)
            if self._now < end:
                yield Finding(
                    rule="grant-not-declared",
                    severity=Severity.INFO,
                    message=f"grant {name} is declared by none of these manifests and goes on until {format_instant(end)}",
                    detail="only a run that is given the organization's manifest takes an omission for an end",
                    address=grant_address(declared.name, name),
                )

    def prune(self, name: str) -> None:
        """Plan to forget an organization.

        Raises:
            ManifestError: nothing of that name is stored.
        """
        stored = self._reader.read(name)
        if stored.organization is None or stored.organization.settings is None:
            raise ManifestError(f"--prune {name}: no such organization is stored", hint="reconciler show")
        self._add(self._plan(name, stored, None), stored, None)

    def _is_settled(self, head: StoredHead, declared: str) -> bool:
        """Digest first: equal bytes are no change, unless something has ended since they were stored."""
        if head.next_end is not None and head.next_end <= self._now:
            return False
        return head.digest == declared

    def _plan(self, name: str, stored: Stored, after: Organization | None, *, declared: int = 0) -> Plan:
        return plan_organization(
            name,
            stored,
            after,
            lineage=self._reader.lineage,
            now=self._now,
            catalog=self._request.catalog,
            acknowledged=self._request.acknowledged,
            limit=self._request.policy.organization_limit,
            declared=declared,
        )

    def _add(self, made: Plan, stored: Stored, after: Organization | None) -> None:
        self._serials[made.organization] = made.serial
        if made.former is not None and made.former_serial is not None:
            self._serials[made.former], self._left[made.former] = made.former_serial, ()
        self._summary += summarize(made)
        self._people += live_people(stored.organization, self._now)
        self._add_elevated(stored)
        if not made.changes:
            return
        self._asked = self._asked or any(not change.expires for change in made.changes)
        self._refusals.extend(made.refusals)
        tolerance = self._request.catalog.clock_tolerance
        self._set_back = self._set_back or (*clock_set_back(made.changes, shown=self._shown, now=self._now, tolerance=tolerance),)
        if not any(refusal.rule == TOO_MANY_REMOVALS for refusal in made.refusals):
            self._lifted.extend(too_many(made.organization, made.removals, Acknowledgements(), self._request.policy.organization_limit))
        window = self._request.policy.freeze_of(sides(stored.organization, after), self._now)
        if window is not None:
            self._frozen.setdefault(window, []).extend(held_back(made.changes, window))
        self._removed += len(made.removals.people)
        self._valid_until = min(filter(None, (self._valid_until, made.valid_until)), default=None)
        if stored.follow_ups:
            self._left[made.organization] = left_by(made, stored.follow_ups)
        self._hash.add(made.organization, made.digest)
        self._changed.append(made.organization)
        self._spool.append(plan_bytes(made))

    def _add_elevated(self, stored: Stored) -> None:
        if stored.organization is not None:
            lifetime = self._request.catalog.request_lifetime
            self._elevated += elevated(stored.organization, self._now, request_lifetime=lifetime)

    def finish(self, findings: list[Finding], *, complete: bool) -> FleetPlan:
        """Return the plan of everything that was added."""
        findings = [*findings, *self._still_referring()]
        limit = self._request.policy.overall_limit
        overall = [*too_many_overall(self._removed, self._people, self._request.acknowledged, limit)]
        lifted = [] if overall else [*too_many_overall(self._removed, self._people, Acknowledgements(), limit)]
        demanded = required_actor(self._request, changes=self._asked)
        unchecked = self._judge.unchecked() if self._asked else []
        held = [*frozen(self._frozen)]
        refusals = (*self._refusals, *self.refused, *overall, *self._set_back, *held, *demanded)
        return FleetPlan(
            plan_hash=self._hash.text(),
            as_of=self._now,
            valid_until=self._valid_until,
            location=self._reader.location,
            lineage=self._reader.lineage,
            serials=self._serials,
            people=self._people,
            summary=self._summary,
            findings=with_stateless(
                [*findings, *unchecked, *overdue(self._heads.values(), self._now)], self._reader.lineage, self._reader.location
            ),
            refusals=refusals,
            complete=complete,
            target=self._request.target,
            actor=self._request.actor,
            former=self._former,
            changed=tuple(self._changed),
            plans=self._plans,
            base=None if self._attribution is None else self._attribution.base,
            left=lambda: map(plan_from_bytes, self._left_spool),
            open_steps=self._open_steps,
            elevated=tuple(sorted(self._elevated)),
            lifted=(*self._lifted, *lifted),
            in_part=0 < sum(map(len, self._frozen.values())) < self._summary.changes and len(refusals) == len(held),
        )

    def _still_referring(self) -> Iterator[Finding]:
        """Name the organizations that go on referring to one by its former name: those that this run does not change."""
        names = [] if not self._former else [head.name for head in self._heads.values() if head.digest is not None]
        others = (self._reader.read(name).organization for name in names if name not in self._serials)
        self._left_behind += [other.name for other in others if other is not None and refers_to(other, self._new_names)]
        if self._left_behind:
            renamed = ", ".join(f"{was} to {name}" for was, name in sorted(self._new_names.items()))
            yield Finding(
                rule=FORMER_NAME_REFERRED_TO,
                severity=Severity.WARNING,
                message=f"this run renames {renamed}, and other organizations still refer to the former name",
                detail=f"stored: {listing(sorted(self._left_behind))}; until they are planned with the new name, nothing is known there "
                "of the organization that is meant",
                hint="declare them with the new name in the same run",
            )

    def _plans(self) -> Iterator[Plan]:
        return map(plan_from_bytes, self._spool)

    def _open_steps(self) -> Iterator[FollowUp]:
        for name in sorted(self._serials):
            head = self._heads.get(name)
            yield from self._left.get(name, head.follow_ups if head else ())


def load_plan(text: str, file: str | None = None) -> FleetPlan:
    """Return the saved plan in *text*, read from *file*; it is shown whatever has happened since.

    Raises:
        UnreadablePlanError, TamperedPlanError: it is no plan, or not as it was saved.
    """
    return read_plan(text, file)


def show_plan(made: FleetPlan, reader: StateReader, now: datetime) -> FleetPlan:
    """Return a saved plan with a warning for everything that has happened since and would make apply refuse it."""
    found = [*_applied(made, reader)] or [*_left_behind(made, reader), *_over(made, now)]
    said = (*without_overdue(made.findings), *overdue(reader.heads(), now))
    return replace(made, location=reader.location, findings=(*found, *said))


def _applied(made: FleetPlan, reader: StateReader) -> Iterator[Finding]:
    from reconciler.applying import earlier_run  # noqa: PLC0415 - a fresh plan was applied by nobody

    try:
        run = earlier_run(made.plan_hash, made.plans(), reader)
    except StalePlanError as error:
        yield _stale(error.message)
        return
    if run is not None:
        yield Finding(
            rule="stale-plan", severity=Severity.INFO, message=f"this plan was applied by run {run}; applying it again does nothing"
        )


def _left_behind(made: FleetPlan, reader: StateReader) -> Iterator[Finding]:
    if made.lineage is not None and made.lineage != reader.lineage:
        yield _stale(f"Saved plan does not match the given state at {reader.location}")
        return
    heads = {head.name: head.serial for head in reader.heads()}
    moved = [
        section.organization
        for section in made.plans()
        if heads.get(section.organization, 0) != section.serial
        or (section.former is not None and heads.get(section.former, 0) != section.former_serial)
    ]
    if moved:
        more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
        yield _stale(f"Saved plan is stale: {moved[0]}{more} changed since it was made")


def _over(made: FleetPlan, now: datetime) -> Iterator[Finding]:
    if made.valid_until is not None and now >= made.valid_until:
        yield _stale(f"Saved plan was valid until {format_instant(made.valid_until)}")


def _stale(message: str) -> Finding:
    return Finding(rule="stale-plan", severity=Severity.WARNING, message=message, detail="apply would refuse it", hint=PLAN_AGAIN)


def drift(request: Request, reader: StateReader, now: datetime) -> Drift:
    """Return where the stored state differs from what the manifests declare.

    An end that has come by itself and is not recorded yet is expected, never drift.

    Raises:
        ManifestError, MissingStateError: as for `plan`.
    """
    made = plan(request, reader, now)
    changes = [change for section in made.plans() for change in section.changes]
    # As stored: what the changes would close or replace is open until they are applied.
    open_steps = (follow_up for head in reader.heads() if head.name in made.serials for follow_up in head.follow_ups)
    return Drift(
        as_of=now,
        location=made.location,
        lineage=made.lineage,
        organizations=len(made.serials) - len(made.former),
        unapplied=tuple(sorted(map(_difference, (change for change in changes if not change.expires)), key=lambda it: it.address)),
        expected=tuple(sorted(map(_difference, (change for change in changes if change.expires)), key=lambda it: it.address)),
        complete=made.complete,
        open_steps=tuple(open_steps),
        # What a plan notes about the changes it would make says nothing about a difference.
        findings=tuple(finding for finding in made.findings if finding.rule not in _ABOUT_CHANGES),
    )


def _difference(change: Change) -> Difference:
    return Difference(
        address=change.address, action=change.action, reason=change.reason, fields=tuple(field.path for field in change.fields)
    )
