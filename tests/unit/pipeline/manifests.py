"""Manifests as text, for the use cases that begin with files."""

from collections.abc import Mapping
from pathlib import Path

FULL = "{email: alice@acme.example, roles: [full-administrator]}, {email: carol@acme.example, roles: [full-administrator]}"
GRANT_TIMES = {"approvedBy": "alice@acme.example", "approvedAt": "2026-11-20T09:20:00Z", "expiresAt": "2026-11-20T10:00:00Z"}


def organization(name: str = "acme", people: str = "", spec: str = "") -> str:
    """Return a manifest with two full administrators, *people* (flow style, each ended by a comma) and more of *spec*."""
    listed = f"  administrators: [{people} {FULL}]\n"
    return f"apiVersion: reconciler/v1\nkind: Organization\nmetadata: {{name: {name}}}\nspec:\n  type: customer\n{spec}{listed}"


def grant(name: str = "inc-1", times: Mapping[str, str] = GRANT_TIMES, organization: str = "acme", agent: str = "tac@cisco.example") -> str:
    lines = "".join(f"  {field}: {value}\n" for field, value in times.items())
    return (
        f"apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata: {{name: {name}}}\nspec:\n  organization: {organization}\n"
        f"  agent: {{email: {agent}, type: cisco-tac}}\n  reason: broken\n  ticket: SR-1\n  requestedAt: 2026-11-20T09:10:00Z\n{lines}"
    )


def write(folder: Path, **documents: str) -> tuple[str]:
    """Write each of *documents* as a file of its own; return the paths of a request."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.yaml"):
        path.unlink()
    for name, text in documents.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return (str(folder),)
