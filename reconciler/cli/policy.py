"""`policy` in `reconciler.yaml`: from the document to values, and what is wrong with it beyond its schema."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from reconciler.manifests import read_instant
from reconciler.model.findings import Finding, Path, Range, Severity
from reconciler.model.identifiers import identity
from reconciler.model.instants import parse_instant
from reconciler.model.policy import Policy, Waiver
from reconciler.rules import FIXED_SEVERITY, STEP_RULES, AnyRule, closest, every_rule, waivable_rules, why

_OFF: Final = "off"
_NO_RULES: Final = "the structure of a manifest, the safety rails and the staleness of a plan are no rules; policy cannot touch them"

Document = Mapping[str, Any]


def policy_of(document: Document, place: Callable[[Path], Range]) -> Policy:
    """Return what *document* says, which is as it should be; *place* tells where it stands."""
    return Policy(
        severities={rule: None if name == _OFF else Severity(name) for rule, name in document.get("severities", {}).items()},
        waivers=tuple(_waiver(item, place(_path_of(position))) for position, item in enumerate(document.get("waivers", ()))),
        required_actor=document.get("requiredActor", False),
    )


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


def _unknown(message: str, name: str, path: Path, known: list[str]) -> Finding:
    return _finding(message, path, f"{_NO_RULES}; rules: {', '.join(known)}", closest(name, known))


def _finding(message: str, path: Path, detail: str, hint: str | None = None) -> Finding:
    return Finding(rule="configuration", severity=Severity.ERROR, message=message, detail=detail, hint=hint, path=path)
