"""Hears what other processes publish for chats, and notices when something may have been missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from bot.channels.webchat.inbox import news_channel
from bot.store.listening import heard

_EVERY = news_channel("*")
_PREFIX = len(news_channel(""))
_LISTEN_FOR = 15.0
_PAUSE = 1.0

log = logging.getLogger(__name__)

Told = Callable[[str, bytes], None]
Missed = Callable[[], None]


async def hear_news(store: Redis, told: Told, missed: Missed) -> None:
    """Listen until cancelled; `missed` is called whenever there was a gap in listening."""
    subscriptions = 0
    pubsub = store.pubsub()
    try:
        while True:
            message = await _next(pubsub)
            if message is None:
                continue
            if message["type"] == "psubscribe":
                subscriptions += 1
                if subscriptions > 1:
                    missed()
            elif message["type"] == "pmessage":
                # What is no text is no chat's name, and must not end this.
                told(message["channel"].decode(errors="replace")[_PREFIX:], message["data"])
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]


async def _next(pubsub: PubSub) -> dict[str, Any] | None:
    """The next message; after a lost connection the client subscribes again by itself."""
    message: dict[str, Any] | None = None
    try:
        if not pubsub.subscribed:
            await pubsub.psubscribe(_EVERY)
        message = await heard(pubsub, _LISTEN_FOR)
    except (RedisError, OSError):
        log.warning("news from other processes are not heard: the store does not answer")
        await asyncio.sleep(_PAUSE)
    return message
