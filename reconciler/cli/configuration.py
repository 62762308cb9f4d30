"""`reconciler.yaml`: settings of one repository, read from the current directory or from `--config`, searched for nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import UsageError
from reconciler.model.instants import parse_duration
from reconciler.model.policy import Policy

if TYPE_CHECKING:
    from reconciler.manifests import SettingsFile

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
    from reconciler.cli.policy import wrong_with_policy  # noqa: PLC0415 - load slowly, and without a file nothing is to be read
    from reconciler.manifests import read_settings_file  # noqa: PLC0415 - likewise

    name = path or DEFAULT_FILE
    settings = read_settings_file(name, lambda document: wrong_with_policy(document.get("policy", {})))
    if settings.findings:
        raise UsageError(f"{name} is invalid", findings=settings.findings)
    return _configuration(settings)


def _configuration(settings: "SettingsFile") -> Configuration:
    from reconciler.cli.policy import policy_of  # noqa: PLC0415 - likewise

    document: Mapping[str, Any] = settings.document
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
        policy=policy_of(document.get("policy", {}), settings.marks.range),
    )
