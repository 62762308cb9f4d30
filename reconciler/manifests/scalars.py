"""Plain scalars by the YAML 1.2 core schema: text, integers, booleans, null. Nothing else is read into them.

`no`, `on`, `12:30`, dates and decimal numbers stay text; `0123` is the integer 123. No field of a manifest is a fraction.
"""

import re
from typing import Final

INTEGER_DIGITS: Final = 40
"""Longer integers are refused: they are identifiers without quotes, or an attack on `int`."""

MAY_BE_NUMBER: Final = frozenset("0123456789+-")
"""The first characters of integers."""
WORDS: Final = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
"""The plain scalars that are null, true or false."""
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")

Scalar = str | int | bool | None


def resolve(text: str) -> Scalar:
    """Return the value of the plain scalar *text*.

    Raises:
        ValueError: an integer of more than `INTEGER_DIGITS` digits.
    """
    if text in WORDS:
        return WORDS[text]
    if text[0] not in MAY_BE_NUMBER or _INTEGER.fullmatch(text) is None:
        return text
    if len(text) > INTEGER_DIGITS:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
