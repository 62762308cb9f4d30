"""The machine's clock turned under real processes: access ends on time or early, never late, and a clock set back widens nothing."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.running import MANIFESTS, TWO, Done, Place, command, environment

FAKETIME = shutil.which("faketime")

pytestmark = pytest.mark.skipif(FAKETIME is None, reason="faketime is not installed: apt-get install faketime")


def at(place: Place, turned: str, *arguments: str) -> Done:
    """Run one command by a clock that is turned by so much; the monotonic one goes on, because waits would hang without it."""
    line = [FAKETIME or "", "--exclude-monotonic", "-f", turned, *command(*arguments)]
    done = subprocess.run(line, cwd=place.folder, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "here"
    folder.mkdir()
    place = Place(folder)
    place.declare("acme", *TWO, "c.three@x.example support-administrator")
    return place


def approve(place: Place) -> datetime:
    """Declare a grant that was approved just now, and return its end."""
    approved = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 -- the real clock is what this turns
    end = approved + timedelta(minutes=30)
    instants = {"requestedAt": approved - timedelta(minutes=1), "approvedAt": approved, "expiresAt": end}
    times = "".join(f"  {name}: {instant:%Y-%m-%dT%H:%M:%SZ}\n" for name, instant in instants.items())
    place.write(
        f"{MANIFESTS}/grant.yaml",
        "apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata: {name: inc-1}\nspec:\n  organization: acme\n"
        f"  agent: {{email: tac@cisco.example, type: cisco-tac}}\n  reason: broken\n  approvedBy: {TWO[0]}\n{times}",
    )
    return end


def test_a_grant_is_gone_at_its_end_and_the_sweep_says_how_late_it_is(place: Place) -> None:
    approve(place)
    place.apply()
    who = ("access", "acme", "tac@cisco.example")
    assert place.json(*who).document["grants"] != []
    over = at(place, "+1h", *who, "--format", "json")
    assert over.code == 0, over.err
    assert {one["access"] for one in over.document["permissions"].values()} <= {"none"}
    swept = at(place, "+1h", "sweep", "--format", "json").document
    ((address, lateness),) = [(one["address"], one["lateness_seconds"]) for one in swept["outcomes"]]
    assert address == "acme/elevation-grant/inc-1"
    assert 1800 <= lateness < 1860
    assert at(place, "+1h", "sweep").out.startswith("Nothing is due.")


@pytest.mark.parametrize("back", ["-2h", "-1d"])
def test_a_clock_set_back_widens_nothing_and_lengthens_nothing(place: Place, back: str) -> None:
    approve(place)
    place.apply()
    # By a clock that is an hour ahead everything ends; what was recorded then holds for the clock that is behind.
    assert at(place, "+1h", "sweep").code == 0
    place.declare("acme", *TWO, "d.four@x.example support-administrator")
    for arguments in (["plan", MANIFESTS], ["apply", MANIFESTS, "--auto-approve"]):
        refused = at(place, back, *arguments)
        assert refused.code == 3, refused.err
        assert "[clock-set-back]" in refused.out
    assert at(place, back, "sweep").code == 0
    place.declare("acme", *TWO)
    narrowed = at(place, back, "apply", MANIFESTS, "--auto-approve", "--format", "json").document
    assert narrowed["summary"]["delete"] == 1
    instants = [entry["at"] for entry in place.json("history", "acme").document["entries"]]
    assert instants == sorted(instants)


def test_a_clock_a_year_ahead_ends_access_early_and_never_late(place: Place) -> None:
    approve(place)
    place.apply()
    assert at(place, "+1y", "sweep", "--format", "json").document["summary"]["expire"] == 1
    assert place.json("access", "acme", "tac@cisco.example").document["grants"] == []
