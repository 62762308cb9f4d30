"""What a schema refuses, in words: one helpful finding for each problem. The only place that knows jsonschema.

`schema` asks a faster engine first and imports this module when that one refuses. Nothing is ever fetched: the registry
is empty and explicit.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any, Final

import jsonschema
import referencing

from reconciler.manifests.schemas import API_VERSION, SCHEMA_OF_KIND, schema_text
from reconciler.model.findings import Finding, Path, Severity

_MOST: Final = 2000  # more than are reported of one stream; bounds the time for a large document in which everything is wrong

_Error = Any  # jsonschema.ValidationError, whose attributes are all typed as "perhaps unset"
_TYPES: Final = {"object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false", "integer": "an integer"}
_BOOLEANS: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_SITE_ROLE: Final = "a site role stands under sites: {SITE: {role: ROLE}}"
# Fields that exist, but elsewhere.
_MISPLACED: Final[Mapping[tuple[Path, str], str]] = {
    (("spec",), "labels"): "labels stand under metadata",
    (("spec",), "name"): "the name stands under metadata",
    (("metadata",), "displayName"): "displayName stands under spec",
    (("metadata",), "organization"): "organization stands under spec",
    (("spec", "administrators"), "restrictedMode"): "restrictedMode stands under spec, for the whole organization",
}
# Role ids that exist but stand elsewhere; the message says where instead of calling them unknown.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "site-administrator": _SITE_ROLE,
    "site-user-administrator": _SITE_ROLE,
    "site-read-only-administrator": _SITE_ROLE,
    "meeting-content-manager": "it stands under sites: {SITE: {meetingContentManager: true}}",
}


def explain(name: str, document: Any) -> list[Finding]:
    """Return everything in *document* that the schema *name* refuses; empty when it is valid."""
    validator = _validator(name)
    findings = islice((finding for error in validator.iter_errors(document) for finding in _explain(error, validator.schema)), _MOST)
    return _once(findings)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """Drop repetitions, and what is said of the form of a text whose length is wrong already."""
    kept = dict.fromkeys(findings)
    wrong_length = {finding.path for finding in kept if finding.rule == "schema-length"}
    return [finding for finding in kept if finding.rule != "schema-pattern" or finding.path not in wrong_length]


@cache
def _validator(name: str) -> Any:
    return _Validator(json.loads(schema_text(name)), registry=referencing.Registry())


def explain_header(document: Any) -> Iterator[Finding]:
    """Yield what is wrong with a document of which it is unknown what it is: it is no mapping, or its kind is not in `SCHEMA_OF_KIND`."""
    if not isinstance(document, dict):
        detail = "it has apiVersion, kind, metadata and spec"
        yield _finding("schema-type", f"a manifest is a mapping, not {_kind_of(document)}", (), detail=detail)
        return
    kinds = sorted(SCHEMA_OF_KIND)
    if "kind" not in document:
        yield _finding("schema-required", "kind is missing", (), detail=f"one of: {', '.join(kinds)}")
    elif isinstance(document["kind"], str):
        yield _unknown("unknown-kind", "kind", document["kind"], kinds, ("kind",))
    else:
        yield _finding("schema-type", f"kind is {_kind_of(document['kind'])}, not text", ("kind",), detail=f"one of: {', '.join(kinds)}")
    version = document.get("apiVersion")
    if version is None:
        yield _finding("schema-required", "apiVersion is missing", (), hint=f"apiVersion: {API_VERSION}")
    elif version != API_VERSION:
        yield _unknown("unknown-api-version", "apiVersion", str(version), [API_VERSION], ("apiVersion",))


def _explain(error: _Error, schema: Any) -> Iterable[Finding]:
    path: Path = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        return [_about_key(error, path)]
    if "allOf" in error.absolute_schema_path:
        return [_condition(error, path, schema)]
    explain = _EXPLAIN.get(str(error.validator))
    return explain(error, path) if explain else [_finding("schema-value", f"{_name(path)} is not accepted", path)]


def _additional_properties(error: _Error, path: Path) -> Iterator[Finding]:
    allowed = sorted(error.schema.get("properties", ()))
    for field in error.instance:
        if field not in allowed:
            parent = tuple(step for step in path if isinstance(step, str))
            hint = _MISPLACED.get((parent, field)) or _closest(field, [name for name in allowed if name not in error.instance] or allowed)
            yield _finding(
                "schema-unknown-field",
                f"unknown field {_shown(field)}",
                (*path, field),
                detail=f"fields here: {', '.join(allowed)}",
                hint=hint,
            )


def _required(error: _Error, path: Path) -> Iterator[Finding]:
    for field in error.validator_value:
        if field not in error.instance:
            yield _finding("schema-required", f"{field} is missing{_inside(path)}", path, detail=_describe(error.schema, field))


def _dependencies(error: _Error, path: Path) -> Iterator[Finding]:
    """Name each missing field once, with those beside which it is needed."""
    missing: dict[str, list[str]] = {}
    for field, needed in error.validator_value.items():
        for other in needed:
            if field in error.instance and other not in error.instance:
                missing.setdefault(other, []).append(field)
    for field, beside in missing.items():
        yield _finding("schema-required", f"{field} is missing beside {' and '.join(beside)}", path, detail=_describe(error.schema, field))


def _type(error: _Error, path: Path) -> Iterator[Finding]:
    wanted, value = error.validator_value, error.instance
    shown = f" {_shown(str(value))}" if isinstance(value, str | int) and not isinstance(value, bool) else ""
    detail, hint = "", None
    if wanted == "string" and isinstance(value, bool | int):
        detail = "text that looks like a number or a boolean stands in quotes"
        hint = None if _name(path).endswith(("At", "expires")) else f'"{_shown(str(value).lower())}"'
    elif wanted == "boolean" and isinstance(value, str):
        detail, hint = "true or false; YAML 1.2 knows no yes, no, on or off", _BOOLEANS.get(value.lower())
    elif wanted == "array" and isinstance(value, str):
        detail, hint = "a list, also when it has one item", f"[{_shown(value)}]"
    kinds = " or ".join(_TYPES[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted))
    message = f"{_name(path)} is {_kind_of(value)}{shown}, not {kinds}"
    yield _finding("schema-type", message, path, detail=detail, hint=hint)


def _enum(error: _Error, path: Path) -> Iterator[Finding]:
    if not isinstance(error.instance, str):
        return  # the type is wrong, which is said already
    value, allowed = error.instance, list(error.validator_value)
    if path == ("apiVersion",):
        yield _unknown("unknown-api-version", "apiVersion", value, allowed, path)
    elif "roles" in path and value in _ELSEWHERE:
        yield _finding("schema-enum", f"{value} does not stand under roles", path, detail=_ELSEWHERE[value])
    else:
        yield _unknown("schema-enum", str(error.schema.get("title", _name(path))).lower(), value, allowed, path)


def _pattern(error: _Error, path: Path) -> Iterator[Finding]:
    yield _finding(
        "schema-pattern",
        f"{_name(path)} {_shown(error.instance)} is not of the right form",
        path,
        detail=_form(error),
        hint=_lowered(error),
    )


def _length(error: _Error, path: Path) -> Iterator[Finding]:
    bound = "at least" if str(error.validator).startswith("min") else "at most"
    unit = "characters" if isinstance(error.instance, str) else "items"
    yield _finding("schema-length", f"{_name(path)} has {len(error.instance)} {unit}", path, detail=f"{bound} {error.validator_value}")


def _fields(error: _Error, path: Path) -> Iterator[Finding]:
    fields = ", ".join(error.schema.get("properties", ())) or "something, or leave it out"
    several = "more than one field" if error.instance else "no fields"
    amount = "exactly one of" if "maxProperties" in error.schema else "at least one of"
    yield _finding("schema-length", f"{_name(path)} has {several}", path, detail=f"{amount}: {fields}")


def _amount(error: _Error, path: Path) -> Iterator[Finding]:
    low, high = (error.schema.get(bound) for bound in ("minimum", "maximum"))
    allowed = f"from {low} to {high}" if high is not None else f"{low} or more"
    yield _finding("schema-value", f"{_name(path)} cannot be {error.instance}", path, detail=f"allowed: {allowed}")


def _unique(error: _Error, path: Path) -> Iterator[Finding]:
    for position, first in _repetitions(error.instance):
        item = error.instance[position]
        shown = _shown(item) if isinstance(item, str) else "an item"
        yield _finding("schema-unique", f"{_name(path)} has {shown} twice", (*path, position), detail=f"first as item {first + 1}")


def _repetitions(items: list[Any]) -> Iterator[tuple[int, int]]:
    """Yield the position of each repeated item, and the position of its first occurrence."""
    first: dict[str, int] = {}
    for position, item in enumerate(items):
        before = first.setdefault(json.dumps(item, sort_keys=True), position)
        if before != position:
            yield position, before


def _unique_items(_validator: Any, wanted: bool, items: Any, _schema: Any) -> Iterator[_Error]:  # noqa: FBT001 jsonschema fixes the signature
    """Stand in for jsonschema's own check, which takes quadratic time on lists of mixed types."""
    if wanted and isinstance(items, list) and next(_repetitions(items), None) is not None:
        yield jsonschema.ValidationError("items are repeated")


_extend: Final[Any] = jsonschema.validators.extend
_Validator: Final = _extend(jsonschema.Draft7Validator, {"uniqueItems": _unique_items})


_EXPLAIN: Final[Mapping[str, Callable[[_Error, Path], Iterator[Finding]]]] = {
    "additionalProperties": _additional_properties,
    "required": _required,
    "dependencies": _dependencies,
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _length,
    "minProperties": _fields,
    "maxProperties": _fields,
    "minimum": _amount,
    "maximum": _amount,
    "uniqueItems": _unique,
}


def _about_key(error: _Error, path: Path) -> Finding:
    key = str(error.instance)
    rule = "schema-length" if str(error.validator).endswith("Length") else "schema-pattern"
    return _finding(rule, f"the key {_shown(key)} is not of the right form", (*path, key), detail=_form(error), hint=_lowered(error))


def _condition(error: _Error, path: Path, schema: Any) -> Finding:
    """Name the condition under which the schema forbids a field: its title and description are the message."""
    steps = list(error.absolute_schema_path)
    for step in steps[: steps.index("allOf") + 2]:
        schema = schema[step]
    return _finding("schema-conflict", schema["title"], path, detail=schema["description"])


def _form(error: _Error) -> str:
    return str(error.schema.get("patternErrorMessage") or error.schema.get("description", ""))


def _lowered(error: _Error) -> str | None:
    """Offer the lower-case spelling where that is all that is missing."""
    text = str(error.instance)
    lowered = text.lower()
    validator = _Validator(error.schema, registry=referencing.Registry())
    return lowered if lowered != text and validator.is_valid(lowered) else None


def _unknown(rule: str, name: str, value: str, allowed: list[str], path: Path) -> Finding:
    shown = sorted(allowed)
    hint = shown[0] if len(shown) == 1 else _closest(value, shown)
    return _finding(rule, f"unknown {name} {_shown(value)}", path, detail=f"one of: {', '.join(shown)}", hint=hint)


def _closest(value: str, allowed: Iterable[str]) -> str | None:
    by_lowered, lowered = {name.lower(): name for name in allowed}, value[:100].lower()
    close = get_close_matches(lowered, by_lowered, n=len(by_lowered) or 1, cutoff=0.6)
    # Names of roles end alike: what begins as it was written is meant rather than the one with the most letters in common.
    alike = [match for match in close if match.partition("-")[0] == lowered.partition("-")[0]]
    return next((by_lowered[match] for match in (*alike, *close)), None)


def _describe(schema: Mapping[str, Any], field: str) -> str:
    return str(schema.get("properties", {}).get(field, {}).get("description", ""))


def _name(path: Path) -> str:
    """Name a node for a person: its field, or the field it is an item of."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "the document"
    return f"an item of {names[-1]}" if isinstance(path[-1], int) else names[-1]


def _inside(path: Path) -> str:
    return f" in {_name(path)}" if path else ""


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return "an integer"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _finding(rule: str, message: str, path: Path, *, detail: str = "", hint: str | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, detail=detail, hint=hint, path=path)
