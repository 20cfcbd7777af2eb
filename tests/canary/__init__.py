"""Unique identities go through every path; afterwards they are looked for in all that is left.

A new channel or path adds one line to `tests.canary.paths.PATHS`.
"""
