"""What comes back to a conversation: from the media worker, and from an operator.

The worker is handed a way back that only the bot can read (`seal_reply`); its answer stands in the
outbox as a ``replies`` entry until the bot has made a turn of it and shown what came out. An event
whose turn failed always is parked there too (`written_event`), until it is put back.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import orjson
import structlog
from msgspec.structs import replace
from redis.exceptions import RedisError

from bot.channels.contract import Channel, Turns
from bot.core.dialogue import Incoming, MadeSafe, Refused
from bot.core.errors import ChannelError, StoreUnavailable
from bot.sealed import Seal
from bot.store.connection import Store
from bot.store.outbox import Entry, Outbox

LEASE_SECONDS = 15
TRIES_MOST = 8
AT_ONCE = 64
IDLE_SECONDS = 5
AGAIN_SECONDS = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """The conversation that an answer belongs to."""

    channel: str
    address: str


def seal_reply(key: bytes, to: ReplyTo) -> bytes:
    """The way back, readable with the bot's own key alone."""
    return Seal(key).close(orjson.dumps([to.channel, to.address]), b"reply")


def open_reply(key: bytes, sealed: bytes) -> ReplyTo:
    """The conversation. Raises ValueError for what was not sealed with this key."""
    opened = Seal(key).open(sealed, b"reply")
    if opened is None:
        raise ValueError("not a way back of ours")
    return ReplyTo(*orjson.loads(opened))


def written_reply(sealed: bytes, event: MadeSafe | Refused) -> bytes:
    """An answer as an outbox body."""
    what = (
        ["safe", event.media, event.position]
        if isinstance(event, MadeSafe)
        else ["refused", event.media, event.reason]
    )
    return orjson.dumps([sealed.hex(), *what])


def written_event(key: bytes, incoming: Incoming) -> tuple[str, bytes]:
    """An event as an outbox entry: a name that tells nobody whose it is, and the body."""
    name = hmac.digest(key, f"{incoming.channel}|{incoming.event_id}".encode(), "sha256")[:16]
    plain = msgspec.json.encode(replace(incoming, network=""))
    sealed = Seal(key).close(plain, b"event")
    return f"event-{name.hex()}", orjson.dumps([sealed.hex(), "again", "", None])


def _incoming(key: bytes, body: bytes) -> Incoming:
    """The event that an entry stands for. Raises ValueError."""
    sealed, kind, media, detail = orjson.loads(body)
    if kind == "again":
        opened = Seal(key).open(bytes.fromhex(sealed), b"event")
        if opened is None:
            raise ValueError("not an event of ours")
        return msgspec.json.decode(opened, type=Incoming)
    to = open_reply(key, bytes.fromhex(sealed))
    event: MadeSafe | Refused
    if kind == "refused":
        event = Refused(media, detail)
    else:
        event = MadeSafe(media, tuple(detail) if detail else None)
    return Incoming(to.channel, to.address, f"media:{media}", event)


class Replies:
    """Makes turns of the answers, in the bot process, until told to stop."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        key: bytes,
        turns: Turns,
        channels: Mapping[str, Channel],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._key = key
        self._turns = turns
        self._channels = channels
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop listening; what is leased comes again after the next start."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (StoreUnavailable, OSError) as error:
                log.warning("replies.store_away", error=type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self) -> None:
        try:
            async with self._store.client.pubsub() as bell:
                await bell.subscribe("bell:replies")
                while True:
                    while await self._drain():
                        pass
                    await bell.get_message(ignore_subscribe_messages=True, timeout=IDLE_SECONDS)
        except RedisError as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def _drain(self) -> bool:
        entries = await self._outbox.claim(AT_ONCE, LEASE_SECONDS)
        await asyncio.gather(*map(self._answer, entries))
        return bool(entries)

    async def _answer(self, entry: Entry) -> None:
        """One that cannot be worked with is put aside in the end, and holds up no other."""
        try:
            await self._take(entry)
        except StoreUnavailable:
            raise
        except Exception as error:
            log.error("replies.failed", error=type(error).__name__, attempt=entry.attempts)
            if entry.attempts < TRIES_MOST:
                await self._outbox.retry(entry, AGAIN_SECONDS * entry.attempts)
            else:
                await self._outbox.park(entry, type(error).__name__)

    async def _take(self, entry: Entry) -> None:
        incoming = _incoming(self._key, entry.body)
        shown = await self._turns.take(incoming)
        channel = self._channels.get(incoming.channel)
        if channel and shown:
            try:
                await channel.show(incoming.address, shown)
            except ChannelError as error:
                log.warning("replies.not_shown", error=type(error).__name__)
        await self._outbox.done(entry)
