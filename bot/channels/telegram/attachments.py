"""Which pictures and videos a message holds, by the many names that Telegram has for them."""

from __future__ import annotations

import secrets
from typing import Any

from bot.channels.contract import MEDIA_BYTES_MOST
from bot.core.dialogue import Attachment

_ID_BYTES = 16
_VIDEOS = ("video", "video_note", "animation")
_UNTOLD = ("", "application/octet-stream")


def attachment(message: dict[str, Any]) -> Attachment | None:
    """The picture or video of a message, or None where there is none.

    One that cannot be used is there too, refused, so that the person hears it at once.
    """
    photo = _largest(message.get("photo"))
    if photo is not None:
        return _attachment("photo", photo)
    for kind in _VIDEOS:
        if (found := _file(message.get(kind))) is not None:
            return _attachment(kind, found, video=kind != "animation")
    document = _file(message.get("document"))
    if document is None:
        return None
    usable = _visible(document)
    return _attachment("document", document, unsupported=not usable, video=_moving(document))


def file_id(source: str) -> str | None:
    """The file's id in an `Attachment.source`, or None if we did not write it."""
    kind, _, identity = source.partition(":")
    return identity if kind in ("photo", "document", *_VIDEOS) and identity else None


def _attachment(
    kind: str, file: dict[str, Any], *, unsupported: bool = False, video: bool = False
) -> Attachment:
    size = file.get("file_size")
    size = size if type(size) is int else None
    refused = "unsupported" if unsupported else None
    if size is not None and size > MEDIA_BYTES_MOST:
        refused = "too_large"
    source = f"{kind}:{file['file_id']}"
    return Attachment(secrets.token_urlsafe(_ID_BYTES), source, size, refused, video)


def _largest(sizes: object) -> dict[str, Any] | None:
    if not isinstance(sizes, list):
        return None
    known = [size for one in sizes if (size := _file(one)) is not None]
    return max(known, key=_pixels, default=None)


def _pixels(size: dict[str, Any]) -> int:
    width, height = size.get("width"), size.get("height")
    return width * height if type(width) is int and type(height) is int else 0


def _file(value: object) -> dict[str, Any] | None:
    """The file if it can be asked for at all."""
    if not isinstance(value, dict) or not isinstance(value.get("file_id"), str):
        return None
    return value


def _visible(document: dict[str, Any]) -> bool:
    """Pictures, videos, and files whose kind nobody told: the media worker will look inside."""
    mime = document.get("mime_type", "")
    if not isinstance(mime, str):
        return True
    return mime in _UNTOLD or mime.startswith(("image/", "video/"))


def _moving(document: dict[str, Any]) -> bool:
    return str(document.get("mime_type", "")).startswith("video/")
