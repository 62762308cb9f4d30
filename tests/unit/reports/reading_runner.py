"""What a runner of GitHub Actions makes of what a step prints and leaves in files: written from its rules, as far as we meet them."""

from collections.abc import Iterator
from dataclasses import dataclass

_UNESCAPED = (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
"""`%25` last: what it gives is not escaped again."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command that the runner found in a line."""

    name: str
    properties: dict[str, str]
    data: str


def commands(log: str) -> Iterator[Command]:
    """Yield the commands in *log*, line by line: `::name properties::data` at the start of a trimmed line, `##[name]` anywhere in one."""
    for line in log.replace("\r", "\n").split("\n"):
        trimmed = line.lstrip()
        if trimmed.startswith("::") and "::" in trimmed[2:]:
            head, _, data = trimmed[2:].partition("::")
            name, _, listed = head.partition(" ")
            pairs = (part.partition("=") for part in listed.split(",") if part)
            yield Command(name, {key.strip(): _unescaped(value) for key, _, value in pairs}, _unescaped(data))
        elif "##[" in line and "]" in line[line.index("##[") :]:
            yield Command(line[line.index("##[") + 3 :].partition("]")[0], {}, "")


def _unescaped(text: str) -> str:
    for escaped, character in _UNESCAPED:
        text = text.replace(escaped, character)
    return text


def outputs(file: str) -> dict[str, str]:
    """Return the outputs in *file*: `name=value`, or `name<<end` and lines up to one that is `end`; of one name, the last counts."""
    found: dict[str, str] = {}
    lines = iter(file.split("\n"))
    for line in lines:
        if not line:
            continue
        name, heredoc, end = line.partition("<<")
        if not heredoc or "=" in name:
            name, _, value = line.partition("=")
            found[name] = value
            continue
        value_lines = []
        for inner in lines:
            if inner == end:
                break
            value_lines.append(inner)
        else:
            raise AssertionError(f"the value of {name} has no end")
        found[name] = "\n".join(value_lines)
    return found
