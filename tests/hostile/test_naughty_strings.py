"""Every naughty string as every free text, in every format: read back it is the same text, and it has made nothing but text.

A new format joins by its line in `ORACLES`.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reconciler.manifests import GrantDurations
from reconciler.manifests.grant_files import new_grant_text
from reconciler.manifests.parse import value_of
from reconciler.manifests.streams import Chunk, split
from reconciler.model.changes import Action
from reconciler.model.documents import grant_document, settings_document
from reconciler.model.errors import ManifestError
from reconciler.model.journal import EntryKind
from reconciler.model.results import Accesses, Attestation, FleetPlan, History, Organizations, Result, StateOf, Validation
from reconciler.reports import FORMATS, Style, formats_of, render
from reconciler.reports.visible import visible
from tests.golden.reports.builders import (
    LINEAGE,
    LOCATION,
    NOW,
    OPEN,
    RUN,
    a_change,
    a_finding,
    a_fleet_plan,
    a_grant,
    a_new_organization,
    a_stored,
    accesses_in,
    added,
    again,
    an_administrator,
    an_entry,
    an_entry_of,
    an_organization,
    people_of,
    settings,
)
from tests.unit.reports.reading_markdown import read
from tests.unit.reports.reading_runner import commands

STRINGS: list[str] = json.loads((Path(__file__).parent / "material" / "naughty-strings" / "blns.json").read_text(encoding="utf-8"))
PLAIN = "benign"
SHORT = 60
"""What is longer may be told in part where there is little room."""
STEERING = {"Cc", "Cs", "Zl", "Zp"}
BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
STYLE = Style(width=1_000_000)


def state(text: str) -> StateOf:
    person = an_administrator(name=text)
    grant = a_grant(reason=text, ticket=text)
    organization = an_organization(
        settings=settings(display_name=text, labels={"tier": text}), administrators={person.key: person}, grants={grant.name: grant}
    )
    return StateOf(location=LOCATION, lineage=LINEAGE, now=NOW, serial=3, organization=organization)


def fleet(text: str) -> Organizations:
    return Organizations(location=LOCATION, lineage=LINEAGE, organizations=again(a_stored("acme-health", display_name=text)))


def plan(text: str) -> FleetPlan:
    return a_fleet_plan(a_new_organization(display_name=text))


def history(text: str) -> History:
    grant = a_grant(reason=text, ticket=text)
    changes = (
        added(an_administrator(name=text)),
        a_change("acme-health/organization", Action.CREATE, after=settings_document(settings(display_name=text))),
        a_change("acme-health/elevation-grant/inc-4711", Action.CREATE, after=grant_document(grant)),
    )
    noted = an_entry(9, kind=EntryKind.ATTEST, operation="attest", address="acme-health/administrator/bob@acme.example", detail=text)
    entries = (*(an_entry_of(seq, change) for seq, change in enumerate(changes, start=1)), noted)
    return History(location=LOCATION, lineage=LINEAGE, organization=None, entries=again(*entries), head=None)


def attestation(text: str) -> Attestation:
    return Attestation(run=RUN, at=NOW, actor="alice@acme.example", note=text, attested=OPEN[:1], left={"acme-health": 0})


def rights(text: str) -> Accesses:
    organization = people_of("acme-health", an_administrator(name=text), grants=[a_grant(reason=text, ticket=text)], display_name=text)
    return Accesses(
        organization=None, person=None, findings=(), location=LOCATION, lineage=LINEAGE, at=NOW, found=accesses_in(organization)
    )


def validation(text: str) -> Validation:
    return Validation(findings=(a_finding(message=text),), valid=False, files=1, organizations=1, grants=0)


RESULTS: tuple[Callable[[str], Result], ...] = (state, fleet, plan, history, attestation, rights, validation)
SHOWS_IT = (state, fleet, plan, history, attestation, validation)
"""What shows free texts; a list of rights has none, and must not get any."""


def written(result: Result, format_: str) -> str:
    out = io.StringIO()
    render(result, format_, out, exit_code=0, style=STYLE)
    return out.getvalue()


def leaves(value: Any) -> Iterator[Any]:
    """Yield every text in a JSON value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def shape(value: Any) -> Any:
    """Return a JSON value without its texts."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def is_text(report: str, benign: str, text: str, *, shown: bool) -> None:
    lines = report[:-1].split("\n")
    assert len(lines) == benign[:-1].count("\n") + 1
    for line in lines:
        assert not [char for char in line if unicodedata.category(char) in STEERING or char in BIDIRECTIONAL]
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    if shown:
        assert " ".join(visible(text).split()) in " ".join(report.split())


def is_json(report: str, benign: str, text: str, *, shown: bool) -> None:
    document = json.loads(report)
    assert shape(document) == shape(json.loads(benign))
    assert report.isascii()
    assert "##[" not in report
    if shown:
        assert text in leaves(document)


def is_csv(report: str, benign: str, text: str, *, shown: bool) -> None:
    rows = list(csv.reader(io.StringIO(report, newline=""), strict=True))
    assert [len(row) for row in rows] == [len(row) for row in csv.reader(io.StringIO(benign, newline=""), strict=True)]
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r\n\0＝＋－＠") - {""}]
    if shown:
        assert any(visible(text) in cell for row in rows for cell in row)


def is_markdown(report: str, benign: str, text: str, *, shown: bool) -> None:
    read(report)  # refuses whatever our reports do not consist of
    assert report.count("\n") == benign.count("\n")
    if shown and text.isalnum() and text.isascii():  # others stand in spans, cut at their words
        assert text in report


def is_log(report: str, benign: str, text: str, *, shown: bool) -> None:
    assert [command.name for command in commands(report)] == [command.name for command in commands(benign)]
    if shown:
        assert " ".join(visible(text).split()) in " ".join(report.split())


def is_json_for_others(report: str, benign: str, text: str, *, shown: bool) -> None:
    document = json.loads(report)
    assert shape(document) == shape(json.loads(benign))
    assert report.isascii()
    if shown and PLAIN in benign and len(text) <= SHORT:
        assert any(visible(text) in str(leaf) for leaf in leaves(document))


def is_xml(report: str, benign: str, text: str, *, shown: bool) -> None:
    document, plain = (ET.fromstring(one) for one in (report, benign))  # noqa: S314 - our own report
    assert [(node.tag, sorted(node.attrib)) for node in document.iter()] == [(node.tag, sorted(node.attrib)) for node in plain.iter()]
    if shown and text not in {"\ufffe", "\uffff"}:  # no document in XML holds them
        assert any(" ".join(visible(text).split()) in " ".join(said.split()) for node in document.iter() for said in node.attrib.values())


ORACLES: dict[str, Callable[..., None]] = {
    "text": is_text,
    "json": is_json,
    "csv": is_csv,
    "markdown": is_markdown,
    "github": is_log,
    "sarif": is_json_for_others,
    "junit": is_xml,
    "gitlab-codequality": is_json_for_others,
    "gitlab-terraform": is_json_for_others,
}


def test_every_format_has_its_oracle() -> None:
    assert ORACLES.keys() == FORMATS.keys()


@pytest.mark.parametrize("make", RESULTS)
def test_a_naughty_string_is_text_and_nothing_else(make: Callable[[str], Result]) -> None:
    for format_ in formats_of(type(make(PLAIN))):
        benign = written(make(PLAIN), format_)
        for text in filter(None, STRINGS):  # without a text, a field is left out
            ORACLES[format_](written(make(text), format_), benign, text, shown=make in SHOWS_IT)


def values(text: str) -> list[Any]:
    return [value_of(piece) for piece in split(text.encode(), "x") if isinstance(piece, Chunk)]


@pytest.mark.parametrize("field", ["reason", "ticket"])
def test_a_naughty_string_that_is_written_into_a_manifest_reads_back_unchanged(field: str) -> None:
    def written_back(text: str) -> str | None:
        grant = a_grant(approved_by=None, approved_at=None, expires_at=None, **{field: text})
        try:
            (value,) = values(new_grant_text(grant, GrantDurations()))
        except ManifestError:
            return None
        found: str = value["spec"][field]
        return found

    read_back = {text: written_back(text) for text in STRINGS}
    refused = [text for text, found in read_back.items() if found is None]
    assert {text: found for text, found in read_back.items() if found not in {text, None}} == {}
    assert [text for text in refused if text.strip() and len(text) <= 100] == []
