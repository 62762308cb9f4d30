import pytest

from reconciler.manifests.streams import DOCUMENT_LIMIT, Chunk, refusal, split
from reconciler.model.findings import Finding


def pieces(data: bytes) -> list[tuple[int, bytes] | str]:
    return [piece.rule if isinstance(piece, Finding) else (piece.line, piece.data) for piece in split(data, "a.yaml")]


def test_documents_are_split_at_markers_with_their_lines() -> None:
    assert pieces(b"a: 1\n---\nb: 2\n--- {c: 3}\n") == [(1, b"a: 1\n"), (2, b"---\nb: 2\n"), (4, b"--- {c: 3}\n")]


def test_an_end_marker_belongs_to_the_document_it_ends() -> None:
    assert pieces(b"a: 1\n... # done\nb: 2\n") == [(1, b"a: 1\n... # done\n"), (3, b"b: 2\n")]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment", b"---\n", b"---\n# x\n...\n---", b"\xef\xbb\xbf# x\n", b"...\n...\n"])
def test_documents_of_comments_only_are_left_out(data: bytes) -> None:
    assert pieces(data) == []


@pytest.mark.parametrize("data", [b"a: ---\n", b"a: |\n  ---\n", b"----\n", b"---a\n", b"--- ...\n"])
def test_dashes_elsewhere_are_no_markers(data: bytes) -> None:
    assert pieces(data) == [(1, data)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_break_of_yaml_counts_once(end: bytes) -> None:
    assert [piece[0] for piece in pieces(end.join([b"a: 1", b"b: 2", b"---", b"c: 3"])) if isinstance(piece, tuple)] == [1, 3]


def test_a_leading_byte_order_mark_is_dropped() -> None:
    assert pieces(b"\xef\xbb\xbfa: 1\n") == [(1, b"a: 1\n")]


def test_the_size_limit_holds_for_each_document() -> None:
    full = b"a: " + b"x" * (DOCUMENT_LIMIT - 4) + b"\n"
    assert len(pieces(full + b"---\n" + b"b: 1\n")) == 2
    assert pieces(b"c: 1\n---\n" + full) == [(1, b"c: 1\n"), "yaml-too-large"]


def refused(data: bytes) -> tuple[str, int, int] | None:
    finding = refusal(Chunk(data=data, start=0, line=10, filename="a.yaml"))
    if finding is None:
        return None
    assert finding.range is not None
    return finding.rule, finding.range.start.line, finding.range.start.column


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: b\tc # \xc3\xa9\r\n", None),
        ("á: \x7f".encode(), ("yaml-character", 10, 4)),
        (b"a\n b\x00", ("yaml-character", 11, 3)),
        ("ž: \u2028".encode(), ("yaml-character", 10, 4)),
        ("a\nžž\ufeff".encode(), ("yaml-character", 11, 3)),
        ("žž: ".encode() + b"\xff", ("yaml-encoding", 10, 5)),
        (b"a: 1\n%YAML 1.1\n", ("yaml-directive", 11, 1)),
        (b"a: 100%\n", None),
    ],
)
def test_what_must_not_reach_a_parser_is_refused_with_its_place(data: bytes, expected: tuple[str, int, int] | None) -> None:
    assert refused(data) == expected
