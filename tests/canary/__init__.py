"""Unique identities go through every path; afterwards they are looked for in all that is left.

A new path is a function beside those in `at_telegram`, `at_webchat` or `at_work`, and one line of
`tests.canary.paths.PATHS`. Whoever it needs is there by name, and known to the search from then on.
"""
