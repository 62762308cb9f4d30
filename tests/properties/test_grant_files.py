"""However the file of a grant is written: adding fields adds these bytes and this meaning, and nothing else."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests import GrantDurations
from reconciler.manifests.grant_files import read_grant_file
from reconciler.manifests.parse import value_of
from reconciler.manifests.streams import Chunk, split

DURATIONS = GrantDurations()
FIELDS = {"approvedBy": "alice@acme.example", "approvedAt": "2026-11-20T09:10:00Z", "expiresAt": "2026-11-20T10:10:00Z"}
COMMENTS = st.sampled_from(["", "", " # é: {", "\t# x", "   # @y"])
REASONS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Cn"]), min_size=1, max_size=20)
OTHERS = [
    "apiVersion: reconciler/v1\nkind: Organization\nmetadata:  {name: acme}\nspec: {type: customer}\n",
    "# only a comment\n",
    "apiVersion: reconciler/v1\nkind: Organization\nmetadata:\n      name: globex\nspec:\n    type:  partner # x\n",
]


def quoted(text: str, style: int) -> str:
    return json.dumps(text, ensure_ascii=False) if style == 0 else "'" + text.replace("'", "''") + "'"


@st.composite
def grants(draw: st.DrawFn) -> str:
    """Return the document of a pending grant in some layout."""
    step = " " * draw(st.integers(1, 6))
    style = draw(st.integers(0, 1))
    pairs = {
        "organization": "acme",
        "agent": f"{{email: tac@cisco.example,  type: {quoted('cisco-tac', style)}}}",
        "reason": quoted(draw(REASONS), style),
        "requestedAt": draw(st.sampled_from(["2026-11-20T09:00:00Z", '"2026-11-20T09:00:00Z"', "'2026-11-20T10:00:00+01:00'"])),
    }
    order = draw(st.permutations(list(pairs)))
    head = "apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata:\n  name: inc-1\n"
    if draw(st.booleans()):
        gap = draw(st.sampled_from([", ", ",\n " + step, " , "]))
        return f"{head}spec: {{{gap.join(f'{field}: {pairs[field]}' for field in order)} }}{draw(COMMENTS)}\n"
    lines = [f"{step}{field}:{draw(st.sampled_from([' ', '   ']))}{pairs[field]}{draw(COMMENTS)}\n" for field in order]
    return f"{head}spec:{draw(COMMENTS)}\n{draw(st.sampled_from(['', chr(10)])).join(lines)}"


@st.composite
def files(draw: st.DrawFn) -> bytes:
    documents = [draw(grants()), *draw(st.lists(st.sampled_from(OTHERS), max_size=2))]
    text = draw(st.sampled_from(["---\n", "--- # x\n", "...\n---\n"])).join(draw(st.permutations(documents)))
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return draw(st.sampled_from(["", "\ufeff"])).encode() + text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"]))).encode()


def values(data: bytes) -> list[object]:
    return [value_of(piece) for piece in split(data, "x") if isinstance(piece, Chunk)]


@given(files())
def test_every_old_byte_stays_and_the_meaning_is_the_old_one_with_the_fields(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "inc-1.yaml")
        path.write_bytes(data)
        file = read_grant_file(str(path), DURATIONS)
        made = file.with_fields(FIELDS, after="requestedAt", durations=DURATIONS).encode()
        path.write_bytes(made)
        assert read_grant_file(str(path), DURATIONS).grant.approved_by == FIELDS["approvedBy"]
    kept = next((at for at, (old, new) in enumerate(zip(data, made, strict=False)) if old != new), len(data))
    assert made.endswith(data[kept:])
    assert len(made) > len(data)
    expected = values(data)
    for value in expected:
        if isinstance(value, dict) and value["kind"] == "ElevationGrant":
            value["spec"] |= FIELDS
    assert values(made) == expected
