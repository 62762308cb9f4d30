"""What a report is told beside its result: what its place allows, and what was asked for.

Colors are an extra on top of a text that is complete without them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # few reports ask for a rule
    from reconciler.model.rulebook import RuleFacts

BOLD: Final = "1"
DIM: Final = "2"
RED: Final = "31"
GREEN: Final = "32"
YELLOW: Final = "33"
CYAN: Final = "36"
LOUD: Final = "1;31"


def _no_rules() -> tuple["RuleFacts", ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the place of a report allows, and what the run was asked for.

    Attributes:
        color: whether ANSI codes are added.
        bars: whether a share is drawn as well as said.
        offers: whether a plan says how it is applied; not when that is just being done.
        width: columns at which long lists and explanations are wrapped. A first line that people search for is never wrapped.
        strict: whether warnings count as failures.
        command: the name of the command; a failure has no other way to know it.
        scope: the organizations that were asked for, empty for all of them.
        perform: the words of the command line that performs a plan that was just made, without the approval; empty when not known.
        saved: the file that a plan was just saved in, None for none.
        rules: gives every rule as configured, for formats that describe the rules behind their findings.
    """

    color: bool = False
    bars: bool = False
    width: int = 120
    offers: bool = True
    strict: bool = False
    command: str = ""
    scope: str = ""
    perform: tuple[str, ...] = ()
    saved: str | None = None
    rules: Callable[[], tuple["RuleFacts", ...]] = _no_rules

    def paint(self, text: str, code: str) -> str:
        """Return *text* in a color, or as it is where there are none."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text
