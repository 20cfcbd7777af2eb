"""A proxy before the store that sees scripts pass, and cuts, delays or stalls what goes through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Literal

When = Literal["before", "after"]
Verdict = Literal["pass", "cut"]
Hook = Callable[[], Verdict]

_SCRIPTS = Path(__file__).parents[2] / "bot" / "store"
DIGESTS = {
    path.stem: sha1(path.read_bytes(), usedforsecurity=False).hexdigest().encode()
    for path in _SCRIPTS.glob("*.lua")
}


class Proxy:
    """Listens on `port` and passes everything on to `target`, as long as it is `up`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._hooks: dict[tuple[str, When], Hook] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.up = True
        self.delay = 0.0

    def on(self, script: str, when: When, hook: Hook) -> None:
        """Call `hook` once, when this script is on its way to the store, or its answer back."""
        self._hooks[script, when] = hook

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
            store_reader, store_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self._open.discard(writer)
            writer.transport.abort()
            return
        self._open.add(store_writer)
        passing: list[str] = []
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
        passing: list[str],
    ) -> None:
        while data := await source.read(65536):
            if when == "before":
                passing += [name for name, digest in DIGESTS.items() if digest in data]
            if self.delay:
                await asyncio.sleep(self.delay)
            if self._struck(when, passing):
                raise ConnectionResetError
            target.write(data)
            await target.drain()
            if when == "after":
                passing.clear()
        raise ConnectionResetError

    def _struck(self, when: When, passing: list[str]) -> bool:
        for name in passing:
            hook = self._hooks.pop((name, when), None)
            if hook is not None and hook() == "cut":
                return True
        return False
