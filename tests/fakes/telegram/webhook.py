"""Pushes updates to the bot's webhook: in order within a chat, many chats at once, until taken."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from tests.fakes.telegram.base import Json
from tests.fakes.telegram.updates import Queued
from tests.fakes.telegram.wire import RawCall, read_reply
from tests.fakes.telegram.world import World

_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5)
_TIMEOUT = ClientTimeout(total=30)

Perform = Callable[[str, RawCall], Awaitable[object]]


class Webhook:
    """The push side of the update queue; idle until `set`.

    `perform` carries out a call that the bot made in its answer.
    """

    def __init__(self, world: World, perform: Perform) -> None:
        self.url = ""
        self._secret: str | None = None
        self._connections = 40
        self._last_error: Json = {}
        self._world = world
        self._perform = perform
        self._loop: asyncio.Task[None] | None = None
        self._deliveries: dict[int, asyncio.Task[None]] = {}

    async def set(self, url: str, secret: str | None, connections: int) -> None:
        """Starts pushing to `url`, `connections` at once."""
        await self.stop()
        self.url, self._secret, self._connections = url, secret, connections
        self._last_error = {}
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops pushing; what was not taken stays queued."""
        self.url = ""
        tasks = [*self._deliveries.values(), *([self._loop] if self._loop else [])]
        self._loop = None
        self._deliveries.clear()
        others = [task for task in tasks if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def info(self) -> Json:
        """What getWebhookInfo answers."""
        pending = len(self._world.updates.pending)
        basic = {"url": self.url, "has_custom_certificate": False, "pending_update_count": pending}
        if not self.url:
            return basic
        allowed = self._world.updates.allowed
        asked = {"allowed_updates": allowed} if allowed else {}
        return basic | {"max_connections": self._connections} | asked | self._last_error

    async def _run(self) -> None:
        async with ClientSession(timeout=_TIMEOUT) as session:
            while True:
                queued = await self._world.pulse.until(self._next, timeout=None)
                task = asyncio.create_task(self._deliver(session, queued))
                self._deliveries[queued.chat_id] = task

    def _next(self) -> Queued | None:
        if len(self._deliveries) >= self._connections:
            return None
        pending = self._world.updates.pending
        return next((item for item in pending if item.chat_id not in self._deliveries), None)

    async def _deliver(self, session: ClientSession, queued: Queued) -> None:
        attempt = 0
        while not await self._taken(session, queued):
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1
        self._deliveries.pop(queued.chat_id, None)
        self._world.updates.done(queued)

    async def _taken(self, session: ClientSession, queued: Queued) -> bool:
        headers = {_SECRET_HEADER: self._secret} if self._secret else {}
        self._world.updates.deliveries[queued.id] += 1
        try:
            async with session.post(self.url, json=queued.update, headers=headers) as response:
                if response.ok:
                    await self._carry_out(response)
                    return True
                self._failed(f"Wrong response from the webhook: {response.status}")
        except (ClientError, TimeoutError) as error:
            self._failed(f"Connection failed: {error}")
        return False

    async def _carry_out(self, response: ClientResponse) -> None:
        try:
            raw = await read_reply(response)
        except ValueError as error:
            self._failed(f"Unreadable answer from the webhook: {error}")
            return
        method = raw.values.pop("method", None)
        if method is not None:
            await self._perform(str(method), raw)

    def _failed(self, reason: str) -> None:
        self._last_error = {"last_error_date": int(time.time()), "last_error_message": reason}
        self._world.pulse.beat()
