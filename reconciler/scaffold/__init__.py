"""The files that `init` writes, as data: a small repository to start from.

Belongs here: the texts, in `files/`, and the names under which they are written. Names that begin with a dot are stored without it.
Does not belong here: writing them, the JSON Schemas (`init` adds those), anything about the manifests' meaning.
"""

from collections.abc import Mapping
from importlib.resources import files as resources
from types import MappingProxyType
from typing import Final

_ALWAYS: Final[Mapping[str, str]] = MappingProxyType({
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".vscode/extensions.json": "vscode/extensions.json",
    ".vscode/settings.json": "vscode/settings.json",
    "README.md": "README.md",
    "organizations/example-customer.yaml": "organizations/example-customer.yaml",
    "organizations/example-partner.yaml": "organizations/example-partner.yaml",
    "reconciler.yaml": "reconciler.yaml",
})
_PIPELINES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({
    "github": {
        ".github/actions/reconciler/action.yml": "github/actions/reconciler/action.yml",
        ".github/workflows/reconciler.yml": "github/workflows/reconciler.yml",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
    "none": {},
})

PIPELINES: Final = tuple(_PIPELINES)
"""The systems for which there is a pipeline, the default first, and `none`."""


def files(pipeline: str) -> Mapping[str, str]:
    """Return what to write: the path relative to the new repository, with `/`, to the text; sorted by path.

    Args:
        pipeline: one of `PIPELINES`.
    """
    folder = resources(__name__) / "files"
    sources = {**_ALWAYS, **_PIPELINES[pipeline]}
    return MappingProxyType({target: (folder / source).read_text(encoding="utf-8") for target, source in sorted(sources.items())})
