"""Planning: from what is declared and what is stored to the changes between them, ordered, guarded and sealed.

Belongs here: scope (what is ours to change), diff, order, guard (safety rails), seal (digests, validity), codec (plan as JSON).
Does not belong here: input and output, the clock, how a change is performed at a target. May know: deepdiff, in `diff` only.
"""
