"""Which tool this is, to the last byte: what an earlier version found out is no answer of this one."""

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from reconciler.manifests.schemas import schema_names, schema_text

_OURS: Final = ("*.py", "*/*.py", "*/*/*.py", "catalog/data/*.yaml", "catalog/data/*/*.yaml")
_THEIRS: Final = ("pyyaml", "jsonschema", "jsonschema-rs", "confusable-homoglyphs")
"""The libraries that a finding can depend on."""


@cache
def fingerprint() -> str | None:
    """Return what tells this installation from every other one: code, catalog, schemas, Python and the libraries that findings depend on.

    None when its own files, or what is installed beside it, cannot be told; then nothing is remembered.
    """
    whole = hashlib.sha256()
    try:
        for part in _parts(Path(__file__).resolve().parents[1]):
            whole.update(len(part).to_bytes(8, "big") + part)
    except (OSError, PackageNotFoundError):
        return None
    return whole.hexdigest()


def _parts(folder: Path) -> Iterator[bytes]:
    yield sys.version.encode()
    for path in sorted(path for pattern in _OURS for path in folder.glob(pattern)):
        yield path.relative_to(folder).as_posix().encode()
        yield path.read_bytes()
    for name in schema_names():
        yield name.encode()
        yield schema_text(name).encode()
    for name in _THEIRS:
        yield f"{name} {version(name)}".encode()
