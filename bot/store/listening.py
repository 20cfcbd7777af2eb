"""Hears what is published, and notices when nobody is there any more who could say it.

A server that hangs, or was cut off and is no longer the primary, keeps a connection open and is
silent for ever. So whoever hears nothing asks, and lets go of a server that does not answer; to
listen again is then to connect anew, to whichever is the primary by now.
"""

from __future__ import annotations

from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import TimeoutError as NoAnswer

ANSWER_SECONDS = 5.0


async def heard(pubsub: PubSub, silence_seconds: float) -> dict[str, Any]:
    """What is heard next; after so long a silence the answer to whether anybody is there.

    Raises RedisError or OSError; the next call subscribes again.
    """
    message: dict[str, Any] | None = await pubsub.get_message(timeout=silence_seconds)
    if message is None:
        await pubsub.ping()
        message = await pubsub.get_message(timeout=ANSWER_SECONDS)
    if message is None:
        if pubsub.connection is not None:
            await pubsub.connection.disconnect(nowait=True)
        raise NoAnswer("nothing is heard")
    return message
