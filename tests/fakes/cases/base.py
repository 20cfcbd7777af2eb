"""What the stand-in case systems share: listening, recording, and failing as a test wants it."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from aiohttp import web
from multidict import CIMultiDict

How = Literal[
    "answer", "hang", "hang after headers", "half body", "endless body", "reset", "slow", "late"
]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How one call fails; `opens` says whether the case is opened all the same.

    A call that is answered gets `status`, `headers` and `body`. One that is "slow" gets the right
    answer after `seconds`; the case is opened at once, or with `opens` False after that, and not at
    all where the client is gone by then. With "late" it is opened after `seconds`, client or not.
    """

    how: How = "answer"
    opens: bool = False
    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Received:
    """One call as it came in; `client` is the same for all calls on one connection.

    `at` is by the monotonic clock.
    """

    client: object
    method: str
    path: str
    query: Mapping[str, str]
    headers: CIMultiDict[str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


_BACKLOG = 1024


class FaultyServer(ABC):
    """Use with `async with`; `received` has every call, oldest first."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._faults: list[tuple[str, Fault]] = []
        self._working: set[asyncio.Task[web.Response]] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    def fail(self, fault: Fault, times: int = 1, method: str = "POST") -> None:
        """Let the next calls by this method fail."""
        self._faults += [(method, fault)] * times

    def mend(self) -> None:
        """No fault that was not met yet will be."""
        self._faults.clear()

    @property
    def unmet(self) -> list[Fault]:
        """The faults that no call has met yet."""
        return [fault for _, fault in self._faults]

    def calls(self, method: str) -> list[Received]:
        """The calls by this method, oldest first."""
        return [call for call in self.received if call.method == method]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        # A full backlog would make somebody's connection a second late.
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=_BACKLOG).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        await self.idle()

    @abstractmethod
    async def answer(self, call: Received) -> web.Response:
        """What this server says when nothing is wrong."""

    async def _take(self, request: web.Request) -> web.StreamResponse:
        call = Received(
            request.transport,
            request.method,
            request.rel_url.raw_path,
            dict(request.query),
            CIMultiDict(request.headers),
            await request.read(),
        )
        self.received.append(call)
        fault = self._next_fault(request.method)
        if fault is None:
            return await self.answer(call)
        opened = await self.answer(call) if fault.opens else None
        if fault.how == "slow":
            await asyncio.sleep(fault.seconds)
            return opened or await self.answer(call)
        if fault.how == "late":
            work = asyncio.create_task(self._late(call, fault.seconds))
            self._working.add(work)
            work.add_done_callback(self._working.discard)
            return await asyncio.shield(work)
        return await _strike(request, fault, opened)

    async def idle(self) -> None:
        """Until it is at work on nothing that it was sent, asked for or not."""
        await asyncio.gather(*self._working)

    async def _late(self, call: Received, seconds: float) -> web.Response:
        await asyncio.sleep(seconds)
        return await self.answer(call)

    def _next_fault(self, method: str) -> Fault | None:
        for place, (wanted, fault) in enumerate(self._faults):
            if wanted == method:
                del self._faults[place]
                return fault
        return None


async def _strike(
    request: web.Request, fault: Fault, opened: web.Response | None
) -> web.StreamResponse:
    if fault.how == "answer":
        return web.Response(
            status=fault.status, body=fault.body, content_type=fault.kind, headers=fault.headers
        )
    if fault.how == "hang":
        await asyncio.Event().wait()
    if fault.how == "reset":
        return _broken_off(request)
    body = opened.body if opened is not None else fault.body
    assert isinstance(body, bytes)
    if fault.how == "endless body":
        return await _go_on(request)
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    if fault.how == "half body":
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.close()
        return response
    await asyncio.Event().wait()
    return response


async def _go_on(request: web.Request) -> web.StreamResponse:
    """Answers until the client goes away, slowly enough to leave the loop to others."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 1000)
        await asyncio.sleep(0.001)


def _broken_off(request: web.Request) -> web.Response:
    """The connection is gone; the response is for the framework and reaches nobody."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
