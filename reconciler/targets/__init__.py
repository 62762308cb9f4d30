"""Targets: the live side behind one protocol. Today there is `none`: the stored state is the record and nothing else changes.

Belongs here: how a change is made true at a live side. Does not belong here: what is to change, in which order, and its record.
"""

from reconciler.model.protocols import Target
from reconciler.targets.none import NoTarget

TARGETS: dict[str, Target] = {"none": NoTarget()}
"""Every target by the name users write."""

__all__ = ["TARGETS", "NoTarget"]
