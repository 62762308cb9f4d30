import pytest

from reconciler.manifests.locate import place, pointer, resolve_path
from reconciler.manifests.marks import Marks
from reconciler.model.findings import Finding, Path, Position, Range, Severity

DOCUMENT = {
    "spec": {
        "administrators": [{"email": "Bob@acme.example", "roles": ["a", "b"]}, {"email": "ＡLICE@acme.example"}],
        "locations": ["Berlin"],
    }
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("spec", "administrators", "bob@acme.example", "roles", "b"), ("spec", "administrators", 0, "roles", 1)),
        (("spec", "administrators", "alice@acme.example"), ("spec", "administrators", 1)),
        (("spec", "administrators", 1, "email"), ("spec", "administrators", 1, "email")),
        (("spec", "administrators", "nobody@acme.example", "roles"), ("spec", "administrators")),
        (("spec", "locations", "Berlin"), ("spec", "locations", 0)),
        (("spec", "locations", 4), ("spec", "locations")),
        (("spec", "locations", 0, "deeper"), ("spec", "locations", 0)),
        (("nowhere",), ()),
    ],
)
def test_a_path_leads_to_what_exists(path: Path, expected: Path) -> None:
    assert resolve_path(DOCUMENT, path) == expected


def test_a_pointer_escapes_its_steps() -> None:
    assert pointer(("a/b", "c~d", 0)) == "/a~1b/c~0d/0"


def test_an_unknown_field_is_placed_at_its_name_and_everything_else_at_its_value() -> None:
    marks = Marks(filename="a.yaml", nodes={(): (1, 1, 1, 5), ("x",): (1, 4, 1, 5)}, keys={("x",): (1, 1, 1, 2)})
    for rule, column in (("schema-unknown-field", 1), ("schema-type", 4)):
        placed = place(Finding(rule=rule, severity=Severity.ERROR, message="m", path=("x", "deeper")), {"x": 1}, marks)
        assert placed.pointer == "/x"
        assert placed.range == Range(filename="a.yaml", start=Position(line=1, column=column), end=Position(line=1, column=column + 1))
