"""What holds for every plan, whatever is declared and stored."""

import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.applying import apply_plan
from reconciler.model.changes import Plan, Reason, Risk
from reconciler.model.documents import digest_of, organization_document
from reconciler.model.identifiers import ADMINISTRATOR
from reconciler.model.lifetimes import grant_end, next_end
from reconciler.model.policy import Policy
from reconciler.model.protocols import StateReader, Target
from reconciler.model.resources import Administrator, Grant, Organization
from reconciler.pipeline import Request, plan
from reconciler.planning.diff import diff
from reconciler.planning.guard import lockout
from reconciler.planning.order import in_order
from reconciler.planning.perform import perform, perform_all
from reconciler.planning.scope import resolve
from reconciler.targets import NoTarget
from tests.fakes.builders import CATALOG, HOUR, MINUTE, NOW, a_fleet_for, a_plan, a_run, a_store, an_organization, people
from tests.fakes.clock import FixedClock
from tests.fakes.target import RecordingTarget
from tests.properties.strategies import declared_organizations, grants, instants, lapsed, staffs, steps, stored_organizations

STORED = st.none() | stored_organizations() | stored_organizations()
NOWS = instants(-30, 240)


def after(declared: Organization, stored: Organization | None, now: datetime = NOW) -> Organization:
    become, findings = resolve(declared, stored, now, request_lifetime=HOUR)
    assert findings == []
    return become


def content(made: Plan) -> object:
    return (made.digest, made.changes, made.refusals, made.timeline, made.valid_until)


def same_but_never_recorded(one: Organization | None, other: Organization) -> bool:
    """Tell whether two organizations are equal; nobody at all and a list in which everybody's access is over are the same."""
    people_of_one = (one.administrators if one else None) or {}
    return replace(one or Organization(name=other.name), administrators=people_of_one) == replace(
        other, administrators=other.administrators or {}
    )


@given(declared_organizations(), STORED, NOWS)
def test_performing_the_plan_makes_of_the_stored_what_is_declared(
    declared: Organization, stored: Organization | None, now: datetime
) -> None:
    become = after(declared, stored, now)
    made = a_plan(declared, stored, now=now)
    assert same_but_never_recorded(perform_all(stored, made.changes, now, request_lifetime=HOUR), become)
    assert become.settings == declared.settings
    if declared.administrators is not None:
        living = {key: person for key, person in declared.administrators.items() if person.live_at(now)}
        assert become.administrators == living
    live = {name: grant for name, grant in declared.grants.items() if now < grant_end(grant)}
    assert {name: become.grants[name] for name in live} == live


@given(declared_organizations(), STORED, NOWS)
def test_a_second_plan_is_empty(declared: Organization, stored: Organization | None, now: datetime) -> None:
    become = after(declared, stored, now)
    assert a_plan(declared, become, now=now).changes == ()
    assert after(declared, become, now) == become


@given(stored_organizations(), NOWS)
def test_what_is_stored_differs_from_itself_only_by_ends_that_have_come(stored: Organization, now: datetime) -> None:
    assert list(diff(stored, stored, now)) == []
    declared = replace(stored, grants={name: grant for name, grant in stored.grants.items() if grant.ended is None})
    assert {change.reason for change in a_plan(declared, stored, now=now).changes} <= {Reason.EXPIRED}


@given(steps(), NOWS, NOWS)
def test_any_step_of_a_grant_is_one_plan_and_never_a_second_one(step: tuple[Grant, Grant], now: datetime, later: datetime) -> None:
    stored, declared = an_organization(grants=[step[0]]), an_organization(grants=[step[1]])
    now, later = min(now, later), max(now, later)
    become = after(declared, stored, now)
    assert a_plan(declared, become, now=now).changes == ()
    made = a_plan(declared, stored, now=now)
    assert perform_all(stored, made.changes, now, request_lifetime=HOUR) == become
    assert {change.reason for change in a_plan(declared, become, now=later).changes} <= {Reason.EXPIRED}


@given(declared_organizations(), STORED, NOWS, st.sampled_from([NoTarget, RecordingTarget]))
def test_applying_leaves_nothing_to_do_with_and_without_a_live_side(
    declared: Organization, stored: Organization | None, now: datetime, target: type[Target]
) -> None:
    store = a_store(*([stored] if stored else []))
    now = max(now, store.highest_instant() or now)  # a clock that was set back is another matter
    made = a_fleet_for(store, declared, now=now)
    if any(section.refusals for section in made.plans()):
        return
    application = apply_plan(made, store, a_run(target=target(), clock=FixedClock(now)))
    assert (application.counts.failed, application.counts.skipped) == (0, 0)
    assert list(a_fleet_for(store, declared, now=now).plans()) == []
    if made.summary.changes:
        assert same_but_never_recorded(store.read("acme").organization, after(declared, stored, now))


# Order and safety


def shuffled(organization: Organization, random: Random) -> Organization:
    def mixed(mapping: dict[str, object]) -> dict[str, object]:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    crowd = organization.administrators
    return replace(
        organization,
        administrators=None if crowd is None else mixed(dict(crowd)),  # type: ignore[arg-type]
        grants=mixed(dict(organization.grants)),  # type: ignore[arg-type]
    )


@given(declared_organizations(), STORED, st.randoms(use_true_random=False))
def test_the_order_of_the_input_is_irrelevant(declared: Organization, stored: Organization | None, random: Random) -> None:
    mixed = None if stored is None else shuffled(stored, random)
    assert content(a_plan(shuffled(declared, random), mixed)) == content(a_plan(declared, stored))


def standing(organization: Organization | None) -> bool:
    crowd = (organization.administrators if organization else None) or {}
    return any("full-administrator" in person.roles and person.expires_at is None for person in crowd.values())


@given(staffs(), staffs(), NOWS)
def test_every_prefix_of_a_plan_has_somebody_in_charge(before: list[Administrator], then: list[Administrator], now: datetime) -> None:
    stored, become = an_organization(*before), after(an_organization(*then), an_organization(*before), now)
    changes = in_order(diff(stored, become, now))
    assert list(lockout(stored, changes, become)) == []
    step: Organization | None = stored
    for change in changes:
        step = perform(step, change, now, request_lifetime=HOUR)
        assert standing(step)


@given(declared_organizations(), STORED, NOWS)
def test_ends_come_first_and_removals_last(declared: Organization, stored: Organization | None, now: datetime) -> None:
    changes = a_plan(declared, stored, now=now).changes
    ends = [change.expires for change in changes if change.type == ADMINISTRATOR]
    assert ends == sorted(ends, reverse=True)
    leaves = [change.reason is Reason.OMITTED for change in changes if change.type == ADMINISTRATOR]
    assert leaves == sorted(leaves)


# Time


@given(declared_organizations(), STORED, NOWS, st.lists(grants("g"), max_size=3))
def test_grants_that_are_over_change_nothing(declared: Organization, stored: Organization | None, now: datetime, more: list[Grant]) -> None:
    over = {f"{number}-{grant.name}": replace(lapsed(grant), name=f"{number}-{grant.name}") for number, grant in enumerate(more)}
    over = {name: grant for name, grant in over.items() if grant_end(grant) <= now}
    assert content(a_plan(replace(declared, grants={**declared.grants, **over}), stored, now=now)) == content(
        a_plan(declared, stored, now=now)
    )


@given(staffs(), STORED, NOWS, staffs())
def test_people_whose_access_is_over_change_nothing(
    crowd: list[Administrator],
    stored: Organization | None,
    now: datetime,
    more: list[Administrator],
) -> None:
    over = [replace(person, email=f"over-{person.email}", expires_at=now - MINUTE) for person in more]
    plain, padded = an_organization(*crowd), an_organization(*crowd, *over)
    assert content(a_plan(padded, stored, now=now)) == content(a_plan(plain, stored, now=now))
    declared_too = people(*crowd, *over)
    assert after(replace(plain, administrators=declared_too), stored, now) == after(plain, stored, now)


@given(declared_organizations(), STORED, NOWS)
def test_nothing_that_is_over_is_left_alive(declared: Organization, stored: Organization | None, now: datetime) -> None:
    become = after(declared, stored, now)
    assert all(person.live_at(now) for person in (become.administrators or {}).values())
    assert all(grant.ended is not None or now < grant_end(grant) for grant in become.grants.values())
    end = next_end(become)
    assert end is None or now < end
    made = a_plan(declared, stored, now=now)
    assert made.valid_until is None or now < made.valid_until


@given(declared_organizations(), stored_organizations(), NOWS)
def test_no_change_gives_what_is_over(declared: Organization, stored: Organization, now: datetime) -> None:
    for change in a_plan(declared, stored, now=now).changes:
        if change.after is not None and change.type == ADMINISTRATOR:
            assert change.after.get("expires_at", "9999") > f"{now:%Y-%m-%dT%H:%M:%SZ}"
        assert isinstance(change.risk, Risk)


# From files


def manifest(organization: Organization, random: Random) -> list[str]:
    """Return manifests of *organization*, keys and lists in any order."""

    def mixed(value: object) -> object:
        if isinstance(value, dict):
            items = [(key, mixed(inner)) for key, inner in value.items()]
            random.shuffle(items)
            return dict(items)
        if isinstance(value, list):
            inner = [mixed(item) for item in value]
            random.shuffle(inner)
            return inner
        return value

    assert organization.settings is not None
    spec: dict[str, object] = {"type": "customer", "locations": ["Berlin", "Praha"]}
    if organization.administrators is not None:
        spec["administrators"] = [
            {"email": person.email, "roles": sorted(person.roles)}
            for person in organization.administrators.values()
            if person.expires_at is None
        ]
    documents: list[dict[str, object]] = [
        {"apiVersion": "reconciler/v1", "kind": "Organization", "metadata": {"name": "acme"}, "spec": spec}
    ]
    for grant in organization.grants.values():
        if grant.approved_at is None or grant.expires_at is None:
            continue
        times = {"requestedAt": grant.requested_at, "approvedAt": grant.approved_at, "expiresAt": grant.expires_at}
        documents.append({
            "apiVersion": "reconciler/v1",
            "kind": "ElevationGrant",
            "metadata": {"name": grant.name},
            "spec": {
                "organization": "acme",
                "agent": {"email": "tac@cisco.example", "type": "cisco-tac"},
                "reason": "x",
                "approvedBy": "alice@acme.example",
                **{key: f"{at:%Y-%m-%dT%H:%M:%SZ}" for key, at in times.items()},
            },
        })
    return [yaml.safe_dump(mixed(document), sort_keys=False, allow_unicode=True) for document in documents]


def planned(texts: list[str], store: StateReader, now: datetime, *, in_one_file: bool) -> object:
    with TemporaryDirectory() as folder:
        pieces = ["---\n".join(texts)] if in_one_file else texts
        for number, text in enumerate(pieces):
            Path(folder, f"{number}.yaml").write_text(text, encoding="utf-8")
        # Who may approve is another matter; what is generated here approves at random.
        anybody = Policy(severities={"grant-approver": None})
        made = plan(Request(catalog=CATALOG, paths=(folder,), policy=anybody), store, now)
        changes = [change for section in made.plans() for change in section.changes]
        return (made.plan_hash, made.valid_until, made.serials, made.summary, changes)


@given(declared_organizations(), STORED, st.randoms(use_true_random=False))
def test_neither_files_nor_keys_nor_lists_have_an_order(declared: Organization, stored: Organization | None, random: Random) -> None:
    store = a_store(*([stored] if stored else []))
    texts = manifest(declared, random)
    again = manifest(declared, random)
    random.shuffle(again)
    assert planned(texts, store, NOW, in_one_file=False) == planned(again, store, NOW, in_one_file=True)


@given(declared_organizations(), NOWS)
def test_the_digest_answers_as_the_full_comparison_does(declared: Organization, now: datetime) -> None:
    """Warm is cold: when stored and declared have one digest and nothing has ended, comparing field by field finds nothing either."""
    stored = after(declared, None, NOW)
    end = next_end(stored)
    settled = digest_of(organization_document(stored)) == digest_of(organization_document(declared)) and (end is None or now < end)
    if settled:
        assert a_plan(declared, stored, now=max(now, NOW)).changes == ()


SEEDED = """
import sys
from io import StringIO
from random import Random
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from reconciler.planning.codec import write_plan
from tests.fakes.builders import a_fleet, a_plan
from tests.properties.strategies import declared_organizations, stored_organizations

@seed(20261120)
@settings(max_examples=20, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
@given(declared_organizations(), st.none() | stored_organizations())
def show(declared, stored):
    write_plan(a_fleet([a_plan(declared, stored)]), sys.stdout, exit_code=None)

show()
"""


def test_the_bytes_of_a_plan_do_not_depend_on_the_hash_seed() -> None:
    def output(hash_seed: str) -> bytes:
        command = [sys.executable, "-c", SEEDED]
        environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.run(command, check=True, capture_output=True, env=environment).stdout

    first = output("1")
    assert first.count(b'"kind": "plan"') == 20
    assert first == output("2")
