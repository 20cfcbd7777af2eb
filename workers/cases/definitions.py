"""What a service declares, asked at most once an hour: whether further links have a field there.

A server that does not say is taken to declare nothing, for as long; the links then stand in the
description, where nobody can miss them.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from bot.core.errors import CaseSystemDown
from workers.cases.answers import Row, Unreadable, attribute_words, rows
from workers.cases.endpoint import Endpoint

KEPT_SECONDS = 3600.0
WAIT_SECONDS = 5.0
LINKS = "media_urls"


@dataclass(slots=True)
class _Known:
    """One service's answer; the lock lets one of many callers ask."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: float = 0.0
    declared: bool = False


class Definitions:
    """The definitions of one server's services."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._known: dict[str, _Known] = {}

    async def declare_links(self, service_code: str) -> bool:
        """Whether the service has the attribute `media_urls`; never raises for the server."""
        known = self._known.setdefault(service_code, _Known())
        async with known.lock:
            if time.monotonic() >= known.until:
                known.declared = await self._ask(service_code)
                known.until = time.monotonic() + KEPT_SECONDS
        return known.declared

    async def _ask(self, service_code: str) -> bool:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                answer = await self._endpoint.get(f"services/{quote(service_code, safe='')}")
            found = rows(answer.body) if answer.good else []
        except (CaseSystemDown, Unreadable, TimeoutError):
            return False
        return any(_has_links(row) for row in found)


def _has_links(row: Row) -> bool:
    return LINKS in set(attribute_words(row))
