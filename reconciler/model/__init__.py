"""The nouns: frozen values that every other package speaks of.

Belongs here: what an organization, a change, a finding *is*, the protocols of the outside world, the errors.
Does not belong here: input and output, the clock, any third-party library.
"""
