"""A proxy that sees what passes to the store, and cuts, delays or stalls what goes through.

With several targets it is also the load balancer before the bots.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Literal

from bot.store.connection import digest, scripts

When = Literal["before", "after"]
# cut: nothing of it arrives; half: half of it does; hold: it waits until it is let go.
Verdict = Literal["pass", "cut", "half", "hold"]
# Gets what passes: the script's call, or the store's answer.
Hook = Callable[[bytes], Verdict]

# How what can be hooked looks: each script, and the mark that a notice arrived.
SEEN = {name: re.compile(digest(body).encode()) for name, body in scripts().items()} | {
    "arrived": re.compile(rb"\r\ntold:[^\r]+\r\n\$2\r\nGT\r\n\$\d+\r\n\d+\r\n\$4\r\nsent\r\n")
}
# What was held on its way to the store, whatever it was.
HELD = "held"


class Proxy:
    """Listens on `port` and passes each connection on to the port that `target` names, while `up`.

    While `flows` is not set, everything waits that comes, either way; `held` lets go what a hook
    held.
    """

    def __init__(self, target: Callable[[], int]) -> None:
        self._target = target
        self._hooks: list[tuple[str, When, bytes, Hook]] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.up = True
        self.delay = 0.0
        self.flows = asyncio.Event()
        self.flows.set()
        self.held = asyncio.Event()

    def on(self, script: str, when: When, hook: Hook, kind: str = "") -> None:
        """Call `hook` once, when one of `SEEN` is on its way to the store, or its answer back.

        The answer to what a hook held is that to `HELD`. With a `kind`, only when it is about that
        kind of work.
        """
        about = f"outbox:{kind}\r".encode() if kind else b""
        self._hooks.append((script, when, about, hook))

    @property
    def unmet(self) -> list[tuple[str, When, bytes]]:
        """What is hooked and has not passed yet."""
        return [hooked[:3] for hooked in self._hooks]

    def cut(self) -> None:
        """Break every connection."""
        for writer in tuple(self._open):
            writer.transport.abort()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server
        self.up = False
        await asyncio.sleep(0.05)  # what is being accepted needs the server to be there
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        self.cut()
        # A transport that was aborted is closed in the loop's next round, and a connection that
        # was being accepted is aborted in the one before.
        await asyncio.sleep(0.05)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            writer.transport.abort()
            return
        self._open.add(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            store_reader, store_writer = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            self._open.discard(writer)
            writer.transport.abort()
            return
        self._open.add(store_writer)
        passing: list[tuple[str, bytes]] = []
        both = [
            asyncio.create_task(self._pass(reader, store_writer, "before", passing)),
            asyncio.create_task(self._pass(store_reader, writer, "after", passing)),
        ]
        try:
            await asyncio.gather(*both)
        except OSError:
            pass
        finally:
            for one in both:
                one.cancel()
            self._open -= {writer, store_writer}
            for end in (writer, store_writer):
                end.transport.abort()

    async def _pass(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        when: When,
        passing: list[tuple[str, bytes]],
    ) -> None:
        while data := await source.read(65536):
            if when == "before":
                passing += [(name, data) for name, look in SEEN.items() if look.search(data)]
            if self.delay:
                await asyncio.sleep(self.delay)
            await self.flows.wait()
            verdict = self._verdict(when, passing, data)
            if verdict == "hold":
                passing.append((HELD, data))
                await self.held.wait()
            if verdict == "cut":
                raise ConnectionResetError
            target.write(data[: len(data) // 2] if verdict == "half" else data)
            await target.drain()
            if verdict == "half":
                raise ConnectionResetError
            if when == "after":
                passing.clear()
        raise ConnectionResetError

    def _verdict(self, when: When, passing: list[tuple[str, bytes]], data: bytes) -> Verdict:
        for place, (script, at, about, hook) in enumerate(self._hooks):
            if at == when and any(name == script and about in call for name, call in passing):
                del self._hooks[place]
                return hook(data)
        return "pass"
