"""Who the people are: where they belong, and addresses that could be mistaken for others."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from reconciler.catalog import Holder
from reconciler.model.identifiers import administrator_address, identity
from reconciler.rules.base import Context, Violation, listing, person_path
from reconciler.rules.holding import allowed_for
from reconciler.rules.subject import Subject

_NEUTRAL = ["latin", "common"]
"""Scripts whose letters are expected in an address."""


def look_alike_address(organization: Subject, context: Context) -> Iterator[Violation]:
    """An address does not contain letters of other scripts that look like Latin ones.

    Source: Unicode Technical Standard #39 (confusables); our choice for addresses (inferred).
    Why: in a review `alice@acme.example` with a Cyrillic first letter reads like somebody else's address.
    """
    for person in organization.people:
        if person.email.isascii():
            continue
        letters = _look_alikes(person.email)
        if letters:
            yield Violation(
                message=f"the address {person.email} contains letters that look like Latin ones",
                detail=listing(letters),
                hint="write the address anew, in Latin letters, unless these letters are meant",
                path=person_path(person, "email"),
                address=administrator_address(organization.name, person.email),
            )


def _look_alikes(email: str) -> list[str]:
    from confusable_homoglyphs import confusables  # noqa: PLC0415 -- its tables are loaded for the rare address that needs them

    found = confusables.is_confusable(email, greedy=True, preferred_aliases=_NEUTRAL) or []
    return [
        f"U+{ord(letter['character']):04X} ({letter['alias'].capitalize()}) looks like {letter['homoglyphs'][0]['c']}" for letter in found
    ]


def taken_for_one(one: str, other: str) -> bool:
    """Tell whether a reader takes two addresses for one person's: look-alike letters folded, and nothing after a plus sign.

    For comparing only, and only where a needless match does little harm: it also folds `1` and `l`, `0` and `o`.
    Source: Unicode Technical Standard #39 (skeletons of confusable strings); plus tags are our choice (inferred).
    """
    return not _appearances(one).isdisjoint(_appearances(other))


def _appearances(email: str) -> set[str]:
    # NFKC makes another letter of some look-alikes (a lunate sigma), so the address is folded without it as well.
    return {_folded(email.casefold()), _folded(identity(email))}


def _folded(email: str) -> str:
    local, at, domain = "".join(map(_prototype, email)).casefold().rpartition("@")
    return (local.partition("+")[0] or local) + at + domain


def _prototype(letter: str) -> str:
    """The tables lead from each letter to the one that it stands for, and from that one to all of its letters."""
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415 -- as above

    alike: list[str] = [other["c"] for other in confusables_data.get(letter, ())]
    if len(alike) != 1:
        return letter
    return alike[0] if len(confusables_data.get(alike[0], ())) > 1 else min(letter, alike[0])


def internal_to_two_organizations(organization: Subject, context: Context) -> Iterator[Violation]:
    """A person without `home` is internal to one organization.

    Source: nk1ktdo (stated): an external administrator belongs to another organization; that a user belongs to one is inferred.
    Why: in all organizations but one the person is external, and external administrators may hold less.
    """
    if context.internal_to.keys().isdisjoint(organization.administrators or ()):
        return
    partner = organization.settings.managed_by if organization.settings else None
    for person in organization.people:
        names = context.internal_to.get(person.key, ()) if person.home is None else ()
        if len(names) > 1:
            yield Violation(
                message=f"{person.email} is internal to {organization.name} and to {_others(names, organization.name, most=2)}",
                detail=f"a person without home belongs to one organization; without home also in: {_others(names, organization.name)}",
                # Most often it is somebody of the partner who works in its customers.
                hint=f"add home: {{organization: {partner}}}"
                if partner is not None and _among(names, partner)
                else "add home: {organization: X} in all of them but one, X",
                path=person_path(person, "email"),
                address=administrator_address(organization.name, person.email),
            )


def _others(names: Sequence[str], own: str, *, most: int = 12) -> str:
    """Return *names* without *own*, cut with a count. They may be as many as there are organizations, so only the first are looked at."""
    few = [name for name in names[: most + 1] if name != own][:most]
    more = len(names) - 1 - len(few)
    return ", ".join(few) + (f" and {more} more" if more else "")


def _among(names: Sequence[str], name: str) -> bool:
    """Tell whether *name* is one of the sorted *names*."""
    position = bisect_left(names, name)
    return position < len(names) and names[position] == name


def managing_partner_as_account(organization: Subject, context: Context) -> Iterator[Violation]:
    """An administrator of the managing partner is declared with the partner as home, never with a kind of account.

    Source: fs78p5 (stated, R090): administrators of the partner are external administrators of the customer; that they are told by the
    partner's own list is our choice (inferred).
    Why: the home decides what a person may hold, so the kind of account would give more than Control Hub does.
    """
    partner = organization.settings.managed_by if organization.settings else None
    if partner is None:
        return
    for person in organization.outsiders:
        if person.home is None or person.home.type is None:
            continue
        if person.key in (context.people_of(partner) or ()):
            allowed = listing(allowed_for(Holder.MANAGING_PARTNER, context.catalog))
            yield Violation(
                message=f"{person.email} is declared with a {person.home.type} account and belongs to {partner}, the managing partner",
                detail=f"people of the managing partner have it as their home, and may hold: {allowed}",
                hint=f"home: {{organization: {partner}}}",
                path=person_path(person, "home"),
                address=administrator_address(organization.name, person.email),
            )
