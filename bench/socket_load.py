"""Sends prepared frames over web sockets, the next one after each answer, and times them.

On bare transports like `http_load`. Frames from a client must be masked; a mask of zeros is one.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Sequence
from typing import cast

_MASK = bytes(4)
_SHORT, _MIDDLE = 126, 65536


class Talker(asyncio.Protocol):
    """One socket: the handshake, a first frame that nothing answers, then its frames."""

    def __init__(self, first: bytes, frames: Sequence[bytes], done: asyncio.Future[None]) -> None:
        self.seconds: list[float] = []
        self.answers: list[bytes] = []
        self.waiting = asyncio.Event()
        self._first = first
        self._frames = iter(frames)
        self._done = done
        self._open = False
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a socket."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(
            b"GET /chat/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: YmVuY2hiZW5jaGJlbmNoYg==\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        """The handshake's answer, or a frame."""
        self._received += data
        if not self._open:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if end:
                if not head.startswith(b"HTTP/1.1 101"):
                    self._done.set_exception(ConnectionError("no socket was opened"))
                    return
                self._open, self._received = True, rest
                if self._first:
                    self._transport.write(masked(self._first))
                self.waiting.set()
            return
        while (payload := self._frame()) is not None:
            self._answered(payload)

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up before the end."""
        if not self._done.done():
            self._done.set_exception(ConnectionError("the server hung up"))

    def next(self) -> None:
        """Send the next frame, or end."""
        frame = next(self._frames, None)
        if frame is None:
            self._done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(frame)

    def _answered(self, payload: bytes) -> None:
        if b'"typing"' in payload[:10]:
            return
        self.seconds.append(time.perf_counter() - self._sent)
        self.answers.append(payload[:9])
        self.next()

    def _frame(self) -> bytes | None:
        data = self._received
        if len(data) < 2:
            return None
        length, at = data[1], 2
        if length == _SHORT:
            length, at = int.from_bytes(data[2:4], "big"), 4
        elif length > _SHORT:
            length, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + length:
            return None
        self._received = data[at + length :]
        return data[at : at + length]


def masked(payload: bytes) -> bytes:
    """A text frame as a client sends it."""
    length = len(payload)
    if length < _SHORT:
        head = struct.pack("!BB", 0x81, 0x80 | length)
    else:
        assert length < _MIDDLE
        head = struct.pack("!BBH", 0x81, 0x80 | _SHORT, length)
    return head + _MASK + payload


async def say_all(
    port: int, firsts: Sequence[bytes], frames: Sequence[Sequence[bytes]]
) -> tuple[float, list[float], list[bytes]]:
    """All frames, each list over a socket of its own once all are open.

    Seconds in all, of each frame, and how each answer begins.
    """
    loop = asyncio.get_running_loop()
    talkers, ends = [], []
    for first, mine in zip(firsts, frames, strict=True):
        done: asyncio.Future[None] = loop.create_future()
        talker = Talker(first, [masked(frame) for frame in mine], done)
        await loop.create_connection(lambda talker=talker: talker, "127.0.0.1", port)  # type: ignore[misc]
        talkers.append(talker)
        ends.append(done)
    await asyncio.gather(*(talker.waiting.wait() for talker in talkers))
    began = time.perf_counter()
    for talker in talkers:
        talker.next()
    await asyncio.gather(*ends)
    elapsed = time.perf_counter() - began
    seconds = [one for talker in talkers for one in talker.seconds]
    return elapsed, seconds, [one for talker in talkers for one in talker.answers]
