"""What a rule is given and what it answers."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from reconciler.catalog import Catalog
from reconciler.model.findings import Path, Severity
from reconciler.model.resources import Administrator, OrganizationFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """What is on record of one person in one organization at an instant; None for nobody of that address."""

    person: Administrator | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a rule may know beside the organization itself.

    Attributes:
        now: the instant for which the organization is judged, UTC.
        known: facts of every organization that is declared or stored, by name.
        declared: the names of organizations that have a manifest, also an invalid one; a reference to them is not "unknown".
        site_owners: site to the names of the declared organizations that have it, sorted; those with one owner may be left out.
        internal_to: identity key to the names of the declared organizations whose own person that is, sorted; those with one may be left
            out.
        claimants: former name to the names of the declared organizations that claim it, sorted; those with one may be left out.
        renamed: the former name of an organization that this run renames, to the new one.
        people_of: gives the identity keys of the people whose home is an organization, as declared or stored; None when its
            administrators are not known.
        administrators_of: gives the administrators of an organization by identity key, as declared or stored; None when not known.
        lists_of: gives every known list of administrators of an organization, the declared and the stored one, by identity key.
        recorded_partner_of: gives the managing partner that is on record of an organization; None without one.
        partners: gives the names of the partner organizations that are declared or stored; asked for few grants.
        on_record: gives what is recorded of somebody in an organization (its name, the identity key, the instant); None where no
            administrators are on record, or no record is looked at.
    """

    now: datetime
    catalog: Catalog
    known: Mapping[str, OrganizationFacts]
    declared: AbstractSet[str]
    site_owners: Mapping[str, Sequence[str]]
    internal_to: Mapping[str, Sequence[str]] = field(default_factory=dict)
    claimants: Mapping[str, Sequence[str]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    people_of: Callable[[str], frozenset[str] | None] = lambda _: None
    administrators_of: Callable[[str], Mapping[str, Administrator] | None] = lambda _: None
    lists_of: Callable[[str], Sequence[Mapping[str, Administrator]]] = lambda _: ()
    recorded_partner_of: Callable[[str], str | None] = lambda _: None
    partners: Callable[[], Iterable[str]] = tuple
    on_record: Callable[[str, str, datetime], OnRecord | None] = lambda *_: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What a rule found. The runner adds the id and the severity, so a rule cannot lie about them.

    Attributes:
        address: of the resource at fault; None means the organization itself.
        path: where in that resource's manifest document.
        unknown: what the answer depends on is not known; it is said, and stops nothing.
    """

    message: str
    path: Path
    detail: str = ""
    hint: str | None = None
    address: str | None = None
    unknown: bool = False


Check_co = TypeVar("Check_co", bound=Callable[..., object], covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Check_co]):
    """One rule: its stable id, its default severity, and the pure function that checks it. `told` gives what it says of itself."""

    id: str
    severity: Severity
    check: Check_co


def rule_id(check: Callable[..., object]) -> str:
    """Return the id of a rule: the name of its function with `-` for `_`."""
    return getattr(check, "__name__", "").replace("_", "-")


def told(check: Callable[..., object]) -> str:
    """Return what a rule says of itself: the rule, its source, and why."""
    return inspect.getdoc(check) or ""


def why(check: Callable[..., object]) -> str:
    """Return what a rule is for, in its own words, without the final period."""
    return " ".join(told(check).partition("Why: ")[2].split()).removesuffix(".")


def person_path(person: Administrator, *rest: str | int) -> Path:
    """Return the way to a person's entry, or further into it."""
    return ("spec", "administrators", person.key, *rest)


def closest(value: str, allowed: Sequence[str]) -> str | None:
    """Return the allowed value that *value* was probably meant to be, or None."""
    from difflib import get_close_matches  # noqa: PLC0415 - most names are right

    return next(iter(get_close_matches(value, allowed, n=1, cutoff=0.6)), None)


def listing(values: Sequence[str], *, most: int = 12) -> str:
    """Return *values* as one readable list, cut with a count."""
    shown = ", ".join(values[:most])
    return shown + (f" and {len(values) - most} more" if len(values) > most else "")
