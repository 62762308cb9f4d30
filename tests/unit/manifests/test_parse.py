"""Both readings of a document: the quick one and the one that explains."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.manifests import events, parse
from reconciler.manifests.explain import Explained
from reconciler.manifests.streams import Chunk
from reconciler.model.findings import Finding


def chunk(text: str | bytes, line: int = 1) -> Chunk:
    data = text if isinstance(text, bytes) else text.encode()
    return Chunk(data=data, start=0, line=line, filename="a.yaml")


def explained(text: str | bytes, line: int = 1) -> Explained:
    return parse.explain(chunk(text, line))


def problems(text: str) -> list[tuple[str, str | None, int, int]]:
    return [
        (finding.rule, finding.pointer, finding.range.start.line, finding.range.start.column)
        for finding in explained(text).findings
        if finding.range is not None
    ]


def test_clean_documents_give_plain_values() -> None:
    text = "a: [x, 0123, true]\nb:\n  - c: 'no'\n  - on\nt: 2026-11-20T09:00:00Z\n"
    assert parse.value_of(chunk(text)) == {"a": ["x", 123, True], "b": [{"c": "no"}, "on"], "t": "2026-11-20T09:00:00Z"}


@pytest.mark.parametrize("text", ["# nothing\n", "--- # nothing\n", ""])
def test_a_document_of_comments_is_empty(text: str) -> None:
    assert parse.value_of(chunk(text)) is parse.EMPTY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ("yaml-duplicate-key", "/a", 3, 1)),
        ("a:\n  b: ~\n", ("yaml-null", "/a/b", 2, 6)),
        ("a:\n  b:\n", ("yaml-null", "/a/b", 2, 3)),
        ("a: [x, null]\n", ("yaml-null", "/a/1", 1, 8)),
        ("a: *b\n", ("yaml-alias", "/a", 1, 4)),
        ("a: &b c\n", ("yaml-anchor", "/a", 1, 4)),
        ("a: &b {c: d}\n", ("yaml-anchor", "/a", 1, 4)),
        ("a: !!str 1\n", ("yaml-tag", "/a", 1, 4)),
        ("a: ! 1\n", ("yaml-tag", "/a", 1, 4)),
        ('a: ! "1"\n', ("yaml-tag", "/a", 1, 4)),
        ("! a: b\n", ("yaml-tag", "/a", 1, 1)),
        ("a: ! [b]\n", ("yaml-tag", "/a", 1, 4)),
        ("<<: {a: b}\n", ("yaml-merge-key", "", 1, 1)),
        ("1: a\n", ("yaml-key-type", "/1", 1, 1)),
        ("true: a\n", ("yaml-key-type", "/true", 1, 1)),
        ("? [a]\n: b\n", ("yaml-key-type", "", 1, 3)),
        ("? {a: b}\n: c\n", ("yaml-key-type", "", 1, 3)),
        ("a: " + "9" * 41 + "\n", ("yaml-integer-too-long", "/a", 1, 4)),
        ("a: 'b\n", ("yaml-syntax", "", 2, 1)),
        ("a~b/c: ~\n", ("yaml-null", "/a~0b~1c", 1, 8)),
    ],
)
def test_each_kind_of_trouble_is_named_once_with_its_place(text: str, expected: tuple[str, str, int, int]) -> None:
    assert problems(text) == [expected]
    with pytest.raises(parse.UncleanError):
        parse.value_of(chunk(text))


def test_a_repeated_key_names_both_places_and_keeps_the_first_value() -> None:
    result = explained("a: {x: 1}\nb: 2\na: {y: 3}\n", line=7)
    assert result.value == {"a": {"x": 1}, "b": 2}
    assert [finding.detail for finding in result.findings] == ["first at a.yaml:7:1"]


def test_keys_that_a_reader_of_yaml_1_1_would_turn_into_booleans_are_text() -> None:
    assert parse.value_of(chunk("on: a\nno: b\ny: c\n")) == {"on": "a", "no": "b", "y": "c"}


def test_all_trouble_of_one_document_comes_back_together() -> None:
    rules = [rule for rule, *_ in problems("a: ~\nb: *x\nc: &y [!!int 1]\na: 2\n3: 4\n")]
    assert rules == ["yaml-null", "yaml-alias", "yaml-anchor", "yaml-tag", "yaml-duplicate-key", "yaml-key-type"]


def test_every_node_has_its_range_in_code_points() -> None:
    marks = explained("žž: [é, {b: 'x'}]\nc:\n  - d\n  - e: f\n\n# end\n", line=5).marks
    assert marks.nodes == {
        (): (5, 1, 8, 9),
        ("žž",): (5, 5, 5, 18),
        ("žž", 0): (5, 6, 5, 7),
        ("žž", 1): (5, 9, 5, 17),
        ("žž", 1, "b"): (5, 13, 5, 16),
        ("c",): (7, 3, 8, 9),
        ("c", 0): (7, 5, 7, 6),
        ("c", 1): (8, 5, 8, 9),
        ("c", 1, "e"): (8, 8, 8, 9),
    }
    assert marks.keys[("c", 1, "e")] == (8, 5, 8, 6)


@pytest.mark.parametrize("depth", [events.DEPTH_LIMIT, events.DEPTH_LIMIT + 1])
def test_the_depth_limit_counts_lists_and_mappings(depth: int) -> None:
    text = "a: " + "[" * (depth - 1) + "]" * (depth - 1)
    rules = [rule for rule, *_ in problems(text)]
    assert rules == (["yaml-too-deep"] if depth > events.DEPTH_LIMIT else [])


def test_the_node_limit_stops_the_stream() -> None:
    text = "a: [" + "b," * events.NODES_LIMIT + "]"
    result = explained(text)
    assert ([finding.rule for finding in result.findings], result.stops_stream, result.usable) == (["yaml-too-many-nodes"], True, False)


def test_a_marker_inside_the_first_line_is_no_second_document() -> None:
    assert [rule for rule, *_ in problems("--- a\n... b\n")] == ["yaml-syntax"]


TEXTS = st.text(st.sampled_from("ab1:-,[]{}&*!?#'\"| \n\té~<0"), max_size=40)


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_both_readings_agree(text: str) -> None:
    result = explained(text)
    try:
        value = parse.value_of(chunk(text))
    except parse.UncleanError:
        return
    if value is not parse.EMPTY:
        assert (value, (), True) == (result.value, result.findings, result.usable)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
@example(text="? {}")
def test_the_scanner_in_python_gives_the_same_values(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fast = explained(text)
        patch.setattr(events, "Loader", events.PureLoader)
        slow = explained(text)
    if fast.usable and slow.usable:  # the two scanners refuse different oddities
        assert (fast.value, list(map(placed, fast.findings))) == (slow.value, list(map(placed, slow.findings)))


def placed(finding: Finding) -> Finding:
    """Return *finding* without the place of something that is not there: after the last line the two scanners differ about it."""
    nowhere = finding.range is not None and finding.range.start == finding.range.end
    return replace(finding, range=None) if nowhere else finding


def test_the_scanner_in_python_refuses_lone_surrogates_too() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "Loader", events.PureLoader)
        assert problems('a: "\\ud800"\n') == [("yaml-syntax", "", 1, 4)]
        assert problems('a: "\\U00110000"\n')[0][0] == "yaml-syntax"


PLAIN = st.recursive(
    st.text(max_size=8) | st.integers(-(10**9), 10**9) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(value=st.dictionaries(st.text(min_size=1, max_size=5), PLAIN, min_size=1, max_size=4))
def test_what_yaml_writes_in_quotes_is_read_back(value: dict[str, object]) -> None:
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    try:
        assert parse.value_of(chunk(text.replace('!!int "', '"').replace('!!bool "', '"'))) == _as_text(value)
    except parse.UncleanError:
        assert any(mark in text for mark in ("!", "<<", "&"))


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
