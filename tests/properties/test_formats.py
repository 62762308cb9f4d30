"""Whatever a name is, it is text in every format, and every report fits where it goes."""

import io
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.changes import Action, Elevated, Moment, Plan, Reason, Status
from reconciler.model.documents import grant_document
from reconciler.model.identifiers import administrator_address, grant_address
from reconciler.model.results import Difference, Drift, Failure, FleetPlan, Result, Validation
from reconciler.reports import Style, has_form, render
from reconciler.reports.github import output_text, step_summary
from reconciler.reports.markdown.sheet import COMMENT, STEP_SUMMARY, octets, units
from reconciler.reports.visible import visible
from tests.golden.reports.builders import (
    HOSTILE,
    NOW,
    a_change,
    a_finding,
    a_fleet_plan,
    a_follow_up,
    a_grant,
    a_lock,
    a_step,
    added,
    again,
    an_administrator,
    an_application,
    an_outcome,
    at,
)
from tests.unit.reports.reading_markdown import read
from tests.unit.reports.reading_runner import commands, outputs

MARKUP = [
    *HOSTILE,
    *("`", "``` x", "~~~", "|", "\\|", "\\", "</details>", "<!--", "--> x", "<script>", "&amp;", "&#64;team", "@team", "#1", "GH-1"),
    *("[x](https://evil.example)", "![x](y)", "https://evil.example", "www.evil.example", "*x*", "_x_", "$x$", ":smile:", "1. x", "- x"),
    *(
        "> x",
        "# x",
        "    x",
        "a\n\nb",
        "\r\n::error::x",
        "%0A::error::x",
        "EOF",
        "=1+1",
        "\ufffe",
        "]]>",
        "\U0001f469\u200d\U0001f680",
        "e\u0301" * 9,
    ),
]
TEXTS = st.sampled_from(MARKUP) | st.text(max_size=20) | st.lists(st.sampled_from(MARKUP), min_size=2, max_size=4).map(" ".join)
SIZES = st.sampled_from([1, 1, 1, 1, 400, 7_000])


@st.composite
def plans(draw: st.DrawFn) -> FleetPlan:
    """Return a plan in which every free text is drawn, some of them very long, and sometimes very many of everything."""

    def text() -> str:
        return draw(TEXTS)

    parts = []
    for name in draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True)):
        person = an_administrator(text(), text(), name=text() * draw(SIZES))
        grant = a_grant(text(), agent_email=text(), agent_type=text(), reason=text() * draw(SIZES), ticket=text(), approved_by=text())
        who = text()
        gone = a_change("acme/administrator/x", Action.DELETE, reason=Reason.OMITTED, before={"email": who, "roles": [text()]})
        given_ = a_change("acme/elevation-grant/x", Action.CREATE, after=grant_document(grant))
        changes = (
            replace(added(person), organization=name, address=administrator_address(name, person.email), name=person.email),
            replace(given_, organization=name, address=grant_address(name, grant.name), name=grant.name),
            replace(gone, organization=name, address=administrator_address(name, who), name=who),
        )
        right = {"organization": name, "person": text(), "permission": text(), "scope": text(), "before": text(), "after": text()}
        cell = {"kind": "cell", "access": "full", "role": text(), "grant": text()}
        parts.append(
            Plan(
                organization=name,
                serial=1,
                digest="ab" * 32,
                as_of=NOW,
                changes=changes * draw(st.sampled_from([1, 1, 1, 60])),
                ranges={changes[0].address: at(1, 1, text())},
                timeline=(Moment(at=NOW, address=changes[1].address, event="ends"), Moment(at=NOW, address=text(), event="lapses")),
                access=({**right, "direction": "gained", "because": [cell], "no_longer": []},),
                steps=(a_step(text(), text(), text()),),
            )
        )
    finding = a_finding(text(), detail=text() * draw(SIZES), hint=text(), address=text(), range=at(1, 1, text()))
    return a_fleet_plan(
        *parts,
        location=text(),
        lineage=draw(st.none() | TEXTS),
        findings=(finding,),
        refusals=draw(st.sampled_from([(), (a_finding(text(), rule="no-full-administrator-left"),)])),
        elevated=(Elevated(organization=text(), until=NOW, person=text(), grant=text(), approved_by=text()),),
        actor=draw(st.none() | TEXTS),
        file=draw(st.none() | TEXTS),
        open_steps=again(a_follow_up(text(), text(), text())),
    )


@st.composite
def others(draw: st.DrawFn) -> Result:
    """Return a result of another kind in which every free text is drawn."""

    def text() -> str:
        return draw(TEXTS)

    finding = a_finding(text(), detail=text(), hint=text(), address=text(), range=at(1, 1, text()))
    many = draw(st.sampled_from([1, 1, 300]))
    detail = text() * (draw(SIZES) if many == 1 else 1)
    outcome = an_outcome(f"{text()}/administrator/{text()}", Action.CREATE, draw(st.sampled_from(Status)), detail=detail)
    difference = Difference(address=text(), action=draw(st.sampled_from(Action)), reason=Reason.DECLARED, fields=(text(),), detail=text())
    step = a_follow_up(text(), text(), text())
    results: list[Result] = [
        Validation(findings=(finding, replace(finding, message=text())), valid=False, files=1, organizations=1, grants=1),
        Failure(exit_code=1, findings=(finding,), locks=(a_lock(text(), text(), (text(),)),)),
        an_application(*[outcome] * many, failures=(finding,), open_steps=again(step), run=text()),
        Drift(
            as_of=NOW,
            location=text(),
            lineage=None,
            organizations=1,
            unapplied=(difference,),
            expected=(),
            complete=False,
            open_steps=(step,),
        ),
    ]
    return draw(st.sampled_from(results))


def written(result: Result, format_: str) -> str:
    out = io.StringIO()
    render(result, format_, out, exit_code=1, style=Style(perform=("reconciler", "apply", "a b"), command="plan"))
    return out.getvalue()


@given(plans() | others())
def test_every_comment_parses_and_fits(result: Result) -> None:
    text = written(result, "markdown")
    assert units(text) <= COMMENT
    read(text)
    assert not [character for character in set(text) - {"\n"} if visible(character) != character]
    assert all(not line.lstrip().startswith("::") and "##[" not in line for line in text.split("\n"))
    cut = "truncated=true -->" in text.partition("\n")[0]
    assert not (cut and "--expect" in text)
    if isinstance(result, FleetPlan):
        assert f"\nPlan: {result.summary.create} to add, " in text
        assert text.count("> **Lockout check ") == 1
        assert (
            f"> **Takes access away** from {result.summary.delete} " in text or f"> **Takes access away:** {result.summary.delete} " in text
        )


@given(plans() | others())
def test_no_text_becomes_a_command_of_a_runner(result: Result) -> None:
    first, end, *found = commands(written(result, "github"))
    assert (first.name, end.name) == ("group", "endgroup")
    assert {command.name for command in found} <= {"error", "warning", "notice"}
    for command in found:
        assert set(command.properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
    summary = step_summary(result, exit_code=0, style=Style())
    assert octets(summary) <= STEP_SUMMARY
    if len(summary) <= COMMENT:  # parsing a megabyte takes seconds
        read(summary)


@given(st.dictionaries(st.sampled_from(["plan_path", "plan_hash", "risk"]), TEXTS), st.integers(0, 2**128))
def test_outputs_are_read_back_as_they_are(given_outputs: dict[str, str], number: int) -> None:
    assert outputs(output_text(given_outputs, lambda: f"{number:032x}")) == given_outputs


@given(plans() | others())
def test_findings_are_read_back_as_they_are_shown(result: Result) -> None:
    for format_ in ("sarif", "gitlab-codequality", "junit", "gitlab-terraform"):
        if not has_form(result, format_):
            continue
        text = written(result, format_)
        assert "##[" not in text
        if format_ == "junit":
            assert ET.fromstring(text).tag == "testsuites"  # noqa: S314 -- our own text
            assert isinstance(result, Validation | Failure)
            messages = [element.get("message", "") for element in ET.fromstring(text).iter("failure")]  # noqa: S314 -- likewise
            assert messages[0].startswith(visible(result.findings[0].message).replace("\ufffe", "\\u{fffe}").replace("\uffff", "\\u{ffff}"))
        elif format_ == "gitlab-codequality":
            assert isinstance(result, Validation | Failure | FleetPlan)
            assert visible(result.findings[0].message) in [issue["description"] for issue in json.loads(text)]
        else:
            assert text.isascii()
            assert json.loads(text)
