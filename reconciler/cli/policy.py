"""`policy` in `reconciler.yaml`: from the document to values, and what is wrong with it beyond its schema."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from reconciler.manifests import read_instant
from reconciler.model.findings import Finding, Path, Range, Severity
from reconciler.model.identifiers import identity
from reconciler.model.instants import parse_instant
from reconciler.model.policy import ORGANIZATION_LIMIT, OVERALL_LIMIT, Freeze, Policy, RemovalLimit, Waiver
from reconciler.rules import FIXED_SEVERITY, STEP_RULES, AnyRule, closest, every_rule, waivable_rules, why

_OFF: Final = "off"
_FREEZE: Final[Path] = ("policy", "freeze")
_LIMITS: Final[Path] = ("policy", "limits")
_NO_RULES: Final = "the structure of a manifest, the safety rails and the staleness of a plan are no rules; policy cannot touch them"

Document = Mapping[str, Any]


def policy_of(document: Document, place: Callable[[Path], Range]) -> Policy:
    """Return what *document* says, which is as it should be; *place* tells where it stands."""
    return Policy(
        severities={rule: None if name == _OFF else Severity(name) for rule, name in document.get("severities", {}).items()},
        waivers=tuple(_waiver(item, place(_path_of(position))) for position, item in enumerate(document.get("waivers", ()))),
        required_actor=document.get("requiredActor", False),
        freezes=tuple(_freeze(item, place((*_FREEZE, position, "from"))) for position, item in enumerate(document.get("freeze", ()))),
        organization_limit=_limit(ORGANIZATION_LIMIT, "organization", document, place),
        overall_limit=_limit(OVERALL_LIMIT, "overall", document, place),
    )


def _freeze(item: Mapping[str, Any], place: Range) -> Freeze:
    return Freeze(
        begin=parse_instant(item["from"]),
        until=parse_instant(item["until"]),
        reason=item["reason"].strip(),
        organizations=frozenset(item.get("organizations", ())),
        labels=tuple(sorted(item.get("labels", {}).items())),
        range=place,
    )


def _limit(default: RemovalLimit, key: str, document: Document, place: Callable[[Path], Range]) -> RemovalLimit:
    """Return the limit *key*: each of its numbers as the file has it, or else the default."""
    said = document.get("limits", {}).get(key)
    return default if said is None else replace(default, **said, range=place((*_LIMITS, key)))


def _waiver(item: Mapping[str, str], place: Range) -> Waiver:
    return Waiver(
        rule=item["rule"], about=item["about"], reason=item["reason"].strip(), expires=parse_instant(item["expires"]), range=place
    )


def _path_of(position: int) -> Path:
    return ("policy", "waivers", position, "rule")


def wrong_with_policy(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with *document* though its schema is content, each with `path`."""
    rules = {rule.id: rule for rule in every_rule()}
    for name, severity in document.get("severities", {}).items():
        yield from _wrong_severity(name, severity, rules)
    first: dict[tuple[str, str], int] = {}
    for position, item in enumerate(document.get("waivers", ())):
        yield from _wrong_waiver(item, position, rules)
        before = first.setdefault((item["rule"], identity(item["about"])), position)
        if before != position:
            message = f"{item['rule']} is waived twice for {item['about']}"
            yield _finding(message, (*_path_of(position)[:-1], "about"), f"first as item {before + 1}")
    for position, item in enumerate(document.get("freeze", ())):
        yield from _wrong_freeze(item, (*_FREEZE, position))


def _wrong_severity(name: str, severity: str, rules: Mapping[str, AnyRule]) -> Iterator[Finding]:
    path: Path = ("policy", "severities", name)
    rule = rules.get(name)
    if rule is None:
        yield _unknown(f"no rule {name}", name, path, sorted(rules))
    elif name in FIXED_SEVERITY and severity != rule.severity:
        yield _finding(f"{name} cannot be lowered or switched off", path, f"allowed: {rule.severity}; {why(rule.check)}")
    elif rule in STEP_RULES and severity not in {rule.severity, _OFF}:
        said = f"allowed: {_OFF}, or {rule.severity}, its own; it asks for a step by hand and can only be switched off"
        yield _finding(f"{name} cannot be made {severity}", path, said)


def _wrong_waiver(item: Mapping[str, str], position: int, rules: Mapping[str, AnyRule]) -> Iterator[Finding]:
    path, name = _path_of(position), item["rule"]
    waivable = sorted(rule.id for rule in waivable_rules())
    if name not in rules:
        yield _unknown(f"no rule {name} that could be waived", name, path, waivable)
    elif name not in waivable:
        reason = why(rules[name].check) if name in FIXED_SEVERITY else "it asks for a step by hand; policy.severities can switch it off"
        yield _finding(f"{name} cannot be waived", path, reason)
    expires = read_instant(item["expires"], (*path[:-1], "expires"))
    if isinstance(expires, Finding):
        yield expires


def _wrong_freeze(item: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    begin, until = (read_instant(item[field], (*path, field)) for field in ("from", "until"))
    yield from (wrong for wrong in (begin, until) if isinstance(wrong, Finding))
    if not isinstance(begin, Finding) and not isinstance(until, Finding) and until <= begin:
        said = f"it would be over before it begins, {item['from']}"
        yield _finding(f"until {item['until']} is not after from", (*path, "until"), said)


def _unknown(message: str, name: str, path: Path, known: list[str]) -> Finding:
    return _finding(message, path, f"{_NO_RULES}; rules: {', '.join(known)}", closest(name, known))


def _finding(message: str, path: Path, detail: str, hint: str | None = None) -> Finding:
    return Finding(rule="configuration", severity=Severity.ERROR, message=message, detail=detail, hint=hint, path=path)
