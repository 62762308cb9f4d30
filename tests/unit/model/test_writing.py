"""Writing as it comes gives the bytes of writing at once, and hashing as it comes the hash of the compact form."""

import json
from hashlib import sha256
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.documents import compact
from reconciler.model.writing import Shared, hash_document, write_document

TEXTS = st.text(max_size=8) | st.sampled_from(["##[error]x", "###[", "\\##[", "a\nb", "\ud800", "\u2028", '"', "__x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4)


def streamed(document: dict[str, Any]) -> dict[str, Any]:
    return {key: iter(value) if isinstance(value, list) else value for key, value in document.items()}


def written(document: dict[str, Any]) -> str:
    out = StringIO()
    write_document(document, out)
    return out.getvalue()


@given(DOCUMENTS)
def test_a_document_reads_as_what_was_written_and_hashes_as_its_compact_form(document: dict[str, Any]) -> None:
    text = written(streamed(document))
    assert text.isascii()
    assert hash_document(streamed(document)) == f"sha256:{sha256(compact(json.loads(text))).hexdigest()}"
    assert hash_document(document) == hash_document(streamed(document))


@given(DOCUMENTS)
def test_a_list_that_comes_one_by_one_gives_the_same_bytes(document: dict[str, Any]) -> None:
    assert written(streamed(document)) == written(document)


@given(DOCUMENTS)
def test_the_bytes_are_those_of_the_json_library_but_for_one_marker(document: dict[str, Any]) -> None:
    plain = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=True) + "\n"
    assert written(document) == plain.replace("##[", "#\\u0023[")
    assert "##[" not in written(document)


@given(st.lists(VALUES, max_size=3), DOCUMENTS)
def test_what_elements_share_gives_the_same_bytes(common: list[Any], element: dict[str, Any]) -> None:
    shared = Shared(common)
    others = [{**element, "a": shared}, {"b": shared, "a": 1}, common, element]
    assert written({"list": iter(others)}) == written({"list": json.loads(json.dumps(others))})


def test_what_is_shared_is_made_text_once_and_not_kept_for_ever() -> None:
    made: list[int] = []

    class Counted(dict[str, int]):
        def items(self) -> Any:
            made.append(1)
            return super().items()

    shared = Shared([Counted(a=1)])
    written({"list": ({"number": number, "shared": shared} for number in range(3))})
    assert made == [1]
    several = ({"shared": Shared([number])} for number in range(5000))
    assert json.loads(written({"list": several}))["list"][-1] == {"shared": [4999]}
