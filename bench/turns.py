"""A turn through the Telegram webhook and through the web chat's socket, beside their peers.

The server has one core to itself; load generator, Valkey and a Bot API that says yes to everything
share the other. Rounds of all peers alternate, so that what the machine does besides hits all
alike. Afterwards the drafts in the store are compared with those that the events lead to: a turn
that was not committed does not count as fast.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from statistics import quantiles
from subprocess import Popen
from urllib.parse import urlsplit

import uvloop

from bench import servers
from bench.conversation import Said, talk
from bench.cores import LOAD, await_answer, cpu_seconds, pin, serving
from bench.http_load import post_all, request
from bench.ports import free_port
from bench.stores import BenchStore, open_store
from bench.updates import update
from bot.core.dialogue import Draft
from bot.secrets import Secrets, kept
from bot.store.connection import Store
from bot.store.conversations import Conversations

CONNECTIONS = 32
CHATS = 320
AWAIT_ROUNDS = 5


@dataclass(slots=True)
class Round:
    """One round of one peer: turns a second, CPU microseconds a turn, p99 in milliseconds."""

    rate: float
    cpu: float
    p99: float


@dataclass(slots=True)
class Hook:
    """A server with a webhook."""

    name: str
    port: int
    path: str
    process: Popen[bytes]
    rounds: list[Round] = field(default_factory=list)


def main(quick: bool) -> None:
    pin(LOAD)
    with ExitStack() as stack:
        store = stack.enter_context(open_store())
        hooks = [stack.enter_context(one) for one in (_floor(), _aiogram(store), _ours(store))]
        crowd = Crowd(hooks)
        for _ in range(2 if quick else 5):
            for hook in hooks:
                hook.rounds.append(crowd.round(hook, 10 if quick else 12))
                print(hook.name, hook.rounds[-1], flush=True)
        print("wrong", asyncio.run(_wrong(store, crowd.drafts["ours"])))
        for hook in hooks:
            for one in hook.rounds:
                print(hook.name, f"{one.rate:.0f}/s cpu {one.cpu:.0f} us p99 {one.p99:.1f} ms")


@contextmanager
def _floor() -> Iterator[Hook]:
    port = free_port()
    with serving("floor", port) as process:
        yield Hook("floor", port, servers.HOOK, process)


@contextmanager
def _aiogram(store: BenchStore) -> Iterator[Hook]:
    port = free_port()
    with serving("aiogram", port, {"REDIS_URL": store.url}) as process:
        yield Hook("aiogram", port, servers.HOOK, process)


@contextmanager
def _ours(store: BenchStore) -> Iterator[Hook]:
    port, telegram = free_port(), free_port()
    env = {
        "REDIS_URL": store.url,
        "DATA_DIR": str(store.folder),
        "PORT": str(port),
        "PUBLIC_URL": "https://bench.example",
        "BOT_TOKEN": servers.TOKEN,
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_SECRET": servers.SECRET,
        "TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}",
        "CASE_SYSTEM": "desk",
        "LOG_LEVEL": "WARNING",
    }
    with serving("telegram", telegram, core=LOAD), serving("ours", port, env) as process:
        asyncio.run(_seed(store))
        hook = await_answer(f"http://127.0.0.1:{telegram}/hook", process)
        yield Hook("ours", port, urlsplit(hook).path, process)


FIRST_CHAT = 600_000_000


def _conversations(store: BenchStore, opened: Store) -> Conversations:
    secrets = Secrets(kept(store.folder, "conversation"))
    return Conversations(opened, secrets.key("conversations"))


async def _seed(store: BenchStore) -> None:
    """Everybody begins with a serial that we know."""
    opened = Store.at(store.url)
    conversations = _conversations(store, opened)
    for chat in range(CHATS):
        begun = await conversations.load("telegram", str(FIRST_CHAT + chat))
        await conversations.commit(begun, Draft("zh"), "seed")
    await opened.close()


async def _wrong(store: BenchStore, wanted: Sequence[Draft]) -> int:
    """How many drafts in the store are not what they should be."""
    opened = Store.at(store.url)
    conversations = _conversations(store, opened)
    wrong = 0
    for chat, draft in enumerate(wanted):
        found = (await conversations.load("telegram", str(FIRST_CHAT + chat))).draft
        wrong += found is None or replace(found, touched=draft.touched) != draft
    await opened.close()
    return wrong


class Crowd:
    """The people, who go on where they stopped in the round before."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self.drafts = {hook.name: [Draft("zh") for _ in range(CHATS)] for hook in hooks}
        self._numbers = count(500_000_000)

    def round(self, hook: Hook, turns: int) -> Round:
        """`turns` events of everybody."""
        talks = [talk(draft, turns) for draft in self.drafts[hook.name]]
        self.drafts[hook.name] = [said[-1].after for said in talks]
        requests = [self._requests(hook, talks, first) for first in range(CONNECTIONS)]
        before = cpu_seconds(hook.process)
        seconds, times = uvloop.run(post_all(hook.port, requests))
        cpu = cpu_seconds(hook.process) - before
        done = CHATS * turns
        return Round(done / seconds, cpu / done * 1e6, quantiles(times, n=100)[98] * 1e3)

    def _requests(self, hook: Hook, talks: list[list[Said]], first: int) -> list[bytes]:
        """What goes over one connection: its own chats, in turn."""
        secret = f"X-Telegram-Bot-Api-Secret-Token: {servers.SECRET}\r\n"
        mine = [(chat, talks[chat]) for chat in range(first, CHATS, CONNECTIONS)]
        return [
            request(hook.path, update(next(self._numbers), FIRST_CHAT + chat, said[at]), secret)
            for at in range(len(mine[0][1]))
            for chat, said in mine
        ]


if __name__ == "__main__":
    main("--quick" in sys.argv)
