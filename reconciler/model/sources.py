"""Sources: the texts that facts and rules come from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where facts come from; `rank` is `article` or `reference`."""

    id: str
    rank: str
    title: str
    url: str | None = None
