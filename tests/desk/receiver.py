"""A gateway for the desk to talk to: takes signed webhooks, or fails as a test wants it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from standardwebhooks.webhooks import Webhook

from tests.desk.running import SECRETS

Answer = Callable[[], Awaitable[int]]


async def take() -> int:
    return 204


def refuse_with(status: int) -> Answer:
    async def answer() -> int:
        return status

    return answer


@dataclass
class Receiver:
    """Use with `async with`; `taken` are the updates that were answered 2xx, `tried` all."""

    answer: Answer = take
    port: int = 0
    tried: list[tuple[str, int]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    _runner: web.AppRunner = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/case"

    async def __aenter__(self) -> Self:
        server = web.Application()
        server.router.add_post("/hooks/case", self._hook)
        server.router.add_route("*", "/elsewhere", self._elsewhere)
        self._runner = web.AppRunner(server, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _hook(self, request: web.Request) -> web.Response:
        body = await request.text()
        event = Webhook(SECRETS[0]).verify(body, dict(request.headers))
        headers = request.headers
        self.tried.append((headers["webhook-id"], int(headers["webhook-timestamp"])))
        status = await self.answer()
        if 200 <= status < 300:
            self.taken.append(event)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def _elsewhere(self, request: web.Request) -> web.Response:
        """Where a redirect leads: content with everything, but it takes nothing in."""
        return web.Response(status=204)

    def versions(self, case_id: str) -> list[int]:
        """The versions of a case that were taken, in their order."""
        updates = (event["data"] for event in self.taken)
        return [data["version"] for data in updates if data["case_id"] == case_id]


def slow(seconds: float) -> Answer:
    """Answers when the desk has long given up."""

    async def answer() -> int:
        await asyncio.sleep(seconds)
        return 500

    return answer
