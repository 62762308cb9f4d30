"""The engine that accepts and the engine that explains accept the same documents."""

import copy
import json
import re
import socket
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests import refusals, schema
from reconciler.manifests.schemas import schema_text
from reconciler.model.findings import Path

PERSON = {
    "email": "alice@acme.example",
    "name": "Alice Novak",
    "roles": ["full-administrator", "location-administrator"],
    "sites": {"acme.webex.com": {"role": "site-administrator", "meetingContentManager": True}},
    "locations": ["Berlin", "Praha"],
    "home": {"organization": "northwind"},
    "expiresAt": "2027-03-31T00:00:00Z",
}
METADATA = {"name": "acme", "labels": {"tier": "gold", "a.b/c": ""}, "annotations": {"owner": "platform team"}}
SPEC = {
    "displayName": "Acme",
    "webexId": "6f5e1b1c",
    "support": {"ciscoReadOnlyAccess": True},
    "services": ["calling", "events"],
    "sites": {"acme.webex.com": {"managedIn": "control-hub"}},
    "locations": ["Berlin"],
}
REQUEST = {
    "organization": "acme",
    "agent": {"email": "t@cisco.example", "type": "cisco-tac"},
    "reason": "r",
    "ticket": "4711",
    "requestedAt": "2026-11-20T09:00:00Z",
}
WAIVER = {"rule": "sign-in-once", "about": "acme/administrator/eve@x.example", "reason": "on leave", "expires": "2027-01-01T00:00:00Z"}


def manifest(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "reconciler/v1", "kind": kind, "metadata": METADATA, "spec": spec}


VALID: dict[str, tuple[str, dict[str, Any]]] = {
    "customer": (
        "organization.v1",
        manifest(
            "Organization",
            SPEC
            | {
                "type": "customer",
                "managedBy": "northwind",
                "restrictedMode": {"enabled": False, "exempt": ["users-claim-users"]},
                "administrators": [PERSON, {"email": "b@x", "roles": []}],
            },
        ),
    ),
    "partner": (
        "organization.v1",
        manifest("Organization", {"type": "partner", "administrators": [{"email": "b@x", "customers": ["acme", "globex"]}]}),
    ),
    "approved": (
        "elevation-grant.v1",
        manifest("ElevationGrant", REQUEST | {"approvedBy": "a@b", "approvedAt": "t", "expiresAt": "t", "revokedAt": "t"}),
    ),
    "denied": ("elevation-grant.v1", manifest("ElevationGrant", REQUEST | {"deniedBy": "a@b", "deniedAt": "t"})),
    "configuration": (
        "configuration.v1",
        {
            "state": {"url": "sqlite:///x", "mustExist": True},
            "paths": ["organizations"],
            "lockTimeout": "5m",
            "policy": {"severities": {"sign-in-once": "off"}, "waivers": [WAIVER], "requiredActor": True},
        },
    ),
}
SCHEMAS = sorted({name for name, _ in VALID.values()})
EDGES = (1, 12, 63, 128, 253, 254, 256, 317, 332, 4096)
HOSTILE: tuple[str, ...] = (
    *(
        "",
        " ",
        "\n",
        "\t",
        "\x00",
        "\x1c",
        "\x7f",
        "\x85",
        "\xa0",
        "\xad",
        "\u2003",
        "\u2028",
        "\u2029",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\uffff",
    ),
    *(
        "\U0001f600",
        "\U000e0041",
        "e\u0301",
        "\u212a",
        "\u0130",
        "\u017f",
        "ß",
        "À",
        "\uff20",
        "ａcme",
        "\u0661\u0662",
        "1",
        "-",
        "a-",
        "-a",
        "a--b",
    ),
    *(
        "acme\n",
        "acme\r",
        "acme\x85",
        "acme\u2028",
        "acme\r\n",
        "\nacme",
        "acme\x00",
        "acme\u0661",
        "acmé",
        "Acme",
        "a.b",
        "a_b",
        ".a",
        "a.",
    ),
    *(
        "@",
        "a@",
        "@a",
        "a@b",
        "a@b@c",
        "a@b\n",
        "a\n@b",
        "a@\x85",
        "\x85@b",
        "\ufeff@b",
        "a@\u2028",
        "\U0001f600@b",
        "a@b\U0001f600",
        "a@\uff20",
    ),
    *("acme/organization", "acme/organization\n", "acme/administrator/a@b", "acme/administrator/a\ufeff@b", "acme/administrator/a\x85@b"),
    *("acme/administrator/a@\x1c", "acme/elevation-grant/x", "acme/elevation-grant/-", "acme/administrator/a b@c"),
    *(
        "5m",
        "5m\n",
        "\u0665m",
        "5M",
        "m",
        "1" * 11 + "m",
        "1" * 12 + "m",
        "true",
        "null",
        "~",
        "{}",
        "[]",
        "$ref",
        "__proto__",
        "\\d",
        "^a$",
    ),
    *(
        "reconciler/v1",
        "reconciler/v1\n",
        "Organization",
        "full-administrator",
        "full-administrator ",
        "Full-administrator",
        "partner",
        "customer\n",
    ),
    *(character * length for length in EDGES for character in "a\U0001f600"),
    *(character * (length + 1) for length in EDGES for character in "a\U0001f600"),
    *("a@" + character * (length - 2) for length in (253, 254, 255) for character in "a\U0001f600"),
    *("a" * length + end for length in (61, 62, 63, 252, 253, 316, 317) for end in ("", "\n", "-")),
)
SCALARS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    10**39,
    -(10**39),
    2**63,
    2**64,
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    [1, True],
    [True, 1],
)


def test_the_documents_to_begin_with_are_valid() -> None:
    assert [schema.check_as(name, document) for name, document in VALID.values()] == [[]] * len(VALID)


@cache
def validator(name: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(schema_text(name)))


def agree(name: str, document: Any) -> None:
    """Hold both engines to one answer about *document*."""
    assert schema.accepts(name, document) is validator(name).is_valid(document), document


def agree_and_explain(name: str, document: Any) -> None:
    """Hold what is said to the user to it as well."""
    agree(name, document)
    assert (schema.check_as(name, document) == []) is schema.accepts(name, document)
    assert refusals.explain(name, document) == schema.check_as(name, document)


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every node below *value*."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in inner:
        yield (*path, step)
        yield from leaves(child, (*path, step))


def holder_of(document: Any, path: Path) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def changed(document: Any, path: Path, value: Any) -> Any:
    copied = copy.deepcopy(document)
    holder_of(copied, path)[path[-1]] = value
    return copied


def renamed(document: Any, path: Path, key: str) -> Any:
    copied = copy.deepcopy(document)
    holder = holder_of(copied, path)
    holder[key] = holder.pop(path[-1])
    return copied


@pytest.mark.parametrize("case", VALID)
def test_both_answer_alike_for_every_hostile_text_in_every_place(case: str) -> None:
    name, document = VALID[case]
    for path in leaves(document):
        for text in HOSTILE:
            agree(name, changed(document, path, text))
            if isinstance(path[-1], str):
                agree(name, renamed(document, path, text))


@pytest.mark.parametrize("case", VALID)
def test_both_answer_alike_for_every_other_kind_of_value_in_every_place(case: str) -> None:
    name, document = VALID[case]
    for path in leaves(document):
        for value in SCALARS:
            agree_and_explain(name, changed(document, path, value))


WORDS = sorted({word for name in SCHEMAS for word in re.findall(r"[A-Za-z][-A-Za-z/0-9.]*", schema_text(name)) if len(word) < 40})
TEXTS = st.text(max_size=12) | st.sampled_from(WORDS) | st.sampled_from(HOSTILE)
LEAVES = st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.sampled_from([0, 1]) | TEXTS
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, min_size=1, max_size=1).map(lambda one: one * 2)
    | st.dictionaries(st.sampled_from(WORDS) | TEXTS, inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(SCHEMAS), document=TREES)
def test_both_answer_alike_for_any_tree(name: str, document: Any) -> None:
    agree_and_explain(name, document)


@st.composite
def mutants(draw: st.DrawFn) -> tuple[str, Any]:
    """Return a valid document with one to three changes: a node dropped, renamed, doubled, replaced, or moved elsewhere."""
    name, document = VALID[draw(st.sampled_from(sorted(VALID)))]
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        places = list(leaves(document))
        if not places:
            break
        path = draw(st.sampled_from(places))
        holder, step = holder_of(document, path), path[-1]
        match draw(st.sampled_from(["drop", "rename", "double", "replace", "move"])):
            case "drop":
                del holder[step]
            case "rename" if isinstance(step, str):
                holder[draw(st.sampled_from(WORDS) | TEXTS)] = holder.pop(step)
            case "double" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[int(step)]))
            case "move":
                other = draw(st.sampled_from(places))
                source = holder_of(document, other)[other[-1]]
                holder[step] = copy.deepcopy(source)
            case _:
                holder[step] = draw(TREES)
    return name, document


@settings(max_examples=500, deadline=None)
@given(mutant=mutants())
def test_both_answer_alike_for_manifests_with_mistakes(mutant: tuple[str, Any]) -> None:
    agree_and_explain(*mutant)


def test_a_refusal_that_cannot_be_explained_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    name, document = VALID["denied"]
    monkeypatch.setattr(schema, "accepts", lambda _name, _document: False)
    assert [(finding.rule, finding.message, finding.path) for finding in schema.check_as(name, document)] == [
        ("schema-value", "the document is not accepted", ())
    ]


def test_what_the_engine_cannot_take_is_left_to_the_other_one() -> None:
    name, document = VALID["denied"]
    odd = changed(document, ("metadata", "annotations"), {1: "x"})  # cannot come out of a file
    assert (schema.accepts(name, odd), schema.check_as(name, odd)) == (None, [])


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        remote = json.dumps({"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/x.json"})
        monkeypatch.setattr(schema, "schema_text", lambda _name: remote)
        assert schema.accepts("remote", {}) is None
        with pytest.raises(BlockingIOError):  # nobody has connected
            server.accept()
