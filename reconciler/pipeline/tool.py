"""Which tool this is, to the last byte: what an earlier version found out is no answer of this one."""

import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from reconciler.manifests.schemas import schema_names, schema_text
from reconciler.model.documents import sha256_hex

_OURS: Final = ("**/*.py", "catalog/data/**/*.yaml")
_THEIRS: Final = ("pyyaml", "jsonschema", "jsonschema-rs", "confusable-homoglyphs")
"""The libraries that a finding can depend on."""


@cache
def fingerprint() -> str | None:
    """Return what tells this installation from every other one: code, catalog, schemas, Python and the libraries that findings depend on.

    None when its own files cannot be read; then nothing is remembered.
    """
    folder = Path(__file__).resolve().parents[1]
    try:
        files = sorted(path for pattern in _OURS for path in folder.glob(pattern))
        parts = [f"{path.relative_to(folder).as_posix()} {sha256_hex(path.read_bytes())}" for path in files]
    except OSError:
        return None
    schemas = [f"{name} {sha256_hex(schema_text(name).encode())}" for name in schema_names()]
    return sha256_hex("\n".join([sys.version, *parts, *schemas, *(f"{name} {version(name)}" for name in _THEIRS)]).encode())
