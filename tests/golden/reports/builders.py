"""Values for the tests of reports: one builder for each kind of result, calm or hostile."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from reconciler import catalog
from reconciler.access import access_document, effective, everybody, holder_document, who_can
from reconciler.model.changes import (
    Action,
    Change,
    Elevated,
    FieldChange,
    FollowUp,
    ManualStep,
    Moment,
    Outcome,
    Plan,
    Reason,
    Risk,
    Status,
    Summary,
)
from reconciler.model.documents import Document, administrator_document, digest_of, grant_document, settings_document
from reconciler.model.findings import Finding, Position, Range, Severity, Waived
from reconciler.model.identifiers import administrator_address, grant_address, organization_address
from reconciler.model.journal import GENESIS, Entry, EntryKind, Record
from reconciler.model.protocols import Holder, LockInfo, StoredHead
from reconciler.model.resources import (
    Administrator,
    EndReason,
    Grant,
    GrantEnd,
    Home,
    Organization,
    OrganizationType,
    RestrictedMode,
    Settings,
    SiteAssignment,
)
from reconciler.model.results import (
    Accesses,
    AccessIn,
    AccessOf,
    Application,
    Attestation,
    Base,
    Copied,
    Counts,
    Difference,
    Drift,
    Failure,
    FleetPlan,
    History,
    HoldersIn,
    Migrated,
    Organizations,
    PermissionHolders,
    Problem,
    Result,
    Scaffold,
    StateOf,
    StoredOrganization,
    Unlocked,
    Validation,
    Verification,
)
from reconciler.planning.diff import diff
from reconciler.planning.effects import access_changes
from reconciler.planning.order import in_order
from reconciler.reports.stateless import with_stateless
from tests.golden.reports import elevations, rulebook

T = TypeVar("T")

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOCATION = "sqlite:///.reconciler/state.db"
LINEAGE = "5f0f3f9e-6c1d-4a1c-9d0e-1f2a3b4c5d6e"
RUN = "20261120T093000Z-7f3a9c"
PLAN_HASH = "sha256:" + "ab" * 32
FILE = "orgs/acme-health.yaml"
ALICE = "alice@acme.example"

NEW_LINE = "line\n::stop-commands::x"
ESCAPE = "clear\x1b[2Jscreen"
OVERRIDE = "abc\u202etxt.exe"
OLD_COMMAND = "##[error]gotcha"
WIDE = "株式会社アクメ"
RIGHT_TO_LEFT = "חברה בע״מ"
HOSTILE = (NEW_LINE, ESCAPE, OVERRIDE, OLD_COMMAND, WIDE, RIGHT_TO_LEFT, "literal \\u{41}", "\ud800", "::error::x")


def again(*items: T) -> Callable[[], Iterator[T]]:
    return lambda: iter(items)


def at(line: int, column: int = 7, filename: str = FILE) -> Range:
    return Range(filename=filename, start=Position(line=line, column=column), end=Position(line=line, column=column + 10))


def an_administrator(email: str = "alice@acme.example", *roles: str, **fields: Any) -> Administrator:
    return Administrator(email=email, roles=frozenset(roles or ("full-administrator",)), **fields)


def a_grant(name: str = "inc-4711", **fields: Any) -> Grant:
    facts: dict[str, Any] = {
        "name": name,
        "organization": "acme-health",
        "agent_email": "tac@cisco.example",
        "agent_type": "cisco-tac",
        "reason": "SSO login broken after the IdP certificate changed",
        "ticket": "SR-4711",
        "requested_at": NOW - HOUR / 2,
        "approved_by": "alice@acme.example",
        "approved_at": NOW - HOUR / 3,
        "expires_at": NOW + HOUR * 2 / 3,
    }
    return Grant(**(facts | fields))


def settings(**fields: Any) -> Settings:
    facts: dict[str, Any] = {
        "type": OrganizationType.CUSTOMER,
        "display_name": "Acme Health",
        "managed_by": "northwind",
        "labels": {"tier": "gold", "region": "emea"},
        "restricted_mode": RestrictedMode(exempt=frozenset({"company-name"})),
        "cisco_read_only_access": True,
        "services": frozenset({"contact-center", "calling"}),
        "sites": {"acme.webex.com": "control-hub", "acme-old.webex.com": "site-administration"},
        "locations": frozenset({"Berlin", "Praha"}),
    }
    return Settings(**(facts | fields))


BOB = an_administrator(
    "bob@acme.example",
    "support-administrator",
    "advanced-troubleshooting-access",
    sites={"acme.webex.com": SiteAssignment(role="site-administrator", meeting_content_manager=True)},
)
EVE = an_administrator(
    "eve@contractor.example", "read-only-administrator", home=Home(type="business"), expires_at=datetime(2027, 3, 31, tzinfo=UTC)
)
NOC = an_administrator("noc@northwind.example", home=Home(organization="northwind"))


def a_change(address: str, action: Action, *, reason: Reason = Reason.DECLARED, before: Any = None, after: Any = None) -> Change:
    organization, type_, *rest = address.split("/", 2)
    return Change(
        address=address,
        organization=organization,
        type=type_,
        name=rest[0] if rest else organization,
        action=action,
        reason=reason,
        before=before,
        after=after,
    )


def added(person: Administrator, organization: str = "acme-health") -> Change:
    return a_change(administrator_address(organization, person.email), Action.CREATE, after=administrator_document(person))


def updated(change: Change, *fields: FieldChange) -> Change:
    return replace(change, action=Action.UPDATE, fields=fields)


def a_new_organization(name: str = "globex", display_name: str = WIDE) -> Plan:
    address = organization_address(name)
    people = [
        an_administrator(f"anna@{name}.example"),
        an_administrator(f"piotr@{name}.example", "location-administrator", locations=frozenset({"Praha"})),
    ]
    changes = (
        a_change(address, Action.CREATE, after=settings_document(settings(display_name=display_name))),
        *(added(person, name) for person in people),
    )
    file = f"orgs/{name}.yaml"
    ranges = {change.address: at(4 + 9 * index, filename=file) for index, change in enumerate(changes)}
    return Plan(organization=name, serial=0, digest="cd" * 32, as_of=NOW, changes=changes, ranges=ranges)


def a_changed_organization() -> Plan:
    ended = a_grant("inc-4700", approved_at=NOW - 2 * HOUR, expires_at=NOW - HOUR)
    carol = an_administrator("carol@acme.example", "device-administrator", name="Carol Svobodova")
    moved = an_administrator("carol@acme.example", "location-administrator", name="Carol Dvorak", locations=frozenset({"Berlin"}))
    dave = an_administrator("dave@acme.example", "full-administrator", "user-administrator")
    running = a_grant("inc-4699", approved_at=NOW - HOUR / 4)
    revoked = a_grant("inc-4699", approved_at=NOW - HOUR / 4, revoked_at=NOW - timedelta(minutes=1))
    changes = (
        a_change(grant_address("acme-health", "inc-4700"), Action.DELETE, reason=Reason.EXPIRED, before=grant_document(ended)),
        updated(
            a_change(
                grant_address("acme-health", "inc-4699"),
                Action.UPDATE,
                reason=Reason.REVOKED,
                before=grant_document(running),
                after=grant_document(revoked),
            ),
            FieldChange(path="revoked_at", before=None, after="2026-11-20T09:29:00Z"),
        ),
        replace(added(BOB), risk=Risk.HIGH),
        added(EVE),
        updated(
            a_change(
                administrator_address("acme-health", "carol@acme.example"),
                Action.UPDATE,
                before=administrator_document(carol),
                after=administrator_document(moved),
            ),
            FieldChange(path="locations", before=None, after=["Berlin"]),
            FieldChange(path="name", before="Carol Svobodova", after="Carol Dvorak"),
            FieldChange(path="roles", before=["device-administrator"], after=["location-administrator"]),
        ),
        a_change(grant_address("acme-health", "inc-4711"), Action.CREATE, after=grant_document(a_grant())),
        a_change(
            administrator_address("acme-health", "dave@acme.example"),
            Action.DELETE,
            reason=Reason.OMITTED,
            before=administrator_document(dave),
        ),
    )
    lines = (40, 12, 27, 36, 31, 52, 20)
    return Plan(
        organization="acme-health",
        serial=3,
        digest="ab" * 32,
        as_of=NOW,
        changes=changes,
        timeline=(
            Moment(at=NOW + HOUR * 2 / 3, address=grant_address("acme-health", "inc-4711"), event="ends"),
            Moment(at=datetime(2027, 3, 31, tzinfo=UTC), address=administrator_address("acme-health", EVE.email), event="ends"),
        ),
        valid_until=NOW + HOUR * 2 / 3,
        ranges={change.address: at(line) for change, line in zip(changes, lines, strict=True) if change.name != "inc-4700"},
        access=some_access(),
    )


def a_changed_partner() -> Plan:
    """Return the plan of a partner whose people gain and lose rights in customers."""
    everywhere = frozenset({"acme-health", "globex", "initech", "umbrella", "wonka"})
    after = people_of(
        "northwind",
        replace(PIA, customers=frozenset({"acme-health", "globex", "initech"})),
        an_administrator("ida@northwind.example", "partner-administrator", customers=everywhere),
        an_administrator("sam@northwind.example", "partner-administrator"),
    )
    after = replace(after, settings=NORTHWIND.settings)
    changes = tuple(in_order(diff(NORTHWIND, after, NOW)))
    access = tuple(access_changes(NORTHWIND, after, partner_of=lambda _: None, now=NOW, catalog=CATALOG))
    return Plan(organization="northwind", serial=7, digest="0f" * 32, as_of=NOW, changes=changes, access=access)


def some_access() -> tuple[Document, ...]:
    """Return a few changes of access, one of each kind that reads differently."""

    def cell(role: str, access: str, **more: str) -> Document:
        return {
            "kind": "cell",
            "access": access,
            "role": role,
            "matrix": "organization-roles",
            "evidence": "article",
            "sources": [],
            **more,
        }

    restriction = {"kind": "restriction", "access": "none", "settings": ["users-claim-users"]}
    rows: tuple[tuple[str, str, str, str, str, list[Document], list[Document]], ...] = (
        ("bob@acme.example", "troubleshooting", "none", "full", "gained", [cell("support-administrator", "full")], []),
        ("bob@acme.example", "users-and-licenses", "none", "conditional", "gained", [cell("x", "full"), restriction], []),
        ("dave@acme.example", "assign-roles", "full", "none", "lost", [], [cell("full-administrator", "full")]),
        ("dave@acme.example", "view-support-cases", "unknown", "none", "became-known", [], []),
        ("tac@cisco.example", "assign-roles", "none", "full", "gained", [cell("full-administrator", "full", grant="inc-4711")], []),
    )
    return tuple(
        {
            "organization": "acme-health",
            "person": person,
            "permission": permission,
            "before": before,
            "after": after,
            "direction": direction,
            "because": because,
            "no_longer": gone,
        }
        for person, permission, before, after, direction, because, gone in rows
    )


def a_step(address: str, summary: str, rule: str = "sign-in-once", **fields: Any) -> ManualStep:
    facts: dict[str, Any] = {"detail": "an invitation that is not accepted gives nothing", "follow_up": True}
    return ManualStep(rule=rule, address=address, summary=summary, **(facts | fields))


def a_follow_up(address: str, summary: str, rule: str = "sign-in-once", since: datetime = NOW - 24 * HOUR) -> FollowUp:
    return FollowUp(address=address, rule=rule, summary=summary, since=since)


SIGN_IN = "must sign in to Control Hub once; the roles count from then on"
STEPS = (
    a_step(administrator_address("acme-health", EVE.email), "must exist in Webex first", "invite-first", follow_up=False, detail=""),
    a_step(administrator_address("acme-health", BOB.email), SIGN_IN),
    a_step(
        organization_address("acme-health"),
        "remove what dave@acme.example still holds on acme-old.webex.com, in Site Administration, because that site is not managed in "
        "Control Hub",
        "site-by-hand",
    ),
)
OPEN = (
    *(a_follow_up(administrator_address("acme-health", f"p{number:02}@acme.example"), SIGN_IN) for number in range(12)),
    a_follow_up(organization_address("globex"), "confirm the support case", "support-case", NOW - 48 * HOUR),
)
HOSTILE_STEPS = tuple(a_step(f"acme-health/administrator/{text}", text, text, detail=text) for text in HOSTILE)
HOSTILE_OPEN = tuple(a_follow_up(f"acme-health/administrator/{text}", text, text) for text in HOSTILE)


def a_fleet_plan(*plans: Plan, **fields: Any) -> FleetPlan:
    summary = {"create": 0, "update": 0, "delete": 0, "expire": 0}
    for change in (change for plan in plans for change in plan.changes):
        summary["expire" if change.expires else change.action.value] += 1
    facts: dict[str, Any] = {
        "plan_hash": PLAN_HASH,
        "as_of": NOW,
        "valid_until": min((plan.valid_until for plan in plans if plan.valid_until), default=None),
        "location": LOCATION,
        "lineage": LINEAGE,
        "serials": {plan.organization: plan.serial for plan in plans},
        "people": 12,
        "summary": Summary(**summary, no_op=40),
        "findings": (),
        "refusals": (),
        "complete": True,
        "target": "none",
        "changed": tuple(plan.organization for plan in plans),
        "plans": again(*plans),
    }
    return FleetPlan(**(facts | fields))


def a_finding(message: str = "a readable message", **fields: Any) -> Finding:
    facts: dict[str, Any] = {"rule": "some-rule", "severity": Severity.ERROR, "message": message}
    return Finding(**(facts | fields))


EXCLUSIVE = a_finding(
    "carol@acme.example holds device-administrator beside location-administrator",
    rule="location-administrator-exclusive",
    detail="a location administrator holds no other role in the organization; of device-administrator, location-administrator only "
    "one can stay, and what the other one gave is then gone",
    hint="remove one of the two roles",
    address="acme-health/administrator/carol@acme.example",
    pointer="/spec/administrators/2/roles",
    path=("spec", "administrators", "carol@acme.example", "roles"),
    range=at(31, 14),
)
FEW = a_finding(
    "only 1 full administrator would be left",
    rule="few-full-administrators",
    severity=Severity.WARNING,
    address="acme-health/organization",
    range=at(4, 3),
)
UNCHECKED = a_finding(
    "rules about who may make a change were not checked",
    rule="actor-unknown",
    severity=Severity.INFO,
    hint="name the actor with --actor EMAIL",
)
TOO_MANY = a_finding(
    "6 of 15 people would lose their access in acme-health; the limit is 30 % and more than 5 people",
    rule="removal-limit",
    address="acme-health/organization",
    hint="if exactly these 6 are meant: --allow-removals acme-health=6",
)
HOSTILE_FINDINGS = tuple(
    a_finding(text, detail=f"{text} is not one of: {text}", hint=text, address=f"acme-health/administrator/{text}", range=at(1, 1, text))
    for text in HOSTILE
)


WAIVED = replace(
    FEW,
    severity=Severity.INFO,
    detail="two or more are recommended, so that one is always available",
    waived=Waived(
        severity=Severity.WARNING,
        reason="the second administrator starts on 2026-12-01 and is trained until then by the partner's own people, ticket OPS-7",
        expires=datetime(2026, 12, 15, tzinfo=UTC),
    ),
)
WAIVED_CHANGE = a_finding(
    "eve@contractor.example is demoted from full-administrator while other external full administrators stay",
    rule="external-demotion-in-part",
    severity=Severity.INFO,
    detail="external full administrators are demoted all together; noc@northwind.example would stay",
    hint="demote all of them in one change, or leave out of the list whoever is to go altogether",
    address="acme-health/administrator/eve@contractor.example",
    range=at(36),
    waived=Waived(severity=Severity.ERROR, reason="agreed with Webex support, SR-4712", expires=NOW + HOUR / 2),
)
UNUSED = a_finding(
    "the waiver of look-alike-address for acme-health covers nothing",
    rule="unused-waiver",
    severity=Severity.INFO,
    detail="until 2027-01-01T00:00:00Z: the address is spelled so",
    hint="take it out of policy.waivers",
    address="acme-health/organization",
    range=at(9, 13, "reconciler.yaml"),
)
HOSTILE_WAIVERS = tuple(
    replace(finding, severity=Severity.INFO, waived=Waived(severity=Severity.ERROR, reason=text, expires=NOW))
    for finding, text in zip(HOSTILE_FINDINGS, HOSTILE, strict=True)
)


def validations() -> dict[str, Result]:
    return {
        "valid": Validation(findings=(), valid=True, files=4, organizations=3, grants=1),
        "valid-warned": Validation(findings=(FEW, UNCHECKED), valid=True, files=1, organizations=1, grants=0),
        "invalid": Validation(findings=(EXCLUSIVE, FEW, UNCHECKED), valid=False, files=12, organizations=9, grants=2),
        "waived": Validation(findings=(WAIVED, UNUSED), valid=True, files=4, organizations=3, grants=1),
        "waived-invalid": Validation(findings=(EXCLUSIVE, FEW, WAIVED), valid=False, files=12, organizations=9, grants=2),
        "hostile": Validation(findings=HOSTILE_FINDINGS, valid=False, files=len(HOSTILE), organizations=1, grants=0),
        "hostile-waivers": Validation(findings=HOSTILE_WAIVERS, valid=True, files=1, organizations=1, grants=0),
    }


def a_hostile_plan() -> Plan:
    changes = [added(an_administrator(f"{text}@x.example", text, name=text)) for text in HOSTILE]
    changes.append(
        updated(
            a_change(administrator_address("acme-health", NEW_LINE), Action.UPDATE, before={"email": "a", "roles": []}, after={}),
            *(FieldChange(path=f'sites["{text}"].role', before=text, after={text: [text]}) for text in HOSTILE),
        )
    )
    ranges = {change.address: at(1, 1, NEW_LINE) for change in changes}
    return Plan(organization="::acme", serial=1, digest="ef" * 32, as_of=NOW, changes=tuple(changes), ranges=ranges)


def what_a_branch_leaves() -> list[Plan]:
    """Return more differences than a report names, and ends of both kinds."""
    many = [added(an_administrator(f"person.{number}@globex.example", "device-administrator"), "globex") for number in range(12)]
    person = administrator_address("acme-health", "leo@acme.example")
    roles = FieldChange(path="roles", before=["device-administrator"], after=["support-administrator"])
    update = updated(a_change(person, Action.UPDATE, before={"roles": roles.before}, after={"roles": roles.after}), roles)
    gone = administrator_document(an_administrator("mia@acme.example", "compliance-officer"))
    ended = administrator_document(an_administrator("ida@acme.example", expires_at=NOW - HOUR))
    changes = (
        a_change(administrator_address("acme-health", "ida@acme.example"), Action.DELETE, reason=Reason.EXPIRED, before=ended),
        update,
        a_change(administrator_address("acme-health", "mia@acme.example"), Action.DELETE, reason=Reason.OMITTED, before=gone),
    )
    return [
        Plan(organization="acme-health", serial=3, digest="", as_of=NOW, changes=changes, ranges={person: at(31)}),
        Plan(organization="globex", serial=0, digest="", as_of=NOW, changes=tuple(many)),
    ]


def plans() -> dict[str, Result]:
    known = a_changed_organization()
    return {
        "changes": a_fleet_plan(known, a_new_organization(), findings=(FEW, UNCHECKED)),
        "first": a_fleet_plan(a_new_organization(), lineage=None),
        "none": a_fleet_plan(serials={"acme-health": 3}),
        "waived": a_fleet_plan(known, findings=(WAIVED_CHANGE, WAIVED)),
        "steps": a_fleet_plan(
            replace(known, steps=STEPS),
            replace(a_new_organization(), steps=(a_step(administrator_address("globex", "anna@globex.example"), SIGN_IN),)),
            findings=(FEW,),
            open_steps=again(*OPEN),
        ),
        "elevated": a_fleet_plan(
            known,
            elevated=(
                Elevated(organization="acme-health", until=NOW + HOUR, person="tac@cisco.example", grant="inc-4711", approved_by=ALICE),
                Elevated(organization="globex", until=NOW + HOUR, person="tom@northwind.example", grant="inc-8", approved_by=None),
                Elevated(organization=NEW_LINE, until=NOW, person=ESCAPE, grant=OLD_COMMAND, approved_by=OVERRIDE),
            ),
        ),
        "open": a_fleet_plan(serials={"acme-health": 3}, open_steps=again(*OPEN[:2])),
        "partner": a_fleet_plan(a_changed_partner()),
        "base": a_fleet_plan(known, base=Base(given="origin/main", commit="3f2a9c1d" * 5), left=again(*what_a_branch_leaves())),
        "base-nothing": a_fleet_plan(serials={"acme-health": 3}, base=Base(given="../as it was", commit=None)),
        "base-hostile": a_fleet_plan(serials={"::acme": 1}, base=Base(given=ESCAPE + NEW_LINE, commit=None), left=again(a_hostile_plan())),
        "refused": a_fleet_plan(known, refusals=(TOO_MANY,), complete=False),
        "hostile": a_fleet_plan(
            replace(a_hostile_plan(), steps=HOSTILE_STEPS), findings=HOSTILE_FINDINGS[:2], open_steps=again(*HOSTILE_OPEN)
        ),
    }


def an_outcome(
    address: str, action: Action, status: Status = Status.DONE, *, reason: Reason = Reason.DECLARED, detail: str = ""
) -> Outcome:
    return Outcome(address=address, action=action, reason=reason, status=status, at=NOW, detail=detail)


def an_application(*outcomes: Outcome, **fields: Any) -> Application:
    facts: dict[str, Any] = {
        "operation": "apply",
        "plan_hash": PLAN_HASH,
        "run": RUN,
        "repeated": False,
        "target": "none",
        "location": LOCATION,
        "counts": Counts(),
        "outcomes": again(*outcomes),
    }
    return Application(**(facts | fields))


def applications() -> dict[str, Result]:
    done = (
        an_outcome("acme-health/elevation-grant/inc-4700", Action.DELETE, reason=Reason.EXPIRED),
        an_outcome("acme-health/administrator/bob@acme.example", Action.CREATE),
        an_outcome("acme-health/administrator/carol@acme.example", Action.UPDATE),
        an_outcome("acme-health/administrator/dave@acme.example", Action.DELETE, reason=Reason.OMITTED),
        an_outcome("globex/organization", Action.CREATE),
    )
    partly = (
        *done[:2],
        an_outcome(
            "globex/administrator/anna@globex.example",
            Action.CREATE,
            Status.FAILED,
            detail="the target answered 409: user exists elsewhere",
        ),
        an_outcome("globex/administrator/piotr@globex.example", Action.UPDATE, Status.SKIPPED, detail="an earlier change of globex failed"),
        an_outcome("initech/administrator/li@initech.example", Action.CREATE, Status.MANUAL, detail="create the user in Control Hub first"),
    )
    stopped = a_finding("globex: the state was changed by another run meanwhile", rule="stale-serial", address="globex/organization")
    hostile = (an_outcome(f"acme-health/administrator/{text}", Action.CREATE, Status.FAILED, detail=text) for text in HOSTILE)
    return {
        "done": an_application(*done, counts=Counts(create=2, update=1, delete=1, expire=1)),
        "partly": an_application(
            *partly, counts=Counts(create=1, expire=1, failed=1, skipped=1, manual=1), target="webex", failures=(stopped,), findings=(FEW,)
        ),
        "left-open": an_application(*done, counts=Counts(create=2, update=1, delete=1, expire=1), open_steps=again(*OPEN[10:])),
        "repeated": an_application(repeated=True),
        "nothing": an_application(run=None),
        "interrupted": an_application(*done[:1], counts=Counts(expire=1), interrupted=15),
        "forgotten": an_application(
            an_outcome("acme-health/organization", Action.DELETE, reason=Reason.OMITTED), operation="forget", counts=Counts(delete=1)
        ),
        "hostile": an_application(*hostile, counts=Counts(failed=len(HOSTILE)), open_steps=again(*HOSTILE_OPEN)),
    }


def an_end(address: str, status: Status = Status.DONE, *, late: int, detail: str = "") -> Outcome:
    return replace(an_outcome(address, Action.DELETE, status, reason=Reason.EXPIRED, detail=detail), lateness_seconds=late)


def sweeps() -> dict[str, Result]:
    facts: dict[str, Any] = {"operation": "sweep"}
    done = (
        an_end("acme-health/administrator/frank@acme.example", late=37),
        an_end("acme-health/elevation-grant/inc-4700", late=0),
        an_end("globex/elevation-grant/inc-1", late=3 * 86400),
    )
    locked = "initech is locked by apply of ops@ci-7"
    held = an_end("initech/elevation-grant/inc-9", Status.FAILED, late=7500, detail=locked)
    failure = a_finding(f"initech: {locked}", rule="state-locked", address="initech/organization")
    hostile = (an_end(f"acme-health/administrator/{text}", Status.FAILED, late=60, detail=text) for text in HOSTILE)
    return {
        "done": an_application(*done, counts=Counts(expire=3), largest_lateness=3 * 86400, **facts),
        "partly": an_application(*done, held, counts=Counts(expire=3, failed=1), largest_lateness=3 * 86400, failures=(failure,), **facts),
        "nothing": an_application(run=None, **facts),
        "stateless": an_application(run=None, findings=with_stateless((), None, LOCATION), **facts),
        "interrupted": an_application(*done[:1], counts=Counts(expire=1), largest_lateness=37, interrupted=15, **facts),
        "hostile": an_application(*hostile, counts=Counts(failed=len(HOSTILE)), **facts),
    }


def drifts() -> dict[str, Result]:
    facts: dict[str, Any] = {"as_of": NOW, "location": LOCATION, "lineage": LINEAGE, "organizations": 3, "complete": True}
    unapplied = (
        Difference(address="acme-health/administrator/alice@acme.example", action=Action.CREATE, reason=Reason.DECLARED),
        Difference(
            address="acme-health/administrator/bob@acme.example",
            action=Action.UPDATE,
            reason=Reason.DECLARED,
            fields=("locations", "roles"),
            detail="the declared side moved after run 7f3a9c",
        ),
        Difference(address="globex/elevation-grant/inc-1", action=Action.DELETE, reason=Reason.OMITTED),
    )
    expected = (Difference(address="acme-health/elevation-grant/inc-4700", action=Action.DELETE, reason=Reason.EXPIRED),)
    hostile = tuple(
        Difference(address=f"acme-health/administrator/{text}", action=Action.UPDATE, reason=Reason.DECLARED, fields=(text,), detail=text)
        for text in HOSTILE
    )
    return {
        "differences": Drift(unapplied=unapplied, expected=expected, findings=(UNCHECKED,), **facts),
        "in-sync": Drift(unapplied=(), expected=expected, **facts),
        "open": Drift(unapplied=(), expected=(), open_steps=OPEN, **facts),
        "stateless": Drift(unapplied=unapplied[:1], expected=(), **facts | {"lineage": None, "complete": False}),
        "hostile": Drift(unapplied=hostile, expected=(), open_steps=HOSTILE_OPEN, **facts),
    }


def an_organization(**fields: Any) -> Organization:
    gone = an_administrator("frank@acme.example", "device-administrator", expires_at=NOW - HOUR)
    people = (an_administrator(name="Alice Novak"), BOB, EVE, NOC, gone)
    grants = (
        a_grant(),
        a_grant(
            "inc-4700",
            requested_at=NOW - 2 * HOUR,
            approved_at=NOW - 2 * HOUR,
            expires_at=NOW - HOUR,
            ended=GrantEnd(reason=EndReason.EXPIRED, at=NOW - HOUR, recorded_at=NOW - HOUR / 2),
        ),
        a_grant("inc-4712", approved_by=None, approved_at=None, expires_at=None),
        a_grant("inc-4600", approved_by=None, approved_at=None, expires_at=None, denied_by="alice@acme.example", denied_at=NOW - HOUR / 3),
    )
    facts: dict[str, Any] = {
        "name": "acme-health",
        "settings": settings(),
        "administrators": {person.key: person for person in people},
        "grants": {grant.name: grant for grant in grants},
    }
    return Organization(**(facts | fields))


def states() -> dict[str, Result]:
    hostile = {f"p{index}": an_administrator(f"{text}@x.example", text, name=text) for index, text in enumerate(HOSTILE)}
    grants = {f"g{index}": a_grant(f"g{index}", agent_email=text, reason=text, ticket=text) for index, text in enumerate(HOSTILE)}
    strange = an_organization(
        settings=settings(display_name=OVERRIDE, labels={text: text for text in HOSTILE}, locations=frozenset(HOSTILE)),
        administrators=hostile,
        grants=grants,
    )
    facts: dict[str, Any] = {"location": LOCATION, "lineage": LINEAGE, "now": NOW}
    return {
        "organization": StateOf(serial=3, organization=an_organization(), follow_ups=OPEN[:2], **facts),
        "unknown": StateOf(serial=1, organization=Organization(name="acme-health"), **facts),
        "hostile": StateOf(serial=9, organization=strange, follow_ups=HOSTILE_OPEN, **facts),
    }


def a_stored(name: str, *, display_name: str | None = None, **fields: Any) -> StoredOrganization:
    facts: dict[str, Any] = {"serial": 3, "digest": "sha256:" + "12" * 32, "next_end": None}
    head = StoredHead(name=name, **(facts | fields))
    return StoredOrganization(head=head, type="customer", display_name=display_name, administrators=5, grants=2)


def fleets() -> dict[str, Result]:
    forgotten = StoredOrganization(
        head=StoredHead(name="initech", serial=17, digest=None, next_end=None), type=None, display_name=None, administrators=None, grants=0
    )
    acme = a_stored("acme-health", display_name="Acme Health", next_end=NOW + HOUR, follow_ups=OPEN[:12])
    known = (acme, a_stored("globex", display_name=WIDE), forgotten)
    hostile = tuple(a_stored(f"org-{index}", display_name=text) for index, text in enumerate(HOSTILE))
    return {
        "fleet": Organizations(location=LOCATION, lineage=LINEAGE, organizations=again(*known)),
        "stateless": Organizations(location=LOCATION, lineage=None, organizations=again()),
        "hostile": Organizations(location=LOCATION, lineage=LINEAGE, organizations=again(*hostile)),
    }


def an_entry(seq: int, *, organization: str = "acme-health", run: str = RUN, **fields: Any) -> Entry:
    facts: dict[str, Any] = {
        "run": run,
        "at": NOW,
        "kind": EntryKind.CHANGE,
        "operation": "apply",
        "operator": "ops@ci-7",
        "version": "0.1.0",
        "actor": "alice@acme.example",
        "plan_hash": PLAN_HASH,
    }
    record = Record(**(facts | fields))
    digest = digest_of(seq)
    previous = GENESIS if seq == 1 else f"{seq - 1:064x}"
    return Entry(organization=organization, seq=seq, record=record, serial=seq, digest=digest, previous=previous, hash=f"{seq:064x}")


def an_entry_of(seq: int, change: Change, **fields: Any) -> Entry:
    facts: dict[str, Any] = {
        "address": change.address,
        "action": change.action,
        "reason": change.reason,
        "before": change.before,
        "after": change.after,
    }
    return an_entry(seq, **(facts | fields))


def histories() -> dict[str, Result]:
    ended, revoked, bob, _, carol, _, dave = a_changed_organization().changes
    later: dict[str, Any] = {"run": "20261121T080000Z-0badf0", "at": NOW + 22 * HOUR, "actor": None}
    entries = (
        an_entry(1, kind=EntryKind.INTENT, detail="3 changes"),
        an_entry_of(2, ended),
        an_entry_of(3, bob),
        an_entry_of(4, carol),
        an_entry(5, kind=EntryKind.LOCK, operation="unlock", detail="took over the lock of ops@ci-6, process 4711, which is dead", **later),
        an_entry_of(6, revoked, **later),
        an_entry_of(7, dave, **later),
        an_entry(8, kind=EntryKind.FAILURE, address=bob.address, detail="the target answered 409", **later),
        an_entry(
            9,
            kind=EntryKind.ATTEST,
            operation="attest",
            run="20261122T080000Z-5e5e5e",
            at=NOW + 48 * HOUR,
            address=bob.address,
            detail="sign-in-once: signed in on Monday, says Bob",
            plan_hash=None,
        ),
        an_entry(1, organization="globex", kind=EntryKind.INTENT),
    )
    hostile = tuple(
        an_entry(
            index,
            run=text,
            actor=text,
            operator=text,
            detail=text,
            address=f"acme-health/administrator/{text}",
            action=Action.UPDATE,
            before={"name": "a"},
            after={"name": text, "sites": {text: {"role": text}}},
        )
        for index, text in enumerate(HOSTILE, start=1)
    )
    attested = (
        an_entry(seq, kind=EntryKind.ATTEST, operation="attest", address=f"acme-health/administrator/{text}", detail=f"{text}: {text}")
        for seq, text in enumerate(HOSTILE, start=len(hostile) + 1)
    )
    return {
        "runs": History(location=LOCATION, lineage=LINEAGE, organization=None, entries=again(*entries), head=PLAN_HASH),
        "stateless": History(location=LOCATION, lineage=None, organization=None, entries=again(), head=None),
        "hostile": History(
            location=LOCATION, lineage=LINEAGE, organization="acme-health", entries=again(*hostile, *attested), head="0" * 64
        ),
    }


def a_lock(identifier: str = "0f3b6c1e", operator: str = "ops@ci-7", organizations: Iterable[str] = ("acme-health", "globex")) -> LockInfo:
    holder = Holder(
        operator=operator, host="ci-7", machine="", pid=4711, process_started=1e9, operation="apply", version="0.1.0", since=NOW - HOUR / 60
    )
    return LockInfo(id=identifier, organizations=tuple(organizations), holder=holder)


def verifications() -> dict[str, Result]:
    facts: dict[str, Any] = {"location": LOCATION, "lineage": LINEAGE, "organizations": 2, "entries": 9, "head": PLAN_HASH}
    problems = (
        Problem(organization="acme-health", seq=4, message="the hash does not fit the entry"),
        Problem(organization="globex", seq=None, message="the stored document differs from the last entry's digest"),
        Problem(organization=None, seq=None, message="row 3 missing from index"),
    )
    return {
        "intact": Verification(problems=(), **facts),
        "broken": Verification(problems=problems, locks=(a_lock(),), **facts),
        "stateless": Verification(location=LOCATION, lineage=None, organizations=0, entries=0, head=None, problems=()),
        "hostile": Verification(problems=tuple(Problem(organization=None, seq=None, message=text) for text in HOSTILE), **facts),
    }


def failures() -> dict[str, Result]:
    locked = a_finding(
        "acme-health is locked by ops@ci-7", rule="locked", hint="wait, or raise --lock-timeout", address="acme-health/organization"
    )
    return {
        "manifests": Failure(exit_code=1, findings=(EXCLUSIVE, FEW)),
        "locked": Failure(exit_code=5, findings=(locked,), locks=(a_lock(),)),
        "cancelled": Failure(exit_code=1, findings=(), cancelled=True),
        "hostile": Failure(exit_code=1, findings=HOSTILE_FINDINGS, locks=(a_lock(NEW_LINE, ESCAPE, HOSTILE),)),
    }


def scaffolds() -> dict[str, Result]:
    files = (".github/workflows/reconciler.yml", ".pre-commit-config.yaml", "orgs/acme-health.yaml", "reconciler.yaml")
    return {
        "written": Scaffold(folder="access", files=files),
        "here": Scaffold(folder=".", files=files[:1]),
        "hostile": Scaffold(folder=NEW_LINE, files=HOSTILE),
    }


def copies() -> dict[str, Result]:
    shared = "postgresql://reconciler:***@db.example/reconciler"
    copied = Copied(source="sqlite:///.reconciler/state.db", target=shared, lineage=LINEAGE, organizations=3, entries=33, head=PLAN_HASH)
    return {"shared": copied, "hostile": replace(copied, source=f"sqlite:///{ESCAPE}{OVERRIDE}", target=NEW_LINE, head=None)}


def migrations() -> dict[str, Result]:
    made = Migrated(location=LOCATION, before=1, after=3)
    return {
        "migrated": made,
        "made": replace(made, before=None),
        "current": replace(made, before=3),
        "hostile": replace(made, location=f"sqlite:///{ESCAPE}{OVERRIDE}"),
    }


def unlocks() -> dict[str, Result]:
    return {"released": Unlocked(lock=a_lock()), "hostile": Unlocked(lock=a_lock(NEW_LINE, ESCAPE, HOSTILE))}


def attestations() -> dict[str, Result]:
    facts: dict[str, Any] = {"run": RUN, "at": NOW, "actor": "alice@acme.example", "note": "signed in on Monday, says Bob"}
    return {
        "one": Attestation(attested=OPEN[:1], left={"acme-health": 0}, **facts),
        "several": Attestation(attested=OPEN[10:], left={"acme-health": 10, "globex": 1}, **facts | {"actor": None}),
        "hostile": Attestation(attested=HOSTILE_OPEN, left={"acme-health": 0, NEW_LINE: 2}, **facts | {"note": ESCAPE, "actor": OVERRIDE}),
    }


CATALOG = catalog.load()
STORED: dict[str, Any] = {"location": LOCATION, "lineage": LINEAGE, "at": NOW}
STATELESS: dict[str, Any] = {"location": LOCATION, "lineage": None, "at": NOW}
EARLIER = a_finding(
    "facts as stored now",
    rule="facts-as-stored-now",
    severity=Severity.INFO,
    detail="acme-health was last changed at 2026-11-20T09:45:00Z; what was changed since is not taken back",
    hint="reconciler history acme-health",
)


def people_of(name: str = "acme-health", *people: Administrator, grants: Iterable[Grant] = (), **fields: Any) -> Organization:
    return Organization(
        name=name,
        settings=settings(**fields),
        administrators={person.key: person for person in people},
        grants={grant.name: grant for grant in grants},
    )


TOM = an_administrator("tom@northwind.example", "help-desk-administrator-advanced")
PIA = an_administrator("pia@northwind.example", "partner-administrator", customers=frozenset({"globex"}))
NORTHWIND = people_of(
    "northwind", TOM, PIA, type=OrganizationType.PARTNER, managed_by=None, restricted_mode=None, sites={}, services=frozenset()
)
ACME = people_of(
    "acme-health",
    an_administrator(),
    BOB,
    EVE,
    NOC,
    an_administrator("carol@acme.example", "location-administrator", locations=frozenset({"Berlin", "Praha"})),
    grants=[a_grant(agent_email=TOM.email, agent_type="managing-partner")],
)
HOSTILE_ACME = people_of(
    "acme-health",
    *(
        an_administrator(
            f"{text}@x.example",
            "support-administrator",
            text,
            sites={text: SiteAssignment(role="site-administrator")},
        )
        for text in (*HOSTILE, '=cmd|"/c calc"', "+1", "-1", "@x", "\ttab", "\uff1dwide")
    ),
    grants=[a_grant(text, agent_email="tac@cisco.example", reason=text, ticket=text, approved_by=text) for text in HOSTILE],
)


def access_of(email: str, organization: Organization = ACME) -> Document:
    partner = NORTHWIND if organization.settings else None
    return access_document(effective(email, organization, partner=partner, now=NOW, catalog=CATALOG), CATALOG)


def cut(access: Document) -> Document:
    """Return *access* with two permissions only: enough to see foreign text in every place."""
    return {**access, "permissions": dict(list(access["permissions"].items())[:2]), "restricted": access["restricted"][:1]}


def accesses_in(organization: Organization = ACME) -> Callable[[], Iterator[AccessIn]]:
    def found() -> Iterator[AccessIn]:
        people = everybody(organization, partner=NORTHWIND, now=NOW, catalog=CATALOG)
        documents = (access_document(access, CATALOG) for access in people)
        if organization is HOSTILE_ACME:
            documents = (cut(document) for document in documents)
        yield AccessIn(organization=organization.name, accesses=documents, unrecorded=())

    return found


def accesses_of(email: str) -> Callable[[], Iterator[AccessIn]]:
    def found() -> Iterator[AccessIn]:
        yield AccessIn(organization="acme-health", accesses=iter((access_of(email),)), unrecorded=())
        yield AccessIn(organization="globex", accesses=iter(()), unrecorded=("globex", NEW_LINE))

    return found


def holders_in(permission: str, organization: Organization = ACME) -> HoldersIn:
    found = who_can(permission, organization, partner=None if organization is NORTHWIND else NORTHWIND, now=NOW, catalog=CATALOG)
    holders, unknown = (tuple(map(holder_document, some)) for some in (found.holders, found.unknown))
    return HoldersIn(organization=organization.name, holders=holders, unknown=unknown, unrecorded=())


def accesses() -> dict[str, Result]:
    return {
        "person": AccessOf(access=access_of(BOB.email), **STORED),
        "elevated": AccessOf(access=access_of(TOM.email), findings=(EARLIER,), **STORED),
        "nobody": AccessOf(access=access_of("nobody@acme.example"), **STORED),
        "unrecorded": AccessOf(access=access_of(BOB.email, replace(ACME, administrators=None)), **STORED),
        "stateless": AccessOf(access=access_of(BOB.email, Organization(name="acme-health", administrators={})), **STATELESS),
        "hostile": AccessOf(access=cut(access_of("tac@cisco.example", HOSTILE_ACME)), **STORED),
    }


def several_accesses() -> dict[str, Result]:
    return {
        "organization": Accesses(organization="acme-health", person=None, found=accesses_in(), findings=(EARLIER,), **STORED),
        "person": Accesses(organization=None, person=EVE.email, found=accesses_of(EVE.email), **STORED),
        "hostile": Accesses(organization=NEW_LINE, person=None, found=accesses_in(HOSTILE_ACME), **STORED),
        "stateless": Accesses(organization=None, person=EVE.email, found=again(), **STATELESS),
    }


def holders_of_permissions() -> dict[str, Result]:
    def of(permission: str, *found: HoldersIn, **facts: Any) -> Result:
        see_also = {twin: CATALOG.matrices.labels[twin] for twin in CATALOG.matrices.twins(permission)}
        label = CATALOG.matrices.labels[permission]
        return PermissionHolders(permission=permission, label=label, see_also=see_also, found=again(*found), **facts)

    nothing = HoldersIn(organization="globex", holders=(), unknown=(), unrecorded=("globex",))
    return {
        "holders": of("user-management", holders_in("user-management"), holders_in("user-management", NORTHWIND), nothing, **STORED),
        "unknown": of("view-support-cases", holders_in("view-support-cases"), findings=(EARLIER,), **STORED),
        "hostile": of("analytics-and-reports", holders_in("analytics-and-reports", HOSTILE_ACME), **STORED),
        "stateless": of("locations", **STATELESS),
    }


def every_result() -> dict[str, Result]:
    """Return all of the above by `KIND-CASE`."""
    kinds = {
        "validation": validations(),
        "plan": plans(),
        "apply": applications(),
        "sweep": sweeps(),
        "drift": drifts(),
        "state": states(),
        "organizations": fleets(),
        "history": histories(),
        "verification": verifications(),
        "error": failures(),
        "init": scaffolds(),
        "attestation": attestations(),
        "grant": elevations.steps(HOSTILE),
        "grants": elevations.lists(HOSTILE),
        "copy": copies(),
        "migration": migrations(),
        "unlock": unlocks(),
        "access": accesses(),
        "accesses": several_accesses(),
        "who-can": holders_of_permissions(),
        "rules": rulebook.lists_of_rules(),
        "rule": rulebook.single_rules("\n".join(HOSTILE)),
        "statement": rulebook.single_statements("\n".join(HOSTILE)),
    }
    return {f"{kind}-{case}": result for kind, cases in kinds.items() for case, result in cases.items()}
