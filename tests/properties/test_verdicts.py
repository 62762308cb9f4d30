"""A warm plan is a cold one, byte for byte: whatever was remembered, and whatever has changed since."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from tests.properties.world import Step, World, steps


@how(max_examples=60)
@given(st.lists(st.lists(steps(), max_size=3), min_size=1, max_size=8))
def test_a_warm_plan_says_what_a_cold_one_says(rounds: list[list[Step]]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.write()
        world.apply()
        for some in rounds:
            for step in some:
                step(world)
                world.write()
            assert world.report(recheck=False) == world.report(recheck=True)
