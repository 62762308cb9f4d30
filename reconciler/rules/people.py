"""Who the people are: addresses that could be mistaken for others."""

from collections.abc import Iterator

from reconciler.model.identifiers import administrator_address
from reconciler.model.resources import Organization
from reconciler.rules.base import Context, Violation, listing, live_people, person_path

_NEUTRAL = ["latin", "common"]
"""Scripts whose letters are expected in an address."""


def look_alike_address(organization: Organization, context: Context) -> Iterator[Violation]:
    """An address does not contain letters of other scripts that look like Latin ones.

    Source: Unicode Technical Standard #39 (confusables); our choice for addresses (inferred).
    Why: in a review `alice@acme.example` with a Cyrillic first letter reads like somebody else's address.
    """
    for person in live_people(organization, context):
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
