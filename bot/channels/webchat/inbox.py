"""Notices that wait for a chat until its page has shown them.

One hash per chat, ``inbox:<tag>``: the field is a mark of the notice's id, the value the sealed
notice. The same notice twice is one field, and neither ids nor words nor times can be read there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import orjson
from redis.asyncio import Redis

from bot.channels.contract import Notice
from bot.channels.webchat import limits
from bot.channels.webchat.identity import ChatSeal, tag_of
from bot.store.lifetimes import end_after

WAKE_UP = b""
_PURPOSE = b"notice"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice in an inbox; `at` is when it was put there, in unix milliseconds."""

    id: str
    text: str
    locale: str
    at: int


def news_channel(tag: str) -> str:
    """Where the processes hear that there is something for a chat."""
    return f"webchat:{tag}"


class Inbox:
    """The inbox of one chat. Every method may raise `redis.exceptions.RedisError`."""

    def __init__(self, store: Redis, token: str) -> None:
        self._store = store
        self._seal = ChatSeal(token)
        self._tag = tag_of(token)
        self._key = f"inbox:{self._tag}"

    async def put(self, notice: Notice) -> None:
        """Keep a notice, once, and wake whoever holds the chat's sockets."""
        waiting = Waiting(notice.id, notice.text, notice.locale, time.time_ns() // 1_000_000)
        sealed = self._seal.close(orjson.dumps(waiting), _PURPOSE)
        pipeline = self._store.pipeline(transaction=True)
        pipeline.hsetnx(self._key, self._seal.mark(notice.id), sealed)
        pipeline.hlen(self._key)
        pipeline.expireat(self._key, end_after(limits.INBOX_KEPT_FOR))
        _, count, _ = await pipeline.execute()
        if count > limits.INBOX_MOST:
            oldest = (await self.waiting())[: count - limits.INBOX_MOST]
            await self.remove([one.id for one in oldest])
        await self._store.publish(news_channel(self._tag), WAKE_UP)

    async def waiting(self) -> list[Waiting]:
        """What waits, the oldest first."""
        kept = await self._store.hgetall(self._key)
        opened = (self._seal.open(cast(bytes, sealed), _PURPOSE) for sealed in kept.values())
        notices = [Waiting(**orjson.loads(plain)) for plain in opened if plain is not None]
        return sorted(notices, key=lambda one: one.at)

    async def remove(self, ids: Sequence[str]) -> None:
        """These were shown."""
        if ids:
            await self._store.hdel(self._key, *(self._seal.mark(one) for one in ids))
