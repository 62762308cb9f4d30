"""`reconciler.yaml`: settings of one repository, read from the current directory or from `--config`, searched for nowhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from reconciler.model.errors import UsageError
from reconciler.model.findings import Finding, Severity
from reconciler.model.instants import parse_duration
from reconciler.model.policy import Policy

DEFAULT_FILE = "reconciler.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the file says; None where it says nothing."""

    state: str | None = None
    must_exist: bool = False
    paths: tuple[str, ...] = ()
    target: str = "none"
    format: str | None = None
    fail_on: str | None = None
    lock_timeout: timedelta | None = None
    policy: Policy = field(default_factory=Policy)


def read_configuration(path: str | None) -> Configuration:
    """Return the settings of *path*, or of `reconciler.yaml` in the current directory if there is one.

    Raises:
        UsageError: the file is missing (when named) or not as its schema says; with all findings.
    """
    if path is None and not Path(DEFAULT_FILE).exists():
        return Configuration()
    from reconciler.manifests import read_settings_file  # noqa: PLC0415 - loads slowly, and without a file nothing is to be read

    name = path or DEFAULT_FILE
    document, findings = read_settings_file(name, _check_rules)
    if findings:
        raise UsageError(f"{name} is invalid", findings=findings)
    return _configuration(document)


def _configuration(document: Mapping[str, Any]) -> Configuration:
    state = document.get("state")
    state = {"url": state} if isinstance(state, str) else state or {}
    timeout = document.get("lockTimeout")
    return Configuration(
        state=state.get("url"),
        must_exist=state.get("mustExist", False),
        paths=tuple(document.get("paths", ())),
        target=document.get("target", "none"),
        format=document.get("format"),
        fail_on=document.get("failOn"),
        lock_timeout=None if timeout is None else parse_duration(timeout),
        policy=Policy(severities={rule: _severity(name) for rule, name in _severities(document).items()}),
    )


def _severities(document: Mapping[str, Any]) -> Mapping[str, str]:
    severities: Mapping[str, str] = document.get("policy", {}).get("severities", {})
    return severities


def _severity(name: str) -> Severity | None:
    return None if name == "off" else Severity(name)


def _check_rules(document: Mapping[str, Any]) -> Iterator[Finding]:
    from reconciler.rules import FIXED_SEVERITY, RULES, closest  # noqa: PLC0415 - likewise

    known = sorted(rule.id for rule in RULES)
    for rule, severity in _severities(document).items():
        if rule not in known:
            yield _finding(rule, f"no rule {rule}", f"rules: {', '.join(known)}", closest(rule, known))
        elif rule in FIXED_SEVERITY and severity != Severity.ERROR:
            yield _finding(rule, f"{rule} cannot be lowered", "it guards against a lockout", None)


def _finding(rule: str, message: str, detail: str, hint: str | None) -> Finding:
    path = ("policy", "severities", rule)
    return Finding(rule="configuration", severity=Severity.ERROR, message=message, detail=detail, hint=hint, path=path)
