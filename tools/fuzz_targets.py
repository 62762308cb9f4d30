"""What is fuzzed: a function for each kind of input that raises nothing but for a bug. `tools.fuzz` feeds them; tests feed old crashes."""

import io
import json
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reconciler.manifests import GrantDurations
from reconciler.manifests.read import documents
from reconciler.model.documents import compact, sha256_hex
from reconciler.model.errors import PlanError, ReconcilerError
from reconciler.model.writing import hash_document
from reconciler.pipeline import history, load_plan, show_organization, show_organizations, verify_journal
from reconciler.reports import Style, render
from reconciler.stores import open_facts, open_reader

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)

_DURATIONS: Final = GrantDurations()
_STYLE: Final = Style(width=100)
_UNSEALED: Final = frozenset({"range", "risk", "since", "rules"})


def read_manifest(data: bytes) -> None:
    """Read a stream of manifests: whatever is in it becomes documents and findings."""
    for _ in documents(data, "it.yaml", _DURATIONS):
        pass


def read_plan(data: bytes) -> None:
    """Read a saved plan, as it is and with every digest made to fit, and show it: it is shown, or refused as no plan of ours."""
    try:
        text = data.decode()
        document = json.loads(text)
    except (ValueError, RecursionError):
        return  # the reading of JSON is not ours
    for saved in (text, json.dumps(sealed(document))) if isinstance(document, dict) else (text,):
        try:
            made = load_plan(saved)
        except PlanError:
            continue
        for format_ in ("text", "json"):
            render(made, format_, io.StringIO(), exit_code=0, style=_STYLE)


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a plan as a forger saves it who knows how every digest is made."""
    try:
        prior, changes = document["prior_state"], document["resource_changes"]
        total = ""
        for name in sorted({change["organization"] for change in changes}):
            own = [
                {key: value for key, value in change.items() if key not in _UNSEALED}
                for change in changes
                if change["organization"] == name
            ]
            content = {"lineage": prior["lineage"], "serial": prior["serials"][name], "resource_changes": own}
            total += f"{name} {sha256_hex(compact(content))}\n"
        document = {**document, "plan_hash": "sha256:" + sha256_hex(total.encode())}
    except (KeyError, TypeError, ValueError, AttributeError):
        pass  # so broken that no hash can be made of it; only the outer seal is
    document = {key: value for key, value in document.items() if key != "integrity"}
    try:
        return {**document, "integrity": hash_document(document)}
    except ValueError:
        return document  # a number that is none


def read_state(data: bytes) -> None:
    """Open a state file and show all of it: it is shown, or refused as damaged, and is not changed."""
    with tempfile.TemporaryDirectory(prefix="reconciler-fuzz-", dir=_memory()) as folder:
        path = Path(folder, "state.db")
        path.write_bytes(data)
        for look in (_look_at_everything, _look_at_facts):
            with suppress(ReconcilerError):
                look(f"sqlite:///{path}")
        if path.read_bytes() != data:
            raise AssertionError("a state was changed by looking at it")


def _look_at_everything(url: str) -> None:
    with closing(open_reader(url)) as reader:
        for result in (verify_journal(reader), history(None, reader), show_organizations(reader, NOW)):
            render(result, "json", io.StringIO(), exit_code=0, style=_STYLE)
        for head in reader.heads():
            if head.digest is not None:
                render(show_organization(head.name, reader, NOW), "text", io.StringIO(), exit_code=0, style=_STYLE)


def _look_at_facts(url: str) -> None:
    with closing(open_facts(url)) as facts:
        facts.names()
        facts.last_recorded()
        facts.highest_instant()
        for _ in facts.documents():
            pass


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of our own is made there


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {"manifest": read_manifest, "plan": read_plan, "state": read_state}
