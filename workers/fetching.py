"""Fetches what was sent, has it made safe, keeps the safe copy and tells the conversation."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog
from obstore.exceptions import BaseError

from bot.bells import Bells
from bot.channels.contract import Source
from bot.core.dialogue import MadeSafe, Refused
from bot.core.errors import GatewayError, MediaRefused
from bot.replies import written_reply
from bot.store.connection import Command, Store
from bot.store.expiry import copies, expired, expires, gone, listed
from bot.store.media import MediaStore
from bot.store.media_records import made_safe
from bot.store.orders import FetchOrder
from bot.store.outbox import Entry, Outbox
from workers.media.sanitizer import SafeMedia, Sanitizer

ATTEMPTS_MOST = 6
# When what could not be deleted is tried again; until then it stands in nobody's way.
UNDELETED_SECONDS = 3600

log = structlog.get_logger()


class Fetching:
    """The work of the ``media`` outbox."""

    at_once = 8
    lease_seconds = 20.0

    def __init__(
        self,
        store: Store,
        media: MediaStore,
        sources: Mapping[str, Source],
        sanitizer: Sanitizer,
        bells: Bells,
        *,
        key: bytes,
    ) -> None:
        """`key` opens what the bot wants fetched, and seals what it is told."""
        self.outbox = Outbox(store, "media", key)
        self._store = store
        self._replies = Outbox(store, "replies", key)
        self._media = media
        self._sources = sources
        self._sanitizer = sanitizer
        self._bells = bells

    async def do(self, entry: Entry) -> None:
        """One picture or video, from its channel to a safe copy or a reason why not."""
        order = FetchOrder.read(entry.body)
        source = self._sources.get(order.channel)
        # Listed before it exists: what was discarded may have been struck off by now.
        for command in listed(copies(order.media), time.time()):
            await self._store.write(*command)
        try:
            if source is None:
                raise MediaRefused("gone")
            original = await source.fetch(order.source)
            safe = await self._sanitizer.make_safe(original, keep_sound=order.sound)
            await self._keep(order.media, safe)
        except MediaRefused as refusal:
            told = await self._tell(entry, order, Refused(order.media, refusal.reason), [])
        except (GatewayError, BaseError, OSError):
            if entry.attempts < ATTEMPTS_MOST:
                raise
            told = await self._tell(entry, order, Refused(order.media, "gone"), [])
        else:
            # And once more, should a colleague have struck it off since.
            names = listed(copies(order.media), time.time())
            noted = [*made_safe(order.media, safe.content_type), *names]
            told = await self._tell(entry, order, MadeSafe(order.media, safe.position), noted)
        if source is not None and told:
            await source.forget(order.source)

    async def _keep(self, media: str, safe: SafeMedia) -> None:
        copy, thumbnail = copies(media)
        await self._media.put(copy, safe.body, safe.content_type)
        await self._media.put(thumbnail, safe.thumbnail, "image/jpeg")

    async def _tell(
        self, entry: Entry, order: FetchOrder, event: MadeSafe | Refused, noted: list[Command]
    ) -> bool:
        """Whether what came of it is on disk: if not, somebody may have to fetch it once more."""
        reply = self._replies.add(order.media, written_reply(order.reply_to, event))
        done = await self.outbox.done(entry, [*noted, *reply], on_disk=True)
        self._bells.ring(["replies"])
        return done

    async def clean(self) -> int:
        """Delete what is past its time; how many objects went.

        Ends at one that cannot be deleted, which is put off: the media store may be away.
        """
        names = await expired(self._store, time.time())
        for count, name in enumerate(names):
            try:
                await self._media.delete(name)
            except (BaseError, OSError) as error:
                log.error("fetching.not_deleted", error=type(error).__name__)
                for command in expires([name], time.time() + UNDELETED_SECONDS):
                    await self._store.write(*command)
                return count
            await gone(self._store, name)
        return len(names)
