"""The closed vocabularies of the data files."""

from enum import StrEnum
from typing import Final

ORGANIZATION: Final = "organization"
SITE: Final = "site"
SERVICE: Final = "service"
CUSTOMER_MANAGEMENT: Final = "customer-management"
"""Scopes: where the cells of a matrix hold. A service is named after a slash: `service/contact-center`."""


class Level(StrEnum):
    """What a cell of a matrix, or somebody, has of one permission.

    `temporary` and `not-applicable` stand in cells only: the first is full inside a running elevation and read outside it, the second
    means that the combination does not exist. `unknown` is never to be read as none or full.
    """

    FULL = "full"
    CONDITIONAL = "conditional"
    READ = "read"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"
    NONE = "none"
    NOT_APPLICABLE = "not-applicable"


class Evidence(StrEnum):
    """How a fact is known: stated in an article, in a later or other public text, deduced, or not at all."""

    ARTICLE = "article"
    REFERENCE = "reference"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure a deduced fact is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Holder(StrEnum):
    """Where somebody with access belongs, seen from the organization: its own people, its managing partner's, anybody else's."""

    INTERNAL = "internal"
    MANAGING_PARTNER = "managing-partner"
    OTHER_ORGANIZATION = "other-organization"


class Origin(StrEnum):
    """Of which organization a support agent is an administrator; `anywhere` where no list here could say so."""

    MANAGING_PARTNER = "managing-partner"
    ANY_PARTNER = "any-partner"
    ANYWHERE = "anywhere"


class Permitted(StrEnum):
    """Whether something may be; `unknown` where the articles do not say."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
