"""The files that `init` writes, as data: a small repository to start from.

Belongs here: the texts, in `files/`, and the names under which they are written. Names that begin with a dot are stored without it.
Does not belong here: writing them, the JSON Schemas (`init` adds those), anything about the manifests' meaning.
"""

from collections.abc import Mapping
from importlib.resources import files as resources
from types import MappingProxyType
from typing import Final

_SOURCES: Final[Mapping[str, str]] = MappingProxyType({
    ".github/workflows/reconciler.yml": "github/workflows/reconciler.yml",
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    "README.md": "README.md",
    "organizations/example-customer.yaml": "organizations/example-customer.yaml",
    "organizations/example-partner.yaml": "organizations/example-partner.yaml",
    "reconciler.yaml": "reconciler.yaml",
})


def files() -> Mapping[str, str]:
    """Return what to write: the path relative to the new repository, with `/`, to the text; sorted by path."""
    folder = resources(__name__) / "files"
    return MappingProxyType({target: (folder / source).read_text(encoding="utf-8") for target, source in sorted(_SOURCES.items())})
