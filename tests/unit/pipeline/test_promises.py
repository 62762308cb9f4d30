"""What the contract promises about whole use cases and no single step shows by itself."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.documents import compact, sha256_hex
from reconciler.model.errors import ManifestError, TamperedPlanError, UnreadablePlanError
from reconciler.model.findings import Severity
from reconciler.model.policy import Acknowledgements
from reconciler.model.results import Application, FleetPlan
from reconciler.model.writing import hash_document
from reconciler.pipeline import Approval, Request, RunSettings, apply_paths, apply_saved, forget, load_plan, plan, validate, verify_journal
from reconciler.planning.codec import write_plan
from reconciler.stores import open_reader
from tests.fakes.builders import CATALOG, HOLDER, MINUTE, NOW, SECOND
from tests.fakes.clock import FixedClock
from tests.unit.pipeline.manifests import grant, organization, write

YES = Approval(expect=None, ask=lambda _: None, again=True)
BROKEN = organization("globex").replace("full-administrator", "ful-administrator")


class Place:
    """One working directory with manifests and a state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(NOW)

    def request(self, acknowledged: Acknowledgements | None = None, **documents: str) -> Request:
        paths = write(self.folder / "orgs", **documents)
        state = f"sqlite:///{self.folder}/state.db"
        return Request(catalog=CATALOG, state=state, paths=paths, acknowledged=acknowledged or Acknowledgements())

    def settings(self) -> RunSettings:
        return RunSettings(
            run="r1",
            holder=HOLDER,
            clock=self.clock,
            lock_timeout=0 * SECOND,
            stopping=lambda: None,
            progress=lambda _: None,
        )

    def apply(self, **documents: str) -> None:
        answer = apply_paths(self.request(None, **documents), self.settings(), YES)
        assert isinstance(answer, Application)
        assert not answer.failures

    def planned(self, acknowledged: Acknowledgements | None = None, **documents: str) -> FleetPlan:
        request = self.request(acknowledged, **documents)
        with closing(open_reader(request.state)) as reader:
            return plan(request, reader, self.clock.now())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def rules(findings: Any) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in findings]


def test_validate_answers_also_when_there_is_nothing_to_check(place: Place) -> None:
    answer = validate(place.request(), NOW)
    assert (answer.valid, rules(answer.findings)) == (False, [("invalid-manifests", Severity.ERROR)])
    unknown = validate(replace(place.request(acme=organization()), organizations=frozenset({"acmee"})), NOW)
    assert not unknown.valid
    assert "--org acmee" in unknown.findings[0].message


def test_validate_reports_other_organizations_and_is_not_stopped_by_them(place: Place) -> None:
    request = replace(place.request(acme=organization(), globex=BROKEN), organizations=frozenset({"acme"}))
    answer = validate(request, NOW)
    assert (answer.valid, {rule for rule, _ in rules(answer.findings)}) == (True, {"schema-enum"})
    assert not validate(replace(request, organizations=frozenset({"globex"})), NOW).valid


def test_a_missing_path_is_an_error_unless_emptiness_is_meant(place: Place) -> None:
    request = replace(place.request(), paths=("nowhere",))
    assert rules(validate(request, NOW).findings) == [("path-missing", Severity.ERROR)]
    meant = validate(replace(request, allow_empty=True), NOW)
    assert (meant.valid, meant.findings) == (True, ())


@pytest.mark.parametrize("statement", ["DELETE FROM organizations", "DELETE FROM organizations WHERE name = 'acme'"])
def test_a_document_that_was_deleted_is_missed_by_verify(place: Place, statement: str) -> None:
    place.apply(acme=organization(), globex=organization("globex"))
    with closing(sqlite3.connect(place.folder / "state.db")) as connection, connection:
        connection.execute(statement)
    with closing(open_reader(f"sqlite:///{place.folder}/state.db")) as reader:
        found = [(problem.organization, problem.message) for problem in verify_journal(reader).problems]
    assert ("acme", "the last entry speaks of a stored document, and there is none") in found


def forged(made: FleetPlan, change_person: Callable[[dict[str, Any]], None]) -> FleetPlan:
    """Return a plan that somebody altered and sealed again in every way they can."""
    out = StringIO()
    write_plan(made, out, exit_code=None)
    document = json.loads(out.getvalue())
    for change in document["resource_changes"]:
        if change["name"] in {"bob@acme.example", "inc-1"}:
            change_person(change["change"]["after"])
    unsealed = {"range", "risk", "since"}
    content = [{key: value for key, value in change.items() if key not in unsealed} for change in document["resource_changes"]]
    digest = sha256_hex(compact({"lineage": None, "serial": 0, "resource_changes": content}))
    document["plan_hash"] = "sha256:" + sha256_hex(f"acme {digest}\n".encode())
    del document["integrity"]
    document["integrity"] = hash_document(document)
    return load_plan(json.dumps(document))


@pytest.mark.parametrize(
    "alter",
    [
        lambda person: person.update(roles=["bogus-role"]),
        lambda person: person.update(roles=[]),
        lambda person: person.update(name=5),
        lambda person: person.update(sites={"nowhere.webex.com": {"role": "site-administrator"}}),
        lambda person: person.update(home={"type": "martian"}),
    ],
    ids=["unknown role", "no role", "number for a name", "undeclared site", "unknown home"],
)
def test_a_forged_plan_gains_nothing_that_a_manifest_could_not(place: Place, alter: Callable[[dict[str, Any]], None]) -> None:
    request = place.request(acme=organization(people="{email: bob@acme.example, roles: [device-administrator]},"))
    with closing(open_reader(request.state)) as reader:
        made = plan(request, reader, NOW)
    assert isinstance(
        apply_saved(forged(made, lambda _: None), replace(request, state=f"{request.state}2"), place.settings(), expect=None), Application
    )
    with pytest.raises((TamperedPlanError, UnreadablePlanError)):
        apply_saved(forged(made, alter), request, place.settings(), expect=None)


@pytest.mark.parametrize("facts", [{"reason": 5}, {"agent": {"email": "tac@cisco.example", "type": "friend"}}], ids=["reason", "agent"])
def test_a_forged_grant_gains_nothing_either(place: Place, facts: dict[str, Any]) -> None:
    request = place.request(acme=organization(), grant=grant())
    with closing(open_reader(request.state)) as reader:
        made = plan(request, reader, NOW)
    with pytest.raises((TamperedPlanError, UnreadablePlanError)):
        apply_saved(forged(made, lambda document: document.update(facts)), request, place.settings(), expect=None)
    assert isinstance(apply_saved(forged(made, lambda _: None), request, place.settings(), expect=None), Application)


def test_the_name_of_a_grant_is_used_once_also_over_forgetting(place: Place) -> None:
    place.apply(acme=organization(), grant=grant())
    place.apply(acme=organization())
    answer = forget("acme", place.request(), place.settings())
    assert isinstance(answer, Application)
    with closing(open_reader(place.request().state)) as reader:
        assert verify_journal(reader).problems == ()
    with pytest.raises(ManifestError) as error:
        place.planned(acme=organization(), grant=grant())
    assert rules(error.value.findings) == [("grant-name-used", Severity.ERROR)]
    place.apply(acme=organization())
    assert place.planned(acme=organization()).summary.changes == 0


def test_an_acknowledgement_lifts_a_refusal_for_one_run_and_is_not_saved(place: Place) -> None:
    crowd = "".join(f"{{email: p{number}@acme.example, roles: [device-administrator]}}," for number in range(12))
    place.apply(acme=organization(people=crowd))
    made = place.planned(Acknowledgements(removals={"acme": 12}), acme=organization())
    assert made.refusals == ()
    out = StringIO()
    write_plan(made, out, exit_code=None)
    saved = load_plan(out.getvalue())
    assert rules(saved.refusals) == [("too-many-removals", Severity.ERROR)]
    plain = StringIO()
    write_plan(place.planned(acme=organization()), plain, exit_code=None)
    assert plain.getvalue() == out.getvalue()


def test_an_acknowledgement_for_somebody_else_is_an_error(place: Place) -> None:
    with pytest.raises(ManifestError, match="this run is not about nosuch"):
        place.planned(Acknowledgements(removals={"nosuch": 3}), acme=organization())


def test_grants_alone_name_what_they_do_not_declare(place: Place) -> None:
    place.apply(acme=organization(), grant=grant())
    place.clock = FixedClock(NOW + MINUTE)
    made = place.planned(other=grant("inc-2", agent="hal@cisco.example"))
    assert rules(made.findings) == [("grant-not-declared", Severity.INFO), ("actor-unchecked", Severity.INFO)]
    assert "inc-1" in made.findings[0].message
