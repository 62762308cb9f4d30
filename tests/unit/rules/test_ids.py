"""Every id that a finding, a step or an error can have is listed for people, and nothing else is.

The ids are read from the source: whatever is given as `rule` to a finding, a step, or a function of the same module that takes one; and the
class attribute of errors. What this cannot read fails the test, so that no id is overlooked.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from reconciler.catalog.statements import rulebook
from reconciler.rules import every_rule

PACKAGE = Path(__file__).parents[3] / "reconciler"
NEVER_SHOWN = {
    "place",  # of findings that are made to be located, and thrown away
    "plan",  # of the root of errors about plans, which is never raised itself
}
READ_BACK = {"planning/codec.py: _checked(item['rule_id'], str)"}
"""Ids that somebody else gave, out of a saved plan."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the package, by its path."""
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def constants() -> dict[str, str]:
    """Return the texts that have a name of their own in some module."""
    found = {}
    for tree in modules().values():
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.update({target.id: value.value for target in targets if isinstance(target, ast.Name)})
    return found


def parameters(function: Function) -> list[str]:
    """Return the names of the parameters that a caller gives."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] == ["self"] else names


def given(call: ast.Call, takers: dict[str, Function]) -> ast.expr | None:
    """Return what *call* gives as `rule`, None when it gives no such thing."""
    name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in {"Finding", "ManualStep"} or (name in takers and "rule" in by_name):
        return by_name.get("rule")
    if name not in takers or "rule" not in parameters(takers[name]):
        return None
    place = parameters(takers[name]).index("rule")
    return call.args[place] if place < len(call.args) else None


def read(value: ast.expr, function: Function, module: str) -> Iterator[str]:
    """Yield the ids that *value* may be; one that is passed on was given elsewhere."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from read(value.body, function, module)
            yield from read(value.orelse, function, module)
        case ast.Call(func=ast.Name(id="rule_id"), args=[ast.Name(id=name)]):
            yield name.replace("_", "-")
        case ast.Attribute(attr="rule" | "id"):
            pass
        case ast.Name(id=name) if name in constants():
            yield constants()[name]
        case ast.Name(id=name):
            assigned = [node.value for node in ast.walk(function) if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name]
            for one in assigned:
                yield from read(one, function, module)
        case _:
            assert f"{module}: {ast.unparse(value)}" in READ_BACK, "an id that cannot be read from the source"


def reported() -> Iterator[str]:
    """Yield every id that the package gives to something."""
    for module, tree in modules().items():
        functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
        takers = {one.name: one for one in functions if "rule" in [*parameters(one), *(extra.arg for extra in one.args.kwonlyargs)]}
        for function in functions:
            for node in ast.walk(function):
                value = given(node, takers) if isinstance(node, ast.Call) else None
                if value is not None:
                    yield from read(value, function, module)
        for class_ in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            for line in class_.body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "rule":
                    yield ast.literal_eval(line.value)


def test_every_id_that_is_reported_is_listed_and_no_other() -> None:
    rules, checks = {rule.id for rule in every_rule()}, rulebook().checks
    assert rules & checks.keys() == set()
    assert set(reported()) - NEVER_SHOWN - rules == checks.keys()
