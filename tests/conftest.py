"""Settings of the whole suite."""

import os

from hypothesis import HealthCheck, settings

# Quick by default; HYPOTHESIS_PROFILE=thorough searches longer. In CI the examples are the same in every run.
settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))
