"""From which network somebody comes: coarse, and believed only from proxies of ours."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.channels.webchat.network import network_of


class Transport:
    """A connection from an address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.address, 4711) if name == "peername" else default


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "network"),
    [
        ("203.0.113.77", "", 0, "203.0.113.0/24"),
        ("203.0.113.77", "198.51.100.1", 0, "203.0.113.0/24"),
        ("10.0.0.1", "198.51.100.9", 1, "198.51.100.0/24"),
        ("10.0.0.1", "192.0.2.1, 198.51.100.9", 1, "198.51.100.0/24"),
        ("10.0.0.1", "192.0.2.1, 198.51.100.9", 2, "192.0.2.0/24"),
        ("10.0.0.1", "198.51.100.9", 2, ""),
        ("10.0.0.1", "", 1, ""),
        ("10.0.0.1", "somebody", 1, ""),
        ("2001:db8:1:2:3::4", "", 0, "2001:db8:1::/48"),
    ],
)
def test_the_network(peer: str, forwarded: str, proxies: int, network: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    transport = Transport(peer)
    request = make_mocked_request("GET", "/", headers=headers, transport=transport)
    assert network_of(request, proxies) == network
