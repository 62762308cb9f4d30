"""Settings of the whole suite."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres

# Quick by default; HYPOTHESIS_PROFILE=thorough searches longer. In CI the examples are the same in every run.
settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL server for all tests of this process; each takes a schema of its own."""
    if postgres.installation() is None:
        pytest.skip(f"{postgres.PACKAGE} has no binaries for this platform")
    with postgres.running() as server:
        yield server
