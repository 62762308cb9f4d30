"""What is interrupted: the commands that write, each from a state before to a state after. A new one is one more entry of `SCENARIOS`."""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from reconciler.model.journal import EntryKind, Record
from reconciler.model.resources import Administrator, Organization, OrganizationType, Settings
from reconciler.stores import here, open_store
from reconciler.stores.migrate import BASE_VERSION, CURRENT_VERSION
from tests.cli.running import ROOT, Place
from tests.faults.engines import Site
from tests.faults.forked import Forks

GOLDEN: Final = ROOT / "tests" / "golden" / "states"
"""A state of every released layout, made by the code of that time (`tools/golden_state.py`)."""

ORGANIZATIONS: Final = ("acme", "globex")
_APPLY: Final = ("apply", "organizations", "--auto-approve", "--state", "{url}")
_SWEEP: Final = ("sweep", "--state", "{url}")
_PAST: Final = datetime(2026, 1, 10, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One command on one state.

    Attributes:
        prepare: makes the state before, and the manifests.
        command: `{url}` is the state at risk, `{folder}` the folder of the manifests.
        again: the exit code of the command when everything is done already.
        together: all organizations become true in one transaction; otherwise each in one of its own.
        engines: the names of those on which it makes sense; none, and it is all of them.
    """

    name: str
    prepare: Callable[[Site, Forks], None]
    command: tuple[str, ...]
    together: bool = True
    again: int = 0
    engines: tuple[str, ...] = ()


def _declare(site: Site, third: str) -> None:
    for name in ORGANIZATIONS:
        people = (f"a.one@{name}.example", f"b.two@{name}.example", f"{third}@{name}.example support-administrator")
        Place(site.folder).declare(name, *people)


def _first_apply(site: Site, forks: Forks) -> None:
    _declare(site, "c.three")


def _change(site: Site, forks: Forks) -> None:
    _declare(site, "c.three")
    applied = forks.run(site.folder, *(argument.format(url=site.url) for argument in _APPLY))
    assert applied.code == 0, applied.err
    _declare(site, "d.four")


def _overdue(site: Site, forks: Forks) -> None:
    """Store access that has ended: no command takes what is over, so it is put in as an earlier run left it."""
    record = Record(run="r", at=_PAST, kind=EntryKind.INTENT, operation="apply", operator="root@ci.example", version="1")
    with (
        closing(open_store(site.url, create=True)) as store,
        store.lock(ORGANIZATIONS, here("apply", "1", _PAST), timeout=timedelta(0), record=record) as lock,
    ):
        for name in ORGANIZATIONS:
            people = [
                Administrator(email=f"a.one@{name}.example", roles=frozenset({"full-administrator"})),
                Administrator(
                    email=f"eve@{name}.example", roles=frozenset({"support-administrator"}), expires_at=_PAST + timedelta(hours=1)
                ),
            ]
            after = Organization(
                name=name, settings=Settings(type=OrganizationType.CUSTOMER), administrators={person.key: person for person in people}
            )
            store.commit(lock, name, after=after, expected_serial=0, records=[record], follow_ups=())


def _older(version: int) -> Callable[[Site, Forks], None]:
    def prepare(site: Site, forks: Forks) -> None:
        path = Path(site.url.removeprefix("sqlite:///"))
        path.parent.mkdir()
        shutil.copyfile(GOLDEN / f"v{version}.db", path)

    return prepare


def _source(site: Site, forks: Forks) -> None:
    shutil.copyfile(GOLDEN / f"v{BASE_VERSION}.db", site.folder / "source.db")


SCENARIOS: Final = (
    Scenario(name="first apply", prepare=_first_apply, command=_APPLY),
    Scenario(name="apply of a change", prepare=_change, command=_APPLY),
    Scenario(name="sweep", prepare=_overdue, command=_SWEEP, together=False),
    *(
        Scenario(name=f"migration from layout {version}, and a sweep", prepare=_older(version), command=_SWEEP, engines=("SQLite",))
        for version in range(BASE_VERSION, CURRENT_VERSION)
    ),
    Scenario(name="state copy", prepare=_source, command=("state", "copy", "{url}", "--state", "sqlite:///{folder}/source.db"), again=1),
)
