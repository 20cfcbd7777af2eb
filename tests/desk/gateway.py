"""The gateway's own door for operators, before a real store: for the desk's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.bells import Bells
from bot.operators import PATH, Operators
from bot.store.connection import Store
from bot.store.outbox import KINDS, Outbox

KEY = "only-a-test-knows-this-key-of-operators"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Door:
    """Where the desk asks; with `instead`, that answers in place of the gateway."""

    store: Store
    url: str = ""
    instead: Handler | None = None
    asked: int = 0

    @property
    def settings(self) -> dict[str, str]:
        """What the desk is told of it."""
        return {"OPERATORS_URL": self.url, "OPERATOR_KEY": KEY}

    async def park(self, kind: str, *names: str, reason: str = "KeyError") -> None:
        """Have work of these names given up."""
        work = Outbox(self.store, kind)
        for name in names:
            for command in work.add(name, b"body"):
                await self.store.write(*command)
        for entry in await work.claim(len(names), 60):
            assert await work.park(entry, reason)

    async def due(self, kind: str) -> dict[str, int]:
        """What can be worked on, with the number of the attempt."""
        return {one.id: one.attempts for one in await Outbox(self.store, kind).claim(100, 60)}

    @web.middleware
    async def _before(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked += 1
        return await (self.instead or handler)(request)


@asynccontextmanager
async def door_to(store: Store, valkey_url: str) -> AsyncIterator[Door]:
    """The door, open."""
    door, bells = Door(store), Bells(store, valkey_url)
    application = web.Application(middlewares=[door._before])
    outboxes = {kind: Outbox(store, kind) for kind in KINDS}
    Operators(KEY, b"n" * 32, outboxes, bells).add_routes(application)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    yield door
    await runner.cleanup()
    await bells.close()
