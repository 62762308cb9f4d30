"""The same folder over either engine: `reconciler.yaml` names the state."""

import pytest

from tests.cli.running import Place
from tests.postgres import Server

ENGINES = ("sqlite", "postgresql")


def over(place: Place, engine: str, request: pytest.FixtureRequest) -> Place:
    """Let *place* keep its state in *engine*."""
    if engine == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        place.write("reconciler.yaml", f"state: {{url: '{server.url()}'}}\n")
    return place
