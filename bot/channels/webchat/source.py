"""Fetches what was uploaded, for the media worker, and deletes it once the safe copy is written."""

from __future__ import annotations

from obstore.exceptions import BaseError
from redis.exceptions import RedisError

from bot.channels.contract import MEDIA_BYTES_MOST, Surroundings
from bot.channels.webchat.parcels import EXPIRY, TAG_BYTES, object_name, opened
from bot.core.errors import ChannelDown, MediaRefused


class Source:
    """The web chat inside the media worker."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._media = surroundings.media
        self._store = surroundings.store

    async def fetch(self, source: str) -> bytes:
        """The file as it was uploaded. Raises `MediaRefused` or `ChannelDown`."""
        try:
            sealed = await self._media.get(object_name(source))
        except (BaseError, OSError) as error:
            raise ChannelDown("the media store does not answer") from error
        if sealed is None:
            raise MediaRefused("gone")
        if len(sealed) > MEDIA_BYTES_MOST + TAG_BYTES:
            raise MediaRefused("too_large")
        plain = opened(source, sealed)
        if plain is None:
            raise MediaRefused("gone")
        return plain

    async def forget(self, source: str) -> None:
        """Delete the upload and strike it off the list of what expires. Raises `ChannelDown`."""
        name = object_name(source)
        try:
            await self._media.delete(name)
            await self._store.zrem(EXPIRY, name)
        except (BaseError, OSError, RedisError) as error:
            raise ChannelDown("the upload cannot be deleted now") from error

    async def close(self) -> None:
        """Nothing is open: store and media belong to the process."""
