"""Line by line, by events, and slowly: whatever is read in the first way has the same value and the same places in the others."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.manifests import lines, parse
from reconciler.manifests.explain import explain
from reconciler.manifests.streams import Chunk, refusal, split

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/**/*.yaml"))
SEEDS = [
    "a: b\nc:\n- d\n- e: f\n  g: h\ni: [j, k l]\nm: {n: o, p: q}\n",
    "a:\n  b:\n    - c\n    - d: e\n      f:\n        g: h\n",
    "metadata:\n  name: x #\nspec:\n  administrators:\n  - email: a@b\n    roles: []\n  #\n\n  - sites:\n      x.y: {role: 'z'}\n  x: 1",
    *(path.read_text(encoding="utf-8") for path in EXAMPLES[:5]),
]
TOKENS = (
    *(
        " ",
        "  ",
        "\n",
        "- ",
        "-",
        ":",
        ": ",
        "#",
        " #",
        "a",
        "b: c",
        "[",
        "]",
        "{",
        "}",
        ",",
        ", ",
        '"',
        "'",
        "\\",
        "\t",
        "\r",
        "!",
        "&a",
        "*a",
    ),
    *(
        "|",
        ">",
        "? ",
        "%",
        "@",
        "`",
        "---",
        "--- ",
        "...",
        "~",
        "null",
        "true",
        "0x1",
        "-1",
        "+1",
        "017",
        "1.5",
        "9" * 41,
        "é",
        "\u3000",
        "\u00a0",
    ),
    *(
        "<<: x",
        "true: a",
        "null: a",
        "a: b\n",
        "x/y",
        "_",
        ".",
        "/",
        "''",
        '""',
        "\n\n",
        "\n  ",
        "\n    ",
        "\n- ",
        "\n# c\n",
        "name: y",
        "- a: b\n",
    ),
    *(
        "metadata: {name: z}\n",
        "metadata:\n  name: z\n",
        "spec:\n  administrators:\n",
        "    - email: a@b\n",
        "  - - a\n",
        "a: [b, {c: d}]\n",
    ),
)
SOUP = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=14).map("".join)


@st.composite
def mistyped(draw: st.DrawFn) -> str:
    """Return a document with a few slips: something inserted, cut, shifted, repeated or moved."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 3))):
        rows = text.split("\n")
        at, to = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["insert", "cut", "indent", "dedent", "repeat", "swap", "drop"])):
            case "insert":
                place = draw(st.integers(0, len(rows[at])))
                rows[at] = rows[at][:place] + draw(st.sampled_from(TOKENS)) + rows[at][place:]
            case "cut":
                place = draw(st.integers(0, len(rows[at])))
                rows[at] = rows[at][:place] + rows[at][place + draw(st.integers(1, 3)) :]
            case "indent":
                rows[at] = " " * draw(st.integers(1, 4)) + rows[at]
            case "dedent":
                rows[at] = rows[at].removeprefix(" " * draw(st.integers(1, 4)))
            case "repeat":
                rows.insert(to, rows[at])
            case "swap":
                rows[at], rows[to] = rows[to], rows[at]
            case _:
                del rows[at]
        text = "\n".join(rows)
    return text


def read_in_lines(text: str, line: int = 1) -> Any:
    """Return what the reading by lines makes of *text*, and hold it to the slow one; None when it gives up."""
    chunk = Chunk(data=text.encode(), start=0, line=line, filename="a.yaml")
    got = None if refusal(chunk) else lines.read(chunk.data, line)
    if got is None:
        return None
    value, spots = got
    explained = explain(chunk)
    assert (repr(value), (), True) == (repr(explained.value), explained.findings, explained.usable)  # repr: 1 is not true, and order counts
    assert value == parse._value_of(chunk.data)
    nodes = explained.marks.nodes
    name = value["metadata"].get("name") if isinstance(value.get("metadata"), dict) else None
    if isinstance(name, str):
        assert spots.name == spots.at(("metadata", "name")) == nodes["metadata", "name"]
    people = value["spec"].get("administrators") if isinstance(value.get("spec"), dict) else None
    if isinstance(people, list) and all(isinstance(person, dict) for person in people):
        paths: list[tuple[str | int, ...]] = [("spec", "administrators", position) for position in range(len(people))]
        assert spots.people == tuple(map(spots.at, paths)) == tuple(nodes[path] for path in paths)
    return value


@settings(max_examples=1000, deadline=None)
@given(text=mistyped() | SOUP, line=st.integers(1, 9))
@example(text="---\na: b\n", line=7)
@example(text="a: b\n  - c\n", line=1)
@example(text="a:\n- b\n- c: d\n  e: [f]\ng: h", line=1)
@example(text="a: b #c\nd: e#f\n", line=1)
def test_what_is_read_in_lines_is_what_the_events_say(text: str, line: int) -> None:
    read_in_lines(text, line)


@pytest.mark.parametrize("step", ["a:\n", "- a:\n"])
def test_the_depth_limit_is_kept_in_lines_too(step: str) -> None:
    texts = ["a:\n" + "".join(" " * 2 * level + step for level in range(1, depth)) + " " * 2 * depth for depth in range(5, 40)]
    read = [read_in_lines(text + "- b: [c]\n") is not None for text in texts]
    assert (read[0], read[-1], sorted(read, reverse=True)) == (True, False, read)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: "/".join(path.parts[-3:]))
def test_every_example_is_read_in_lines(path: Path) -> None:
    for chunk in split(path.read_bytes(), path.name):
        assert isinstance(chunk, Chunk)
        assert read_in_lines(chunk.data.decode(), chunk.line) is not None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a: b\na: c\n",
            "a:\n",
            "a: ~\n",
            "a: null\n",
            "true: a\n",
            "{a: b}\n",
            "[a]\n",
            "a\n",
            "# a\n",
            "",
            "a: &b c\n",
            "a: *b\n",
            "a: !!str b\n",
        ),
        *(
            "a: ! b\n",
            "<<: {a: b}\n",
            'a: "\\x41"\n',
            "a: 'b''c'\n",
            "a: |\n  b\n",
            "a: >\n  b\n",
            "a: b\n  c\n",
            "a: b\n  - c\n",
            "a: b\n c: d\n",
        ),
        *(
            "a:\tb\n",
            "a: b\r\nc: d\r\n",
            "? a\n: b\n",
            "a: [b, [c]]\n",
            "a: {b: {c: d}}\n",
            "a: [b\n]\n",
            "a: {b: c, b: d}\n",
            "a: {null: b}\n",
        ),
        *(
            "a: [~]\n",
            "a: " + "9" * 41 + "\n",
            "metadata: {name: a}\n",
            "- a\n",
            "- - a\n",
            "a:\n  - b\n c: d\n",
            "...\na: b\n",
            '"a": b\n',
            "a : b\n",
        ),
        "a:\n" + "".join(f"{' ' * depth}a:\n" for depth in range(1, 40)) + " " * 40 + "b: c\n",
        "a:\n" + "- b\n" * 70_000,
    ],
    ids=lambda text: text[:20],
)
def test_whatever_else_is_left_to_the_events(text: str) -> None:
    assert lines.read(text.encode(), 1) is None


def test_places_are_those_of_the_last_value_not_of_what_stands_behind_it() -> None:
    text = (
        "metadata:\n  name:  'é'  # c\nspec:\n  administrators:\n"
        "    -  email: a@b\n       roles: []  # d\n\n    # e\n    - email: c\n# f\n  type: x\n"
    )
    got = lines.read(text.encode(), 11)
    assert got is not None
    assert (got[1].name, got[1].people) == ((12, 10, 12, 13), ((15, 8, 16, 17), (19, 7, 19, 15)))
