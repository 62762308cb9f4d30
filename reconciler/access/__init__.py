"""Effective access: role rights, minus restrictions, plus live grants, with the reason for every cell.

Belongs here: the calculation over catalog and model. Does not belong here: input, output, the clock, rules.
"""
