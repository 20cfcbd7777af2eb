"""The embedded case system, so that the whole loop runs with nothing else installed.

It speaks to the gateway over HTTP alone (Open311 GeoReport v2 in, signed `case.updated`
webhooks out) and could be replaced by any other case system that does the same.
"""
