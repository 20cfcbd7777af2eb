"""Posts prepared requests over a few connections, one after the other on each, and times them.

Written on bare transports, because on two cores a comfortable client would be measured instead of
the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import cast

_LENGTH = b"content-length:"


class Connection(asyncio.Protocol):
    """One connection with its own list of requests."""

    def __init__(self, requests: Sequence[bytes], done: asyncio.Future[None]) -> None:
        self.seconds: list[float] = []
        self.refused = 0
        self._requests = iter(requests)
        self._done = done
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Wait for a whole answer, then post the next request."""
        self._received += data
        if not _whole(self._received):
            return
        self.seconds.append(time.perf_counter() - self._sent)
        self.refused += not self._received.startswith(b"HTTP/1.1 200")
        self._received = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up before the end."""
        if not self._done.done():
            self._done.set_exception(ConnectionError("the server hung up"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


def _whole(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    lines = answer[:head].lower()
    at = lines.find(_LENGTH)
    if at < 0:
        return answer.endswith(b"0\r\n\r\n")
    length = int(lines[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
    return len(answer) >= head + 4 + length


def request(path: str, body: bytes, headers: str = "") -> bytes:
    """A POST as it goes over the wire; `headers` are whole lines."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _same(connection: Connection) -> Connection:
    return connection


async def post_all(port: int, requests: Sequence[Sequence[bytes]]) -> tuple[float, list[float]]:
    """Post each list over a connection of its own; seconds in all, and of each request.

    Raises `RuntimeError` if anything was answered with other than 200.
    """
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    connections, ends = [], []
    for mine in requests:
        done: asyncio.Future[None] = loop.create_future()
        connection = Connection(mine, done)
        await loop.create_connection(partial(_same, connection), "127.0.0.1", port)
        connections.append(connection)
        ends.append(done)
    await asyncio.gather(*ends)
    elapsed = time.perf_counter() - began
    if refused := sum(one.refused for one in connections):
        raise RuntimeError(f"{refused} requests were not taken")
    return elapsed, [seconds for one in connections for seconds in one.seconds]
