"""Characters that a person cannot see, or should not find where they are."""

import unicodedata
from typing import Final

# Filler characters and variation selectors that no category tells apart.
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u180e\u3164\uffa0") | frozenset(map(chr, range(0xE0100, 0xE01F0)))
# Control, format (bidirectional and zero-width characters, tags), surrogate, line and paragraph separator.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# An e-mail may contain neither these nor unassigned and space characters.
_NOT_IN_EMAIL: Final = _INVISIBLE | {"Cn", "Co", "Zs"}
_FULLWIDTH_AT: Final = "\uff20"


def invisible(text: str) -> list[str]:
    """Return the distinct control, bidirectional and invisible characters of *text*, named, in order of appearance."""
    if text.isascii() and text.isprintable():
        return []
    return [
        _named(character) for character in dict.fromkeys(text) if unicodedata.category(character) in _INVISIBLE or character in _FILLERS
    ]


def not_in_email(text: str) -> list[str]:
    """Return the distinct characters of *text* that no e-mail may contain, named.

    Source: Unicode categories C* and Z* (our choice); the full-width `＠` becomes a plain one under NFKC (UAX #15).
    """
    if text.isascii() and text.isprintable() and " " not in text:
        return []
    return [
        _named(character)
        for character in dict.fromkeys(text)
        if unicodedata.category(character) in _NOT_IN_EMAIL or character in _FILLERS or character == _FULLWIDTH_AT
    ]


def _named(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X} {name}".rstrip()
