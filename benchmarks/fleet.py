"""Write a fleet of manifests: valid, and the same bytes for the same numbers on every machine.

    python -m benchmarks.fleet 1000 DIR
    python -m benchmarks.fleet 1000 DIR --change 1     the same fleet with one role changed in 1 % of the customers

A fleet of N has N customers and one partner for every hundred; a fleet of one has none. A file whose bytes are already there is left alone,
so that a change touches what it changes and nothing else.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

GIVEN: Final = ("adela", "bruno", "cveta", "dusan", "elif", "fedor", "greta", "henrik", "ines", "jonas", "klara", "leon", "mira", "nils")
FAMILY: Final = ("alder", "brandt", "costa", "duarte", "eriksen", "fischer", "greco", "hansen", "ilic", "jensen", "keller", "lind")
TOWNS: Final = ("Aarhus", "Bergen", "Coimbra", "Dresden", "Espoo", "Firenze", "Graz", "Haarlem", "Izola")
STYLED: Final = ("Mühle", "Škola", "Łódka", "Ångström", "Harbour")
ROLES: Final = (
    "compliance-officer",
    "device-administrator",
    "read-only-administrator",
    "support-administrator",
    "user-and-device-administrator",
)
SITE_ROLES: Final = ("site-administrator", "site-read-only-administrator", "site-user-administrator")
HEAD: Final = """\
# Changes go through review.
apiVersion: reconciler/v1
kind: Organization
metadata:
  name: {name}
  labels: {{{labels}}}
spec:"""
KINDS: Final = {"organization": 55, "site": 18, "location": 10, "visitor": 10, "partner": 7}
"""How often an administrator is of which kind, in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What was written: numbers of files, of bytes, of administrators, and of files that were not there with these bytes before."""

    files: int
    size: int
    administrators: int
    written: int


def write(directory: Path, n: int, *, administrators: int = 20, seed: int = 7, change: float = 0, compact: bool = False) -> Fleet:
    """Write a fleet below *directory*.

    Args:
        directory: made if it is missing.
        n: customers.
        administrators: of each customer, at least 3.
        seed: another one gives another fleet.
        change: percent of the customers, at least one unless 0, in which one administrator has another role.
        compact: one site, and one line an administrator, so that 10,000 fit into one document.

    """
    changed = random.Random(seed).sample(range(n), max(1, round(n * change / 100))) if change else []
    files = size = people = written = 0
    for name, text in manifests(n, administrators, seed, frozenset(changed), compact=compact):
        path, data = directory / name, text.encode()
        files, size, people = files + 1, size + len(data), people + text.count("email: ")
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            written += 1
    return Fleet(files=files, size=size, administrators=people, written=written)


def manifests(n: int, administrators: int, seed: int, changed: frozenset[int], *, compact: bool) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every file of a fleet."""
    partners = -(-n // 100) if n > 1 else 0
    for number in range(partners):
        managed = [f"customer-{i:05d}" for i in range(number, n, partners) if not _independent(i)]
        yield f"{number:03d}/partner-{number:03d}.yaml", _partner(f"partner-{number:03d}", managed)
    for i in range(n):
        number = i % partners if partners else 0
        partner = f"partner-{number:03d}" if partners and not _independent(i) else None
        lines = _customer(i, partner, administrators, random.Random(f"{seed}/{i}"), changed=i in changed, compact=compact)
        yield f"{number:03d}/customer-{i:05d}.yaml", "\n".join(lines) + "\n"


def _independent(i: int) -> bool:
    return i % 20 == 13  # one in twenty, not the first


def _partner(name: str, managed: list[str]) -> str:
    people = {
        "chief": "full-administrator, partner-full-administrator",
        "deputy": "full-administrator, partner-full-administrator",
        "auditor": "partner-read-only-administrator",
        "desk": "help-desk-administrator-basic",
        "engineer": "help-desk-administrator-advanced",
        "account": "partner-administrator",
    }
    lines = [HEAD.format(name=name, labels="tier: channel"), "  type: partner", "  administrators:"]
    for who, roles in people.items():
        lines += [f"    - email: {who}@{name}.example", f"      roles: [{roles}]"]
    return "\n".join([*lines, f"      customers: [{', '.join(managed[: -(-len(managed) // 3)])}]", ""])


def _customer(i: int, partner: str | None, administrators: int, rng: random.Random, *, changed: bool, compact: bool) -> Iterator[str]:
    name, domain = f"customer-{i:05d}", f"c{i:05d}.example"
    sites = [f"{name}{part}.webex.com" for part in ("", "-north", "-test")[: 1 if compact else rng.randint(1, 3)]]
    towns = rng.sample(TOWNS, rng.randint(1, 4))
    yield HEAD.format(name=name, labels=f"tier: {rng.choice(('large', 'medium', 'small'))}, region: {rng.choice(('north', 'south'))}")
    yield from ("  type: customer", f'  displayName: "{rng.choice(STYLED)} {i}"')
    if partner:
        yield from (f"  managedBy: {partner}", "  restrictedMode:", f"    enabled: {_flow(rng.random() < 0.8)}")
    yield from ("  support:", f"    ciscoReadOnlyAccess: {_flow(rng.random() < 0.3)}", "  services: [contact-center, events]", "  sites:")
    for site in sites:
        yield f"    {site}: {{managedIn: control-hub}}"
    if i % 10 == 7:  # one in ten, not the first
        yield f"    {name}-old.webex.com: {{managedIn: site-administration}}"
    yield "  locations:"
    for town in towns:
        yield f"    - {town}"
    yield "  administrators:"
    for k in range(administrators - 1):
        kind = "full" if k < 2 else rng.choices(list(KINDS), list(KINDS.values()))[0]  # nobody is the only one
        who = f"{rng.choice(GIVEN)}.{rng.choice(FAMILY)}{k}"
        person = _person(who, kind, rng, domain=domain, partner=partner, sites=sites, towns=towns)
        yield from [f"    - {_flow(person)}"] if compact else _block(person)
    yield from (f"    - email: rota@{domain}", f"      roles: [{'support' if changed else 'device'}-administrator]")


def _person(
    who: str, kind: str, rng: random.Random, *, domain: str, partner: str | None, sites: list[str], towns: list[str]
) -> dict[str, Any]:
    """Return one administrator as the manifest has it."""
    match kind:
        case "organization":
            return {"email": f"{who}@{domain}", "roles": sorted(rng.sample(ROLES, rng.choice((1, 1, 1, 2))))}
        case "site":
            chosen = sites[: rng.randint(1, len(sites))]
            roles = {site: {"role": rng.choice(SITE_ROLES), "meetingContentManager": rng.random() < 0.3} for site in chosen}
            return {"email": f"{who}@{domain}", "roles": [], "sites": roles}
        case "location":
            chosen = sorted(rng.sample(towns, rng.randint(1, len(towns))))
            return {"email": f"{who}@{domain}", "roles": ["location-administrator"], "locations": chosen}
        case "visitor":
            end = rng.choice(({}, {"expiresAt": "2040-06-30T00:00:00Z"}))
            return {"email": f"{who}@contractor.example", "home": {"type": "business"}, "roles": ["read-only-administrator"], **end}
        case "partner" if partner:
            return {"email": f"{who}@{partner}.example", "home": {"organization": partner}, "roles": ["full-administrator"]}
        case _:
            return {"email": f"{who}@{domain}", "roles": ["full-administrator"]}


def _block(person: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of one administrator in a mixture of styles, with a comment here and there, as people write them."""
    yield f"    - email: {person['email']}" + ("   # until the project ends" if "expiresAt" in person else "")
    for key, value in list(person.items())[1:]:
        if key == "sites" or (key == "roles" and len(person) == 2):  # nothing but the address and roles
            yield f"      {key}:"
            yield from (
                (f"        {site}: {_flow(role)}" for site, role in value.items())
                if key == "sites"
                else (f"        - {role}" for role in value)
            )
        else:
            yield f"      {key}: {_flow(value)}"


def _flow(value: Any) -> str:
    """Return a value in one line."""
    match value:
        case dict():
            return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case bool():
            return str(value).lower()
        case _:
            return f'"{value}"' if ":" in value else str(value)


def main() -> None:
    """Write the fleet that the arguments describe and say what was written."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fleet", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("n", type=int, help="customer organizations")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--administrators", type=int, default=20, help="of each customer; default 20")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--change", type=float, default=0, metavar="PERCENT", help="give one administrator another role in this share of the customers"
    )
    parser.add_argument("--compact", action="store_true", help="one site, and one line an administrator: 10,000 fit into one document")
    print(write(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
