"""How a text report may look: colors are an extra on top of a text that is complete without them."""

from dataclasses import dataclass
from typing import Final

BOLD: Final = "1"
DIM: Final = "2"
RED: Final = "31"
GREEN: Final = "32"
YELLOW: Final = "33"
CYAN: Final = "36"
LOUD: Final = "1;31"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the place of a text report allows.

    Attributes:
        color: whether ANSI codes are added.
        bars: whether a share is drawn as well as said.
        offers: whether a plan says how it is applied; not when that is just being done.
        width: columns at which long lists and explanations are wrapped. A first line that people search for is never wrapped.
    """

    color: bool = False
    bars: bool = False
    width: int = 120
    offers: bool = True

    def paint(self, text: str, code: str) -> str:
        """Return *text* in a color, or as it is where there are none."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text
