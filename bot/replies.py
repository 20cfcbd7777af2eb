"""What comes back to a conversation: from the media worker, and from an operator.

The worker is handed a way back that only the bot can read (`seal_reply`); its answer stands in the
outbox as a ``replies`` entry until the bot has made a turn of it. What came out is shown after
that: a messenger that makes one chat wait keeps no other chat from its turns. An event whose turn
failed always is parked there too (`written_event`), until it is put back.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, TypeVar

import msgspec
import orjson
import structlog
from msgspec.structs import replace
from redis.exceptions import RedisError

from bot.channels.contract import Channel, Shown, Turns
from bot.core.dialogue import Incoming, MadeSafe, Refused
from bot.core.errors import ChannelError, GivenUp, StoreUnavailable
from bot.sealed import Seal
from bot.store.connection import Store
from bot.store.listening import heard
from bot.store.outbox import Entry, Outbox

LEASE_SECONDS = 15
TRIES_MOST = 8
EVENT_LETTERS = 32  # 128 bits in hexadecimal
AT_ONCE = 64
# So many screens may be on their way; while they are, nothing more is begun.
SHOWING_MOST = 1_000
IDLE_SECONDS = 5
AGAIN_SECONDS = 2
# What is in hand at a stop gets so long, and then so long to be handed back.
STOP_SECONDS = 1.5
HAND_BACK_SECONDS = 0.5

_T = TypeVar("_T")

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
    whose = f"{incoming.channel}|{incoming.address}|{incoming.event_id}"
    name = hmac.digest(key, whose.encode(), "sha256")[:16]
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
    # Not called by the picture's name, which stands in the report: the conversation remembers its
    # events. The way back is other bytes for each order, and gone with it.
    return Incoming(to.channel, to.address, f"media:{sealed[:EVENT_LETTERS]}", event)


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
        self._name = token_hex(8)
        self._task: asyncio.Task[None] | None = None
        self._turning: set[asyncio.Task[bool]] = set()
        self._showing: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop listening and finish what is in hand, or hand it back."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                while in_hand := {*self._turning, *self._showing}:
                    await asyncio.wait(in_hand)
        late: set[asyncio.Task[Any]] = {*self._turning, *self._showing}
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=HAND_BACK_SECONDS)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (StoreUnavailable, OSError) as error:
                log.warning("replies.store_away", error=type(error).__name__)
            except Exception as error:  # nobody else listens here until the next start
                log.error("replies.failed", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self) -> None:
        try:
            async with self._store.client.pubsub() as bell:
                await bell.subscribe("bell:replies")
                while True:
                    # Shielded, because a stop waits for what is in hand.
                    while await asyncio.shield(self._begin(self._turning, self._drain())):
                        pass
                    await self._outbox.let_go()
                    await heard(bell, IDLE_SECONDS)
        except RedisError as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def _drain(self) -> bool:
        """Make turns of what is due, of one conversation one after another; whether any was."""
        room = min(AT_ONCE, SHOWING_MOST - len(self._showing))
        if room <= 0:
            await asyncio.wait(self._showing, return_when=asyncio.FIRST_COMPLETED)
            return True
        entries = await self._outbox.claim(room, LEASE_SECONDS, name=self._name)
        lines: dict[tuple[str, str], list[Entry]] = {}
        for entry in entries:
            lines.setdefault(self._whose(entry), []).append(entry)
        await asyncio.gather(*map(self._in_turn, lines.values()))
        return bool(entries)

    @staticmethod
    def _begin(among: set[asyncio.Task[_T]], work: Coroutine[None, None, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)
        return task

    def _whose(self, entry: Entry) -> tuple[str, str]:
        """The conversation; one that cannot be read stands for itself."""
        try:
            incoming = _incoming(self._key, entry.body)
        except Exception:  # it fails again, and is counted, when its turn comes
            return "", entry.id
        return incoming.channel, incoming.address

    async def _in_turn(self, line: list[Entry]) -> None:
        for at, entry in enumerate(line):
            try:
                await self._answer(entry)
            except asyncio.CancelledError:
                await asyncio.gather(*(self._outbox.retry(one, 0) for one in line[at:]))
                raise

    async def _answer(self, entry: Entry) -> None:
        """One that cannot be worked with is put aside in the end, and holds up no other."""
        try:
            await self._take(entry)
        except StoreUnavailable as error:
            log.warning("replies.store_away", error=str(error))
            await self._outbox.retry(entry, AGAIN_SECONDS)
        except GivenUp:  # the event was set aside under a name of its own
            await self._outbox.done(entry)
        except Exception as error:
            log.error("replies.failed", error=type(error).__name__, attempt=entry.attempts)
            if entry.attempts < TRIES_MOST:
                await self._outbox.retry(entry, AGAIN_SECONDS * entry.attempts)
            else:
                await self._outbox.park(entry, type(error).__name__)

    async def _take(self, entry: Entry) -> None:
        incoming = _incoming(self._key, entry.body)
        shown = await self._turns.take(incoming)
        await self._outbox.done(entry)
        channel = self._channels.get(incoming.channel)
        if channel and shown:
            self._begin(self._showing, self._show(channel, incoming.address, shown))

    async def _show(self, channel: Channel, address: str, shown: tuple[Shown, ...]) -> None:
        try:
            await channel.show(address, shown)
        except ChannelError as error:
            log.warning("replies.not_shown", error=type(error).__name__)
        except Exception as error:  # the turn is committed: there is nothing to be done again
            log.error("replies.not_shown", error=type(error).__name__)
