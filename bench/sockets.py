"""Servers with a web socket, and the browsers that talk to each of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from subprocess import Popen

import orjson
import uvloop

from bench import servers
from bench.conversation import Said, talk
from bench.cores import cpu_seconds, serving
from bench.drafts import seed, wrong
from bench.ports import free_port
from bench.rounds import Round
from bench.socket_load import say_all
from bench.stores import BenchStore
from bot.core.dialogue import Draft, Event, Located, Pressed, Text

SOCKETS = 32


@dataclass(slots=True)
class Door:
    """A server with a socket."""

    port: int
    process: Popen[bytes]
    kind: str


class Sockets:
    """The servers by what they are called in the table, each as `bench.servers` knows it."""

    def __init__(self, stack: ExitStack, store: BenchStore, known: Mapping[str, str]) -> None:
        self.names = tuple(known)
        self._store = store
        self._numbers = count()
        self._wanted: dict[str, Draft] = {}
        self._doors = {name: self._started(stack, kind) for name, kind in known.items()}

    def _started(self, stack: ExitStack, kind: str) -> Door:
        port = free_port()
        env = servers.settings(self._store, port)
        process = stack.enter_context(serving(kind, port, env))
        return Door(port, process, kind)

    def round(self, name: str, turns: int) -> Round:
        """`turns` events of each of so many people, who are others in every round."""
        door = self._doors[name]
        talks = [talk(Draft("zh"), turns) for _ in range(SOCKETS)]
        frames = [[frame(next(self._numbers), said) for said in mine] for mine in talks]
        hello = [b""] * SOCKETS
        if door.kind == "ours":
            drafts = {secrets.token_urlsafe(32): said[-1].after for said in talks}
            asyncio.run(seed(self._store, "webchat", list(drafts)))
            self._wanted |= drafts
            hello = [greeting(token) for token in drafts]
        before = cpu_seconds(door.process.pid)
        seconds, times, answers = uvloop.run(say_all(door.port, hello, frames))
        used = cpu_seconds(door.process.pid) - before
        if door.kind == "ours" and any(not one.startswith(b'{"ack":') for one in answers):
            raise RuntimeError("not every frame was acknowledged")
        return Round(len(times), seconds, used, times)

    def wrong(self) -> int:
        """How many drafts in the store are not what they should be."""
        return asyncio.run(wrong(self._store, "webchat", self._wanted))


def greeting(token: str) -> bytes:
    """The first frame of whoever has this token."""
    return orjson.dumps({"hello": token, "locale": "zh"})


def frame(number: int, said: Said) -> bytes:
    """What somebody says, as their page sends it; `number` is another each time."""
    return orjson.dumps({"id": f"bench-{number}", **_content(said.event)})


def _content(event: Event) -> dict[str, object]:
    match event:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Pressed(choice=choice, serial=serial):
            return {"type": "press", "choice": choice, "serial": serial}
        case Located(place=place):
            where = {"latitude": place.latitude, "longitude": place.longitude}
            return {"type": "located", **where, "words": ""}
    raise ValueError(f"no frame for {event}")
