"""Names and addresses: how a person, an organization and a resource are told apart."""

import unicodedata

ORGANIZATION = "organization"
ADMINISTRATOR = "administrator"
ELEVATION_GRANT = "elevation-grant"

RESOURCE_TYPES = (ORGANIZATION, ADMINISTRATOR, ELEVATION_GRANT)


def identity(email: str) -> str:
    """Return the key under which a person is known: the e-mail after NFKC and case folding.

    Two spellings with one key are one person. The key is for comparing, never for rewriting an address:
    it also merges letters such as the Kelvin sign with `k`.
    Source: Unicode UAX #15 (NFKC), The Unicode Standard 3.13 (case folding).
    """
    if email.isascii():
        return email.lower()
    return unicodedata.normalize("NFKC", email).casefold()


def organization_address(organization: str) -> str:
    """Return `ORG/organization`."""
    return f"{organization}/{ORGANIZATION}"


def administrator_address(organization: str, email: str) -> str:
    """Return `ORG/administrator/EMAIL`."""
    return f"{organization}/{ADMINISTRATOR}/{email}"


def grant_address(organization: str, name: str) -> str:
    """Return `ORG/elevation-grant/NAME`."""
    return f"{organization}/{ELEVATION_GRANT}/{name}"


def address_key(address: str) -> str:
    """Return the key under which a resource is known: its address, for a person with the `identity` of the e-mail."""
    organization, _, rest = address.partition("/")
    type_, _, name = rest.partition("/")
    return administrator_address(organization, identity(name)) if type_ == ADMINISTRATOR else address
