"""The bytes of pictures and videos, for the media worker."""

from __future__ import annotations

from aiogram.methods import GetFile

from bot.channels.contract import MEDIA_BYTES_MOST, Surroundings
from bot.channels.telegram.api import Api, Rejected
from bot.channels.telegram.attachments import file_id
from bot.channels.telegram.pacing import Pauses
from bot.core.errors import ChannelDown, MediaRefused

_TOO_LARGE = ("file is too big", "too large")
_PASSING = "temporarily unavailable"


class Source:
    """Fetches by file id; Telegram keeps what was sent, so there is nothing to forget."""

    def __init__(self, surroundings: Surroundings) -> None:
        # It sends nothing, so it has no part in what those who do share by the store.
        self._api = Api(surroundings.settings, Pauses())

    async def fetch(self, source: str) -> bytes:
        """The file's bytes, at most 20 MB. Raises `MediaRefused` or a retryable `ChannelError`."""
        identity = file_id(source)
        if identity is None:
            raise MediaRefused("gone")
        try:
            file = await self._api.call(GetFile(file_id=identity))
            if not file.file_path:
                raise ChannelDown("getFile named no path")
            return await self._download(file.file_path)
        except Rejected as rejected:
            failure = _meaning(rejected.reason)
        raise failure

    async def forget(self, source: str) -> None:
        """Nothing: the file is Telegram's."""

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def _download(self, path: str) -> bytes:
        content = bytearray()
        async for piece in self._api.download(path):
            content += piece
            if len(content) > MEDIA_BYTES_MOST:
                raise MediaRefused("too_large")
        return bytes(content)


def _meaning(reason: str) -> MediaRefused | ChannelDown:
    if any(words in reason for words in _TOO_LARGE):
        return MediaRefused("too_large")
    if _PASSING in reason:
        return ChannelDown("the file is not to be had just now")
    return MediaRefused("gone")
