"""Whatever stands in a manifest or in `reconciler.yaml`: findings with a place, an exit code of the contract, and never a crash."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests import GrantDurations
from reconciler.manifests.parse import EMPTY, value_of
from reconciler.manifests.read import Document, documents
from reconciler.manifests.streams import Chunk, split
from reconciler.model.findings import Finding
from tests.hostile.inside import folder, run
from tests.hostile.mutating import EXAMPLES, ROOT, TEXTS, VALUES, as_yaml, garbled, mutated

DURATIONS = GrantDurations()
FEWER = settings(max_examples=settings().max_examples // 2)


def read(data: bytes) -> list[Document | Finding]:
    """Return what a stream says, as every command reads it; every finding has its id, its words and its place in the stream."""
    found = list(documents(data, "it.yaml", DURATIONS))
    lines = data.count(b"\n") + data.count(b"\r") + 2  # where a text ends too early, the place is the line after its last
    for piece in found:
        for finding in (piece,) if isinstance(piece, Finding) else piece.findings:
            assert finding.rule
            assert finding.message
            assert finding.range is not None
            assert finding.range.filename == "it.yaml"
            assert 1 <= finding.range.start.line <= lines
            assert finding.range.start.column >= 1
    return found


def values(text: str) -> list[Any]:
    """Return the values of the documents of an example."""
    return [value_of(piece) for piece in split(text.encode(), "x") if isinstance(piece, Chunk)]


DOCUMENTS = [value for text in EXAMPLES for value in values(text) if value is not EMPTY]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_place(data: bytes) -> None:
    read(data)


@given(st.sampled_from(EXAMPLES).flatmap(garbled))
def test_an_example_that_was_garbled_is_read_or_refused_with_a_place(data: bytes) -> None:
    read(data)


@given(st.sampled_from(DOCUMENTS).flatmap(mutated))
def test_a_document_of_another_structure_is_read_or_refused_with_a_place(document: Any) -> None:
    read(as_yaml(document))


@given(VALUES)
def test_any_value_is_read_or_refused_with_a_place(document: Any) -> None:
    read(as_yaml(document))


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the examples were applied."""
    path = tmp_path_factory.mktemp("manifests")
    shutil.copytree(ROOT / "examples" / "northwind", path / "organizations")
    with folder(path):
        assert run("apply", "organizations", "--auto-approve").code == 0
    return path


STORY = sorted((ROOT / "examples" / "northwind").rglob("*.yaml"))


@FEWER
@given(st.data())
def test_every_command_that_reads_manifests_ends_by_the_contract(applied: Path, data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(STORY))
    text = source.read_text(encoding="utf-8")
    whole = [value for value in values(text) if value is not EMPTY]
    made = (
        data.draw(garbled(text)) if data.draw(st.booleans()) else b"".join(b"---\n%s\n" % as_yaml(data.draw(mutated(it))) for it in whole)
    )
    with folder(applied):
        target = Path("organizations", source.relative_to(ROOT / "examples" / "northwind"))
        before = target.read_bytes(), Path(".reconciler/state.db").read_bytes()
        try:
            target.write_bytes(made)
            answer = run("validate", "organizations", "--format", "json")
            report = json.loads(answer.out)
            assert (report["kind"], answer.code) == ("validation", 0 if report["valid"] else 1), answer
            for finding in report["diagnostics"]:
                assert finding["rule_id"]
                assert finding["range"] is not None or finding["severity"] == "info", finding
            assert run("validate", "organizations").code == answer.code
            assert run("validate", "-", stdin=made).code in {0, 1}
            assert run("plan", "organizations").code in {0, 1, 3}
            assert run("drift", "organizations").code in {0, 1, 2, 3}
            assert Path(".reconciler/state.db").read_bytes() == before[1]
            assert run("apply", "organizations", "--auto-approve").code in {0, 1, 3}
            assert run("verify").code == 0
        finally:
            target.write_bytes(before[0])
            Path(".reconciler/state.db").write_bytes(before[1])


SETTINGS: dict[str, Any] = {
    "state": {"url": "sqlite:///.reconciler/state.db", "mustExist": False},
    "paths": ["organizations"],
    "target": "none",
    "format": "text",
    "failOn": "warning",
    "lockTimeout": "30s",
    "policy": {
        "severities": {"few-full-administrators": "error"},
        "requiredActor": True,
        "waivers": [
            {"rule": "few-full-administrators", "address": "acme-health/organization", "reason": "x", "expires": "2030-01-01T00:00:00Z"}
        ],
    },
}


@FEWER
@given(st.data())
def test_any_settings_are_taken_or_refused_as_usage(data: st.DataObject) -> None:
    text = json.dumps(SETTINGS, indent=1)
    made = data.draw(garbled(text)) if data.draw(st.booleans()) else as_yaml(data.draw(mutated(SETTINGS)))
    with tempfile.TemporaryDirectory() as name, folder(Path(name)):
        shutil.copytree(ROOT / "examples" / "single", "organizations")
        Path("reconciler.yaml").write_bytes(made)
        before = sorted(Path.cwd().rglob("*"))
        for command in (("validate",), ("plan",), ("show",), ("verify",), ("access", "larkspur")):
            answer = run(*command)
            assert answer.code in {0, 1, 3, 64}, (command, answer)
            if answer.code == 64:
                assert "error: " in answer.err + answer.out
        assert sorted(Path.cwd().rglob("*")) == before


OPTIONS = st.sampled_from(["--org", "-l", "--state", "--config", "--format", "--now", "--actor", "--lock-timeout", "--at", "--output"])
ARGUMENTS = (TEXTS | st.text(max_size=5)).map(lambda text: text.replace("\0", "").replace("\ud800", "\udcff"))
"""What a system can pass: nothing with NUL in it, and bytes that are no UTF-8 as Python shows them."""
COMMANDS = st.sampled_from(["show", "access", "who-can", "explain"])


@FEWER
@given(st.lists(st.tuples(OPTIONS, ARGUMENTS), max_size=2), ARGUMENTS, COMMANDS)
def test_any_argument_is_taken_or_refused(applied: Path, options: list[tuple[str, str]], argument: str, command: str) -> None:
    given_options = [part for option, value in options for part in (option, value)]
    with folder(applied), tempfile.TemporaryDirectory(dir=applied) as inner, folder(Path(inner)):
        assert run(command, argument, *given_options).code in {0, 1, 4, 64}


LONG = "x" * 3000
"""No system takes a file of this name."""


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "--config", LONG],
        ["show", "--state", f"sqlite:///{LONG}"],
        ["show", "--output", LONG],
        ["show", "--output", f"{LONG}/report"],
        ["show", f"{LONG}.json"],
        ["validate", LONG],
        ["plan", LONG],
        ["plan", "organizations", "--base", LONG],
        ["plan", "organizations", "--out", f"{LONG}.json"],
        ["apply", LONG, "--auto-approve"],
        ["apply", f"{LONG}.json"],
        ["drift", LONG],
        ["sweep", "--metrics", LONG],
        ["state", "copy", f"sqlite:///{LONG}"],
        ["grant", "revoke", LONG],
        ["init", LONG],
    ],
    ids=lambda arguments: " ".join(arguments).replace(LONG, "LONG"),
)
def test_a_name_that_no_system_takes_is_refused(applied: Path, arguments: list[str]) -> None:
    with folder(applied):
        assert run(*arguments).code in {1, 4, 64}
