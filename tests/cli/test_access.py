"""access and who-can as processes: forms, formats, exit codes, nothing left behind."""

import csv
import io

import pytest

from tests.cli.running import NOW, STATE, Place

SENTENCE = f"No stored state at sqlite:///{STATE}: everything counts as new, nothing can be removed or found drifted."
FORMS = (
    ["access", "acme", "c.three@acme.example"],
    ["access", "a.one@x.example"],
    ["access", "acme"],
    ["who-can", "device-management"],
)
LATER = ["--at", "2036-11-20T12:00:00Z"]


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_every_form_answers_in_its_formats_and_leaves_nothing_behind(applied: Place, form: list[str]) -> None:
    before = applied.everything()
    text = applied.run(*form, *LATER)
    assert (text.code, text.err) == (0, "")
    assert applied.json(*form, *LATER).document["at"] == "2036-11-20T12:00:00Z"
    sheet = applied.run(*form, *LATER, "--format", "csv")
    if len(form) == 3:
        assert sheet.code == 64
        assert "has no form as CSV" in sheet.failure
    else:
        rows = list(csv.reader(io.StringIO(sheet.out, newline="")))
        assert rows[0] == ["organization", "person", "scope", "permission", "access", "because"]
        assert len(rows) > 3
        assert sheet.err == ""
    assert applied.everything() == before


def test_the_answers_are_about_the_right_people(applied: Place) -> None:
    one = applied.json("access", "acme", "A.ONE@x.example").document
    assert (one["organization"], one["person"], one["roles"]) == ("acme", "a.one@x.example", ["full-administrator"])
    everywhere = applied.json("access", "a.one@x.example").document
    assert [access["organization"] for access in everywhere["accesses"]] == ["acme", "globex", "initech"]
    people = applied.json("access", "globex").document["accesses"]
    assert [access["person"] for access in people] == ["a.one@x.example", "b.two@x.example", "c.three@globex.example"]
    found = applied.json("who-can", "users-and-licenses", "--org", "acme").document
    assert [holder["person"] for holder in found["holders"]] == ["a.one@x.example", "b.two@x.example"]
    assert found["see_also"] == ["user-management"]
    unknown = applied.json("who-can", "view-support-cases", "--org", "acme").document["unknown"]
    assert [holder["person"] for holder in unknown] == ["c.three@acme.example"]


def test_somebody_without_access_is_no_error(applied: Place) -> None:
    done = applied.json("access", "acme", "nobody@x.example")
    assert (done.code, done.document["roles"]) == (0, [])
    assert {right["access"] for right in done.document["permissions"].values()} == {"none"}


def test_an_earlier_instant_gets_a_note_beside_a_sheet_on_standard_error(applied: Place) -> None:
    early = ["--at", "2020-01-01T00:00:00Z"]
    noted = applied.json("access", "acme", *early).document["diagnostics"]
    assert [(one["rule_id"], one["severity"], one["summary"]) for one in noted] == [("facts-as-stored-now", "info", "facts as stored now")]
    assert "note: facts as stored now" in applied.ok("access", "acme", *early)
    assert "facts as stored now" in applied.run("access", "acme", *early, "--format", "csv").err
    assert applied.json("access", "acme", "--now", "2020-01-01T00:00:00Z").document["at"] == "2020-01-01T00:00:00Z"


def test_mistakes_are_told(applied: Place) -> None:
    for arguments, code, said in (
        (["access"], 64, "name an organization, a person, or both"),
        (["access", "a.one@x.example", "acme"], 64, "the organization comes first"),
        (["access", "acme", "globex"], 64, "one organization and one person at most"),
        (["access", "acme", "@"], 64, "is no e-mail address"),
        (["access", "acmee"], 1, "hint: reconciler access acme"),
        (["who-can", "device-managment"], 64, "hint: reconciler who-can device-management"),
        (["who-can", "device-management", "--org", "acmee"], 1, "no organization acmee is stored"),
    ):
        done = applied.run(*arguments)
        assert done.code == code, arguments
        assert said in done.failure, arguments
    assert applied.run("access", "acmee", "--format", "csv").failure.startswith("error: no organization acmee")


def test_without_a_state_the_answer_is_empty_unless_there_must_be_one(place: Place) -> None:
    for form in FORMS:
        assert place.ok(*form).splitlines()[0] == SENTENCE
        assert [finding["summary"] for finding in place.json(*form, "--now", NOW).document["diagnostics"]] == [SENTENCE]
    assert SENTENCE in place.run("access", "acme", "--format", "csv").err
    assert list(place.folder.iterdir()) == []
    place.write("reconciler.yaml", "state: {mustExist: true}\n")
    assert {place.run(*form).code for form in FORMS} == {1}
