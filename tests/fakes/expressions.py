"""Expressions of workflows, as far as ours use them: contexts, strings, comparisons, and, or, not, brackets, `always()`."""

import re
from collections.abc import Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<sign>&&|\|\||==|!=|!|\(\)|\(|\))|(?P<name>[A-Za-z_][\w.-]*))")
_INSIDE: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def filled(template: str, contexts: Mapping[str, Any]) -> str:
    """Return *template* with the values of its expressions."""
    return _INSIDE.sub(lambda found: _written(evaluate(found[1], contexts)), template)


def holds(condition: str, contexts: Mapping[str, Any], *, so_far: bool) -> bool:
    """Tell whether a step or a job runs; without `always()` only when everything so far went well."""
    text = condition.strip().removeprefix("${{").removesuffix("}}")
    value = evaluate(text, contexts) if text else True
    return bool(value) and (so_far or "always()" in text)


def evaluate(text: str, contexts: Mapping[str, Any]) -> Any:
    """Return the value of one expression."""
    tokens = _tokens(text)
    value = _either(tokens, contexts)
    assert not tokens, f"not understood: {text}"
    return value


def _written(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        assert found, f"not understood: {text[position:]}"
        tokens.append(found[0].strip())
        position = found.end()
    return tokens


def _either(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    value = _both(tokens, contexts)
    while tokens and tokens[0] == "||":
        tokens.pop(0)
        other = _both(tokens, contexts)
        value = value or other
    return value


def _both(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    value = _compared(tokens, contexts)
    while tokens and tokens[0] == "&&":
        tokens.pop(0)
        other = _compared(tokens, contexts)
        value = value and other
    return value


def _compared(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    value = _one(tokens, contexts)
    if tokens and tokens[0] in {"==", "!="}:
        equal = tokens.pop(0) == "=="
        return (_written(value) == _written(_one(tokens, contexts))) is equal
    return value


def _one(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    token = tokens.pop(0)
    if token == "!":  # noqa: S105 - a sign, no password
        return not _one(tokens, contexts)
    if token == "(":  # noqa: S105 - likewise
        value = _either(tokens, contexts)
        assert tokens.pop(0) == ")"
        return value
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if tokens and tokens[0] == "()":
        tokens.pop(0)
        assert token == "always", f"unknown function {token}"  # noqa: S105 - likewise
        return True
    found: Any = contexts
    for part in token.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
