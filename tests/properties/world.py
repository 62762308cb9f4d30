"""A folder of manifests, a state and a clock, and steps that change them: everything that happens to a fleet."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from reconciler.model.errors import ManifestError, ReconcilerError
from reconciler.model.instants import format_instant
from reconciler.model.policy import Policy, Waiver
from reconciler.model.results import FleetPlan
from reconciler.pipeline import Approval, Request, RunSettings, apply_paths, plan, sweep
from reconciler.planning.codec import write_plan
from reconciler.reports import Style, render
from reconciler.stores import open_reader
from tests.fakes.builders import CATALOG, HOLDER, HOUR, MINUTE, NOW, SECOND
from tests.fakes.clock import FixedClock

NAMES = ["acme", "globex", "initech", "umbrella"]
PARTNERS = ["northwind", "tailspin"]
CROWD = ["bob", "eve", "mallory"]
YES = Approval(expect=None, ask=lambda _: None, again=True)


@dataclass(slots=True)
class Person:
    """One declared administrator; `home` in flow style, or nothing."""

    roles: str = "device-administrator"
    home: str = ""
    expires: datetime | None = None


@dataclass(slots=True)
class Declared:
    """One organization as its manifest says it; `file` is where that stands."""

    file: str
    partner: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    sites: set[str] = field(default_factory=set)
    labels: str = ""
    remark: str = ""
    typo: bool = False

    def text(self, name: str) -> str:
        rows = []
        for email, person in sorted(self.people.items()):
            home = f", home: {person.home}" if person.home else ""
            end = f', expiresAt: "{format_instant(person.expires)}"' if person.expires else ""
            rows.append(f"    - {{email: {email}, roles: [{person.roles}]{home}{end}}}\n")
        kind = "partner" if name in PARTNERS else "customer"
        managed = f"  managedBy: {self.partner}\n" if self.partner else ""
        sites = "".join(f"    {site}: {{managedIn: control-hub}}\n" for site in sorted(self.sites))
        labels = f", labels: {{tier: {self.labels}}}" if self.labels else ""
        typo = "  administators: []\n" if self.typo else ""
        return (
            f"# {self.remark}\napiVersion: reconciler/v1\nkind: Organization\nmetadata: {{name: {name}{labels}}}\n"
            f"spec:\n  type: {kind}\n{managed}{typo}"
            + (f"  sites:\n{sites}" if sites else "")
            + f"  administrators:\n    - {{email: alice@{name}.example, roles: [full-administrator]}}\n"
            + f"    - {{email: carol@{name}.example, roles: [full-administrator]}}\n"
            + "".join(rows)
        )


class World:
    """A folder of manifests, a state, a clock, and a policy; every step may change each of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(NOW)
        self.declared = {name: Declared(file=f"{name}.yaml") for name in [*NAMES, *PARTNERS]}
        self.grants: dict[str, tuple[str, str]] = {}
        self.policy = Policy()
        self.runs = 0
        for name in NAMES[:3]:
            self.declared[name].partner = PARTNERS[0]

    def write(self) -> None:
        """Make the files what is declared, in a folder of their own."""
        orgs = self.folder / "orgs"
        orgs.mkdir(exist_ok=True)
        texts: dict[str, list[str]] = {}
        for name, it in self.declared.items():
            texts.setdefault(it.file, []).append(it.text(name))
        for text, file in self.grants.values():
            texts.setdefault(file, []).append(text)
        for path in orgs.glob("*.yaml"):
            if path.name not in texts:
                path.unlink()
        for file, documents in texts.items():
            (orgs / file).write_text("---\n".join(documents), encoding="utf-8")

    def request(self, **fields: Any) -> Request:
        paths = (str(self.folder / "orgs"),)
        return Request(catalog=CATALOG, state=f"sqlite:///{self.folder}/state.db", paths=paths, policy=self.policy, **fields)

    def settings(self) -> RunSettings:
        self.runs += 1
        return RunSettings(
            run=f"r{self.runs}",
            holder=HOLDER,
            clock=self.clock,
            lock_timeout=0 * SECOND,
            stopping=lambda: None,
            progress=lambda _: None,
        )

    def report(self, **fields: Any) -> str:
        """Return everything that a plan says, or why there is none."""
        out = StringIO()
        request = self.request(**fields)
        try:
            with closing(open_reader(request.state)) as reader:
                made = plan(request, reader, self.clock.now())
                write_plan(made, out, exit_code=0)
                render(made, "text", out, exit_code=0, style=Style(color=False, bars=False, width=120, offers=True))
        except ManifestError as error:
            out.write("\n".join(map(repr, [error.message, *(replace(finding, path=()) for finding in error.findings)])))
        return out.getvalue()

    def apply(self, **fields: Any) -> None:
        try:
            answer = apply_paths(self.request(**fields), self.settings(), YES)
        except ReconcilerError:
            return
        if isinstance(answer, FleetPlan):
            assert answer.refusals


Step = Callable[[World], None]
ORGANIZATION = st.sampled_from([*NAMES, *PARTNERS])
OPTIONAL_END = st.sampled_from([None, None, NOW + 5 * MINUTE, NOW + 2 * HOUR, NOW + timedelta(days=30)])


@st.composite
def steps(draw: st.DrawFn, *, calm: bool = False) -> Step:
    """Return something that happens; *calm*: in few organizations, hardly ever invalid, and no run in between."""
    name, other = draw(st.sampled_from([NAMES[0], PARTNERS[0]]) if calm else ORGANIZATION), draw(ORGANIZATION)
    email = f"{draw(st.sampled_from(CROWD))}@{draw(st.sampled_from([*NAMES[:2], *PARTNERS]))}.example"
    end = draw(OPTIONAL_END)
    role = draw(st.sampled_from(["device-administrator", "support-administrator", "compliance-officer", "full-administrator"]))
    home = draw(
        st.sampled_from(["", "", f"{{organization: {other}}}", "{type: business}", "{organization: nobody-knows}"][: 2 if calm else None])
    )
    what = draw(st.sampled_from(CALM if calm else WHAT))

    def step(world: World) -> None:
        if name in world.declared or what in {WHAT[index] for index in ALWAYS}:
            what(world, name, other, email, Person(roles=role, home=home, expires=end))

    return step


def _add(world: World, name: str, _other: str, email: str, person: Person) -> None:
    world.declared[name].people[email] = person


def _drop(world: World, name: str, _other: str, email: str, _person: Person) -> None:
    world.declared[name].people.pop(email, None)


def _site(world: World, name: str, other: str, _email: str, _person: Person) -> None:
    world.declared[name].sites ^= {f"{other}.webex.com"}


def _managed(world: World, name: str, other: str, _email: str, _person: Person) -> None:
    world.declared[name].partner = "" if world.declared[name].partner else other


def _remark(world: World, name: str, other: str, email: str, _person: Person) -> None:
    world.declared[name].remark = other + email


def _label(world: World, name: str, other: str, _email: str, _person: Person) -> None:
    world.declared[name].labels = other


def _file(world: World, name: str, other: str, _email: str, _person: Person) -> None:
    world.declared[name].file = f"{other}.yaml" if world.declared[name].file == f"{name}.yaml" else f"{name}.yaml"


def _typo(world: World, name: str, _other: str, _email: str, _person: Person) -> None:
    world.declared[name].typo = not world.declared[name].typo


def _grant(world: World, name: str, other: str, email: str, person: Person) -> None:
    now = world.clock.now()
    approved = f"  approvedBy: alice@{name}.example\n  approvedAt: {format_instant(now)}\n  expiresAt: {format_instant(now + HOUR)}\n"
    text = (
        f"apiVersion: reconciler/v1\nkind: ElevationGrant\nmetadata: {{name: inc-{len(world.grants)}}}\nspec:\n  organization: {name}\n"
        f"  agent: {{email: {email}, type: {'cisco-tac' if person.home else 'managing-partner'}}}\n  reason: broken\n"
        f"  requestedAt: {format_instant(now - 5 * MINUTE)}\n{approved if person.expires else ''}"
    )
    world.grants[f"{name}/{len(world.grants)}"] = (text, f"{other}.yaml" if person.home else "grants.yaml")


def _ungrant(world: World, _name: str, _other: str, _email: str, _person: Person) -> None:
    if world.grants:
        world.grants.popitem()


def _away(world: World, name: str, _other: str, _email: str, _person: Person) -> None:
    world.declared.pop(name, None)


def _back(world: World, name: str, other: str, email: str, person: Person) -> None:
    world.declared.setdefault(name, Declared(file=f"{name}.yaml", partner=other, people={email: person}))


def _twice(world: World, name: str, other: str, _email: str, _person: Person) -> None:
    world.grants[f"{name}/twice"] = (Declared(file="").text(name), f"{other}.yaml")


def _later(world: World, _name: str, _other: str, _email: str, person: Person) -> None:
    world.clock.advance(4 * MINUTE if person.expires is None else HOUR)


def _apply(world: World, _name: str, _other: str, _email: str, _person: Person) -> None:
    world.apply()


def _apply_one(world: World, name: str, _other: str, _email: str, _person: Person) -> None:
    world.apply(organizations=frozenset({name}))


def _sweep(world: World, _name: str, _other: str, _email: str, _person: Person) -> None:
    if (world.folder / "state.db").exists():
        sweep(world.request(), world.settings())


def _waive(world: World, name: str, _other: str, _email: str, person: Person) -> None:
    end = person.expires or NOW + HOUR
    waiver = Waiver(rule="internal-to-two-organizations", about=name, reason="known", expires=end)
    world.policy = replace(world.policy, waivers=(waiver, *world.policy.waivers)[:2])


WHAT: list[Callable[[World, str, str, str, Person], None]] = [
    *(_add, _drop, _site, _managed, _remark, _label, _file, _typo, _grant, _ungrant),
    *(_away, _back, _twice, _later, _apply, _apply, _apply, _apply_one, _sweep, _waive),
]
CALM = [_add, _add, _drop, _drop, _site, _remark, _label, _file, _away, _back, _later]
ALWAYS = {WHAT.index(it) for it in (_back, _later, _apply, _sweep, _ungrant)}
