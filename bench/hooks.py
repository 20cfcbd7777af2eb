"""Servers with a webhook, and the crowd that talks to each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from subprocess import Popen
from urllib.parse import urlsplit

import uvloop

from bench import servers
from bench.conversation import Said, talk
from bench.cores import LOAD, await_answer, cpu_seconds, serving
from bench.drafts import seed, wrong
from bench.http_load import post_all, request
from bench.ports import free_port
from bench.rounds import Round
from bench.stores import BenchStore
from bench.updates import update
from bot.core.dialogue import Draft

CONNECTIONS, CHATS = 32, 320
FIRST_CHAT = 600_000_000
_ADDRESSES = [str(FIRST_CHAT + chat) for chat in range(CHATS)]


@dataclass(slots=True)
class Hook:
    """A server with a webhook, and where its crowd stands."""

    port: int
    path: str
    process: Popen[bytes]
    drafts: list[Draft]


class Hooks:
    """The servers by what they are called in the table, each as `bench.servers` knows it."""

    def __init__(self, stack: ExitStack, store: BenchStore, known: Mapping[str, str]) -> None:
        self.names = tuple(known)
        self._store = store
        self._numbers = count(500_000_000)
        self._hooks = {name: self._started(stack, kind) for name, kind in known.items()}

    def _started(self, stack: ExitStack, kind: str) -> Hook:
        port = free_port()
        if kind != "ours":
            env = {"REDIS_URL": self._store.url}
            process, path = stack.enter_context(serving(kind, port, env)), servers.HOOK
        else:
            telegram = free_port()
            stack.enter_context(serving("telegram", telegram, core=LOAD))
            env = servers.settings(self._store, port, telegram)
            process = stack.enter_context(serving(kind, port, env))
            hook = await_answer(f"http://127.0.0.1:{telegram}/hook", process)
            path = urlsplit(hook).path
            asyncio.run(seed(self._store, "telegram", _ADDRESSES))
        return Hook(port, path, process, [Draft("zh")] * CHATS)

    def round(self, name: str, turns: int) -> Round:
        """`turns` events of everybody, going on where they stopped in the round before."""
        hook = self._hooks[name]
        talks = [talk(draft, turns) for draft in hook.drafts]
        hook.drafts = [said[-1].after for said in talks]
        requests = [self._requests(hook, talks, first) for first in range(CONNECTIONS)]
        before = cpu_seconds(hook.process.pid)
        seconds, times = uvloop.run(post_all(hook.port, requests))
        return Round(len(times), seconds, cpu_seconds(hook.process.pid) - before, times)

    def wrong(self) -> int:
        """How many drafts in the store are not what they should be; ours alone are looked at."""
        drafts = self._hooks["ours"].drafts
        wanted = dict(zip(_ADDRESSES, drafts, strict=True))
        return asyncio.run(wrong(self._store, "telegram", wanted))

    def _requests(self, hook: Hook, talks: list[list[Said]], first: int) -> list[bytes]:
        """What goes over one connection: its own chats, in turn."""
        secret = f"X-Telegram-Bot-Api-Secret-Token: {servers.SECRET}\r\n"
        mine = [(FIRST_CHAT + chat, talks[chat]) for chat in range(first, CHATS, CONNECTIONS)]
        return [
            request(hook.path, update(next(self._numbers), chat, said[at]), secret)
            for at in range(len(mine[0][1]))
            for chat, said in mine
        ]
