"""PyYAML's event stream: what this package asks of PyYAML, and nothing else of it.

The composer and constructor are never used: they recurse in C, and a file of 25 kB ends the process (yaml/pyyaml#895).
"""

from typing import Any, Final

import yaml

WITH_LIBYAML: Final = bool(yaml.__with_libyaml__)
"""Whether the fast C scanner is there. Without it everything means the same but takes about ten times as long."""

NODES_LIMIT: Final = 200_000
"""The most nodes in one document: scalars, keys, lists and mappings."""
DEPTH_LIMIT: Final = 32
"""The most lists and mappings within each other, the document itself counted."""
MERGE_KEY: Final = "<<"

MarkedYAMLError = yaml.MarkedYAMLError
ScalarEvent = yaml.ScalarEvent
MappingStartEvent = yaml.MappingStartEvent
MappingEndEvent = yaml.MappingEndEvent
SequenceStartEvent = yaml.SequenceStartEvent
SequenceEndEvent = yaml.SequenceEndEvent
AliasEvent = yaml.AliasEvent
DocumentStartEvent = yaml.DocumentStartEvent
DocumentEndEvent = yaml.DocumentEndEvent
StreamEndEvent = yaml.StreamEndEvent


class PureLoader(yaml.SafeLoader):
    """The scanner in Python, as strict as libyaml about lone surrogates."""

    def get_event(self) -> Any:
        """Return the next event.

        Raises:
            MarkedYAMLError: a syntax error, or an escape that names half of a surrogate pair.
        """
        event = super().get_event()  # type: ignore[no-untyped-call]
        if isinstance(event, ScalarEvent) and any("\ud800" <= character <= "\udfff" for character in event.value):
            mark: Any = event.start_mark
            raise MarkedYAMLError(problem="found invalid Unicode character escape code", problem_mark=mark)
        return event


Loader: Any = yaml.CSafeLoader if WITH_LIBYAML else PureLoader
"""Takes bytes, gives events by `get_event()`."""
