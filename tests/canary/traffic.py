"""What goes over the wire between gateway and case system, byte for byte, kept on its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire:
    """Listens on `port` and passes everything on to `target`, as long as it is `up`."""

    def __init__(self, asks: str, answers: str) -> None:
        self._names = asks, answers
        self._kept: dict[str, bytearray] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self.port = self.target = 0
        self.up = True

    def places(self) -> dict[str, bytes]:
        """All that was said, by connection and direction."""
        return {name: bytes(said) for name, said in self._kept.items()}

    def cut(self) -> None:
        """The other end is away from now on."""
        self.up = False
        for task in self._serving:
            task.cancel()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Wire]:
        """Passing on for as long as the block runs."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve((reader, writer)))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, near: Ends) -> None:
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:  # killed, and not yet back
            near[1].transport.abort()
            return
        asks, answers = self._names
        count = len(self._kept)
        both = [
            asyncio.create_task(_pass(near, far, self._said(f"{asks} to {answers}, {count}"))),
            asyncio.create_task(_pass(far, near, self._said(f"{answers} to {asks}, {count}"))),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for _, writer in (near, far):
                writer.close()
            await asyncio.gather(
                *(writer.wait_closed() for _, writer in (near, far)), return_exceptions=True
            )

    def _said(self, name: str) -> bytearray:
        return self._kept.setdefault(f"traffic from {name}", bytearray())


async def _pass(source: Ends, target: Ends, said: bytearray) -> None:
    while data := await source[0].read(65536):
        said += data
        target[1].write(data)
        await target[1].drain()


@dataclass(frozen=True)
class Traffic:
    """Both wires: what the push worker says to the desk, and what the desk tells the gateway."""

    cases: Wire
    news: Wire

    @property
    def settings(self) -> dict[str, str]:
        """What makes the programme use these wires."""
        return {
            "OPEN311_URL": f"http://127.0.0.1:{self.cases.port}/open311/v2",
            "CASE_HOOK_URL": f"http://127.0.0.1:{self.news.port}/hooks/case",
        }

    def places(self) -> dict[str, bytes]:
        """All that went over either."""
        return {**self.cases.places(), **self.news.places()}


@asynccontextmanager
async def tapped() -> AsyncIterator[Traffic]:
    """The wires, before anything uses them."""
    async with (
        Wire("push", "desk").listening() as cases,
        Wire("desk", "gateway").listening() as news,
    ):
        yield Traffic(cases, news)
