"""What each use case answers: the values that `pipeline` returns and `reports` prints. They hold facts, no wording."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.model.changes import Action, Change, Elevated, FollowUp, Outcome, Plan, Reason, Summary
from reconciler.model.documents import Document
from reconciler.model.findings import Finding
from reconciler.model.journal import Entry
from reconciler.model.protocols import LockInfo, Store, StoredHead
from reconciler.model.resources import Grant, GrantStatus, Organization

if TYPE_CHECKING:  # they take a while to make, and only `rules` and `explain` have any
    from reconciler.model.rulebook import Example, RuleFacts, Statement


def _nothing_to_remember(_store: Store) -> bool:
    return False


def _nothing_open() -> Iterator[FollowUp]:
    return iter(())


def _nothing_left() -> Iterator[Plan]:
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The answer of `validate`. `findings` are in file order; `files`, `organizations` and `grants` count what was read.

    Attributes:
        valid: no error concerns what was asked about.
    """

    findings: tuple[Finding, ...]
    valid: bool
    files: int
    organizations: int
    grants: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the manifests are compared with, to tell what a branch changes.

    Attributes:
        given: the revision or the directory, as it was named.
        commit: the commit that a revision came to; None for a directory.
    """

    given: str
    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """The plan of everything in scope: what holds for the whole, and a way to the plans of the organizations.

    Attributes:
        plan_hash: `sha256:…` over the lines `NAME DIGEST` of the organizations with changes, by name.
        as_of: the instant the plan was made for, UTC.
        valid_until: the earliest of the organizations' own; None when nothing of a changed organization starts or ends.
        location: URL of the state, password masked.
        lineage: None before the first apply.
        serials: every organization in scope, changed or not, and the former names of those that are renamed.
        former: of each organization that is renamed, the name under which it is stored.
        people: how many people the state holds for the organizations in scope.
        findings: everything to report, in file order, the organizations' own included.
        refusals: every reason why apply would refuse, the organizations' own included.
        elevated: who is let in by a stored grant at that instant, in the organizations in scope, whether or not they have changes; by
            organization and end.
        lifted: refusals that `--allow-removals` lifted for this one run; a saved plan holds them like all others.
        file: of a saved plan, None for one that was just made.
        remember: keeps in a store what was found out on the way, for the next plan, and tells whether anything was kept.
        in_part: nothing but a freeze stands against it, and not against all of it: apply makes the rest.
        given_up: changes that were approved and are not made, with the reason.
        complete: False when `--org` or `-l` left declared organizations out.
        target: the target's name.
        actor: who answers for the changes, None when nobody was named.
        changed: the names of the organizations that have changes, sorted.
        plans: yields, by name, the plans of the organizations that have changes; every call starts anew.
        base: the plan holds only what changed since then; None when it holds everything.
        left: yields, by name, what it leaves out for that: changes that were due before, and ends that come by themselves. They are sealed
            by nothing and are never performed with this plan; every call starts anew.
        open_steps: yields what earlier runs left open in the organizations in scope, by organization and address, and stays open when
            the plan is performed; what the plan itself leaves to people stands in `Plan.steps`. Every call starts anew.
    """

    plan_hash: str
    as_of: datetime
    valid_until: datetime | None
    location: str
    lineage: str | None
    serials: Mapping[str, int]
    people: int
    summary: Summary
    findings: tuple[Finding, ...]
    refusals: tuple[Finding, ...]
    complete: bool
    target: str
    changed: tuple[str, ...]
    plans: Callable[[], Iterator[Plan]]
    base: Base | None = None
    left: Callable[[], Iterator[Plan]] = _nothing_left
    open_steps: Callable[[], Iterator[FollowUp]] = _nothing_open
    elevated: tuple[Elevated, ...] = ()
    lifted: tuple[Finding, ...] = ()
    actor: str | None = None
    file: str | None = None
    former: Mapping[str, str] = field(default_factory=dict)
    in_part: bool = False
    given_up: tuple[tuple[Change, str], ...] = ()
    remember: Callable[[Store], bool] = _nothing_to_remember


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the changes of a run, disjoint."""

    create: int = 0
    update: int = 0
    delete: int = 0
    expire: int = 0
    manual: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The answer of `apply` and of every other command that changes something.

    Attributes:
        operation: `apply`, `sweep`, `forget`.
        plan_hash: of the plan that was performed.
        run: the run's id; for a plan that had been applied before, the id of that earlier run. None when nothing was to be done.
        repeated: the plan had been applied in full before, and nothing was done now.
        outcomes: by organization, in the order of performing; every call starts anew.
        open_steps: yields the follow-ups that this run opened, by organization; every call starts anew.
        failures: what stopped whole organizations, as findings.
        interrupted: the signal that ended the run early, None otherwise.
        largest_lateness: in seconds, of the ends that were recorded; None without any.
    """

    operation: str
    plan_hash: str
    run: str | None
    repeated: bool
    target: str
    location: str
    counts: Counts
    outcomes: Callable[[], Iterator[Outcome]]
    open_steps: Callable[[], Iterator[FollowUp]] = _nothing_open
    failures: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
    interrupted: int | None = None
    largest_lateness: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did, and what stands after it.

    Attributes:
        at: when it was through, UTC.
        failed: how many ends were due and are not recorded; an organization of which nothing could be read counts as one.
        only_locked: whether nothing but locks of other runs was in the way of those.
        overdue: how many organizations still have an end that is due, and since when the first of them has; None when unknown.
        next_end: the first end that is still to come; None when there is none, or when the state could not be asked.
    """

    application: Application
    at: datetime
    failed: int
    only_locked: bool
    overdue: tuple[int, datetime | None] | None
    next_end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One resource that differs between two sides. `fields` names those that differ, before = stored, after = declared."""

    address: str
    action: Action
    reason: Reason
    fields: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The answer of `drift`. `unapplied` and `expected` are in the order of their addresses.

    Attributes:
        unapplied: declared versus stored; the declared side moved, or the stored one was written from other manifests.
        expected: ends that have come by themselves and are not recorded yet.
        open_steps: what people have not attested yet in the compared organizations, by organization and address; no drift.
        complete: False when `--org` or `-l` left declared organizations out.
    """

    as_of: datetime
    location: str
    lineage: str | None
    organizations: int
    unapplied: tuple[Difference, ...]
    expected: tuple[Difference, ...]
    complete: bool
    findings: tuple[Finding, ...] = ()
    open_steps: tuple[FollowUp, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOf:
    """The answer of `show ORG`: one organization as stored. `now` decides which grants are live."""

    location: str
    lineage: str
    serial: int
    organization: Organization
    now: datetime
    follow_ups: tuple[FollowUp, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrganization:
    """One line of the list of stored organizations; `administrators` is None where they were never recorded."""

    head: StoredHead
    type: str | None
    display_name: str | None
    administrators: int | None
    grants: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Organizations:
    """The answer of `show`: all stored organizations by name. `lineage` is None when there is no stored state."""

    location: str
    lineage: str | None
    organizations: Callable[[], Iterator[StoredOrganization]]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The answer of `history`. Entries by organization and `seq`; `head` is the hash over all chains, or of the one chain asked for."""

    location: str
    lineage: str | None
    organization: str | None
    entries: Callable[[], Iterator[Entry]]
    head: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that `verify` found wrong; `seq` is the entry's place in the chain, None when it is about no entry."""

    organization: str | None
    seq: int | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer of `verify`: what was checked and what is wrong. `locks` are those held at the moment."""

    location: str
    lineage: str | None
    organizations: int
    entries: int
    head: str | None
    problems: tuple[Problem, ...]
    locks: tuple[LockInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOf:
    """The answer of `access ORG PERSON`: the document of one access. `at` is UTC."""

    location: str
    lineage: str | None
    at: datetime
    access: Document
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessIn:
    """What one organization adds to a list of accesses.

    Attributes:
        accesses: documents, by identity key of the person; read once.
        unrecorded: organizations whose administrators are not known, though they would count.
    """

    organization: str
    accesses: Iterator[Document]
    unrecorded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accesses:
    """The answer of `access ORG` and of `access PERSON`; the other one of the two names is None.

    Attributes:
        found: yields, by name, what every organization adds; every call starts anew, and one is done before the next begins.
    """

    location: str
    lineage: str | None
    at: datetime
    organization: str | None
    person: str | None
    found: Callable[[], Iterator[AccessIn]]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldersIn:
    """What one organization adds to a list of holders: documents, those whose access is not known apart; `unrecorded` as above."""

    organization: str
    holders: tuple[Document, ...]
    unknown: tuple[Document, ...]
    unrecorded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionHolders:
    """The answer of `who-can`.

    Attributes:
        label: of the permission, as the articles print it.
        see_also: permissions about the same thing under another name, with their labels.
        found: yields, by name, what every organization adds; every call starts anew.
    """

    location: str
    lineage: str | None
    at: datetime
    permission: str
    label: str
    see_also: Mapping[str, str]
    found: Callable[[], Iterator[HoldersIn]]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The answer of `rules`: every rule, by kind, in the order in which they are listed."""

    rules: tuple["RuleFacts", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOf:
    """The answer of `explain` for a rule; an example is None where there is none."""

    rule: "RuleFacts"
    good: "Example | None"
    bad: "Example | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOf:
    """The answer of `explain` for a statement or a decision: the rules that keep it, and the decisions about it."""

    statement: "Statement"
    rules: tuple["RuleFacts", ...]
    decisions: tuple["Statement", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """The answer of `attest`.

    Attributes:
        run: the run's id.
        at: when it was recorded, UTC.
        actor: who answers for it, None when nobody was named.
        attested: what was closed, by organization and address.
        left: how many follow-ups are still open, by the name of each organization concerned.
    """

    run: str
    at: datetime
    actor: str | None
    note: str
    attested: tuple[FollowUp, ...]
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStep:
    """The answer of the commands that write the file of a grant.

    Attributes:
        operation: `request`, `approve`, `deny`, `revoke`.
        grant: as the file declares it now; nothing of it is in effect before an apply.
        at: when the step was taken, UTC.
        platform_end: when Webex itself ends the access, where an approval says an earlier end.
    """

    operation: str
    file: str
    grant: Grant
    at: datetime
    platform_end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGrant:
    """One stored grant at an instant. `end` is when it gives nothing any more; `recorded` tells whether that has come and is stored."""

    grant: Grant
    status: GrantStatus
    end: datetime
    recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEnd:
    """An administrator whose access has an end; it may have come, and not be recorded yet."""

    organization: str
    person: str
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The answer of `grant list`.

    Attributes:
        ending: what goes on longer is left out; None when nothing is.
        grants: the living first, by their end; then what is over, the latest first.
        administrators: by their end.
    """

    at: datetime
    location: str
    lineage: str | None
    ending: timedelta | None
    grants: tuple[ListedGrant, ...]
    administrators: tuple[ListedEnd, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """The answer of `unlock`."""

    lock: LockInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """The answer of `state copy`: what stands at *target* now, as it was read back there.

    Attributes:
        source, target: URLs, with any password masked.
    """

    source: str
    target: str
    lineage: str | None
    organizations: int
    entries: int
    head: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """The answer of `state migrate`: versions of the layout; `before` is None of a state that was made."""

    location: str
    before: int | None
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaffold:
    """The answer of `init`: the folder and the files written, relative to it, sorted."""

    folder: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure that leaves a command without its own answer."""

    exit_code: int
    findings: tuple[Finding, ...]
    cancelled: bool = False
    locks: tuple[LockInfo, ...] = field(default=())


Result = (
    Validation
    | FleetPlan
    | Application
    | Drift
    | StateOf
    | Organizations
    | History
    | Verification
    | AccessOf
    | Accesses
    | PermissionHolders
    | Rules
    | RuleOf
    | StatementOf
    | Attestation
    | GrantStep
    | Grants
    | Unlocked
    | Copied
    | Migrated
    | Scaffold
    | Failure
)
