"""What a case's media addresses are, as far as a page can show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

_VIDEOS = {".mp4", ".m4v", ".mov", ".webm"}


@dataclass(frozen=True)
class Medium:
    """One picture or video; a `link` stands on another site, which the page may not load from."""

    url: str
    kind: Literal["picture", "video", "link"]


def media(addresses: Iterable[str], gateway: str) -> list[Medium]:
    """`gateway` is the only origin that pictures and videos are shown from."""
    return [Medium(address, _kind(address, gateway)) for address in addresses]


def _kind(address: str, gateway: str) -> Literal["picture", "video", "link"]:
    parts = urlsplit(address)
    if f"{parts.scheme}://{parts.netloc}" != gateway:
        return "link"
    return "video" if PurePosixPath(parts.path).suffix.lower() in _VIDEOS else "picture"
