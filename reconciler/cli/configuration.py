"""`reconciler.yaml`: settings of one repository, read from the current directory or from `--config`, searched for nowhere else."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import UsageError
from reconciler.model.instants import parse_duration
from reconciler.model.policy import Policy

if TYPE_CHECKING:
    from reconciler.manifests.settings import SettingsFile

_log = logging.getLogger(__name__)

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


def read_configuration(path: str | None, *, judges: bool = True) -> Configuration:
    """Return the settings of *path*, or of `reconciler.yaml` in the current directory if there is one.

    Args:
        path: as `--config` names it.
        judges: whether the command asks any rule; one that does not goes on without a policy when that cannot be read.

    Raises:
        UsageError: the file is missing (when named) or not as its schema says; with all findings.
    """
    if path is None and not Path(DEFAULT_FILE).exists():
        return Configuration()
    from reconciler.cli.policy import wrong_with_policy  # noqa: PLC0415 - load slowly, and without a file nothing is to be read
    from reconciler.manifests.settings import read_settings_file  # noqa: PLC0415 - likewise

    name = path or DEFAULT_FILE
    settings = read_settings_file(name, lambda document: wrong_with_policy(document.get("policy", {})))
    if any(judges or finding.path[:1] != ("policy",) for finding in settings.findings):
        raise UsageError(f"{name} is invalid", findings=settings.findings)
    if settings.findings:
        _log.warning("the policy in %s cannot be read; this command goes on without it", name)
        return _configuration(settings, policy=False)
    return _configuration(settings)


def _configuration(settings: "SettingsFile", *, policy: bool = True) -> Configuration:
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
        policy=policy_of(document.get("policy", {}), settings.marks.range) if policy else Policy(),
    )
