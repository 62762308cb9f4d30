"""Golden files: whole texts compared. `RECONCILER_REWRITE_GOLDEN=1 pytest tests/golden` writes them anew; review the diff like code."""

import os
from pathlib import Path

HERE = Path(__file__).parent


def assert_golden(name: str, text: str) -> None:
    """Compare *text* with the golden file *name*, a path under `tests/golden`, byte by byte."""
    path = HERE / name
    if os.environ.get("RECONCILER_REWRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return
    assert path.exists(), f"no golden file {name}; RECONCILER_REWRITE_GOLDEN=1 writes it"
    assert text == path.read_bytes().decode(), f"{name} differs"
