"""rules and explain: what is checked, where it comes from, and what it looks like. No manifest and no state has a part in it."""

import re
from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from reconciler.catalog.statements import Check, rulebook
from reconciler.model.errors import UsageError
from reconciler.model.policy import Policy
from reconciler.model.results import RuleOf, Rules, StatementOf
from reconciler.model.rulebook import Example, Expected, RuleFacts, RuleKind
from reconciler.rules import ACTOR_RULES, CHANGE_RULES, FIXED_SEVERITY, MANIFEST_RULES, RULES, STEP_RULES, AnyRule, closest, told

_BY_KIND: Final[tuple[tuple[RuleKind, Sequence[AnyRule]], ...]] = (
    (RuleKind.DECLARED, [*MANIFEST_RULES, *RULES]),
    (RuleKind.CHANGE, CHANGE_RULES),
    (RuleKind.ACTOR, ACTOR_RULES),
    (RuleKind.BY_HAND, STEP_RULES),
)
_HEADER: Final = re.compile(r"# (actor|expect|at): (.*)\n")
_DECLARED: Final = "declared.yaml"
_STORED: Final = "stored.yaml"


def rules(policy: Policy) -> Rules:
    """Return every rule that this release checks, as *policy* has it."""
    return Rules(rules=tuple(_every_rule(policy)))


def explain(name: str, policy: Policy) -> RuleOf | StatementOf:
    """Return what there is to say of the rule, or of the statement or decision, *name*.

    Raises:
        UsageError: there is none of that name.
    """
    found = {rule.id: rule for rule in _every_rule(policy)}
    statements = rulebook().statements
    lowered = {one.lower(): one for one in (*found, *statements)}
    known = lowered.get(name.lower())
    if known is None:
        likely = closest(name.lower(), list(lowered))
        hint = f"reconciler explain {lowered[likely]}" if likely else "reconciler rules"
        raise UsageError(f"no rule or statement {name}", detail="reconciler rules lists every rule with its statements", hint=hint)
    if known in found:
        return RuleOf(rule=found[known], good=next(examples(known, "good"), None), bad=next(examples(known, "bad"), None))
    kept_by = tuple(found[rule] for rule in statements[known].rules if rule in found)
    return StatementOf(statement=statements[known], rules=kept_by, decisions=rulebook().decided(known))


def _every_rule(policy: Policy) -> Iterator[RuleFacts]:
    for kind, listed in _BY_KIND:
        for rule in listed:
            yield _rule(rule, kind, policy)
    for check in rulebook().checks.values():
        yield _check(check)


def _rule(rule: AnyRule, kind: RuleKind, policy: Policy) -> RuleFacts:
    summary, said, why = _parts(rule)
    book = rulebook()
    return RuleFacts(
        id=rule.id,
        kind=kind,
        severity=policy.severities.get(rule.id, rule.severity),
        default=rule.severity,
        fixed=rule.id in FIXED_SEVERITY,
        origin=book.contract.get(rule.id),
        statements=book.behind(rule.id),
        summary=summary,
        said=said,
        why=why,
    )


def _parts(rule: AnyRule) -> tuple[str, ...]:
    """Return what a rule says of itself: the rule, its source, and why; each on one line."""
    summary, _, rest = told(rule.check).partition("\n\nSource: ")
    said, _, why = rest.partition("\nWhy: ")
    return tuple(" ".join(text.split()) for text in (summary, said, why))


def _check(check: Check) -> RuleFacts:
    return RuleFacts(
        id=check.id,
        kind=check.kind,
        severity=check.severity,
        default=check.severity,
        fixed=True,
        summary=check.summary,
        origin=check.origin,
        statements=rulebook().behind(check.id),
    )


def examples(of: str, goodness: str, folder: Traversable | None = None) -> Iterator[Example]:
    """Yield the examples of the rule *of* that are `good` or `bad`, by name: manifests, or folders of `declared.yaml` and `stored.yaml`."""
    below = (folder or resources.files("reconciler.rules").joinpath("examples")).joinpath(of, goodness)
    if not below.is_dir():
        return
    for entry in sorted(below.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            stored = entry.joinpath(_STORED)
            yield _example(entry.name, _text(entry.joinpath(_DECLARED)), _text(stored) if stored.is_file() else None)
        else:
            yield _example(entry.name.removesuffix(".yaml"), _text(entry), None)


def _text(file: Traversable) -> str:
    return file.read_text(encoding="utf-8")


def _example(name: str, text: str, stored: str | None) -> Example:
    """Take the header off; places count from the first line that is shown."""
    header: list[tuple[str, str]] = []
    while line := _HEADER.match(text):
        header.append((line[1], line[2]))
        text = text[line.end() :]
    said = {key: [value for one, value in header if one == key] for key in ("actor", "expect", "at")}
    return Example(
        name=name,
        declared=text,
        stored=stored,
        actor=next(iter(said["actor"]), None),
        expected=tuple(
            Expected(text=text, place=_shown(place, len(header))) for text, place in zip(said["expect"], said["at"], strict=True)
        ),
    )


def _shown(place: str, hidden: int) -> str:
    """Return a place as the reader sees it, without the *hidden* lines before it; an address is one already."""
    line, between, column = place.partition(":")
    return f"{int(line) - hidden}{between}{column}" if between else place
