"""The GeoReport v2 server: how the gateway, or any other client, opens and reads cases.

Reading without the API key shows what the standard makes public of any case (number, kind, state,
times); what was reported, where, and the pictures need the key.
"""
