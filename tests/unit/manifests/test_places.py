"""A document looked at once more tells where its people stand, however their addresses are spelled."""

import pytest

from reconciler.manifests.places import Again
from reconciler.manifests.streams import Chunk

PEOPLE = "    - email: Bob@acme.example\n    - email: eve@acme.example\n    - email: BOB@ACME.example\n"
BLOCK = f"spec:\n  administrators:\n{PEOPLE}"
FLOW = "spec: {administrators: [{email: Bob@acme.example}, {email: eve@acme.example}, {email: BOB@ACME.example}]}\n"


def again(text: str) -> Again:
    return Again(Chunk(data=text.encode(), start=0, line=1, filename="a.yaml"))


@pytest.mark.parametrize("text", [BLOCK, FLOW], ids=["plain", "in brackets"])
def test_a_person_is_found_by_the_first_entry_of_that_identity(text: str) -> None:
    document = again(text)
    assert document.by_position(("spec", "administrators", "bob@ACME.example", "roles", 1)) == ("spec", "administrators", 0, "roles", 1)
    assert document.by_position(("spec", "administrators", "eve@acme.example")) == ("spec", "administrators", 1)


PEOPLE_OF_SPEC = ("spec", "administrators")
OTHERS = [(), ("metadata", "name"), PEOPLE_OF_SPEC, (*PEOPLE_OF_SPEC, 1), (*PEOPLE_OF_SPEC, "dan@x.example")]
NOBODY = ["a: b\n", "- a\n", "spec: x\n", "spec: {administrators: x}\n", "spec: {administrators: [x, {email: 7}]}\n"]


@pytest.mark.parametrize("path", OTHERS)
def test_any_other_path_stays_as_it_is(path: tuple[str | int, ...]) -> None:
    assert again(BLOCK).by_position(path) == path


@pytest.mark.parametrize(
    "text", ["a: b\n", "- a\n", "spec: x\n", "spec: {administrators: x}\n", "spec: {administrators: [x, {email: 7}]}\n"]
)
def test_a_document_without_people_has_no_positions(text: str) -> None:
    path = ("spec", "administrators", "bob@acme.example")
    assert again(text).by_position(path) == path
