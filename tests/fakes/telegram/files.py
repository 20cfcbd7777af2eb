"""Files on the server: photos in several sizes, documents and videos, and their downloads.

As in Telegram, a photo is encoded anew without its metadata, and a file keeps every byte.
"""

import hashlib
import secrets
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from tests.fakes.telegram.base import Json, Upload, bad_request

DOWNLOAD_LIMIT = 20 * 1024 * 1024
_PHOTO_SIDES = (90, 320, 800, 1280)
_PHOTO_SUM = 10_000
_PHOTO_RATIO = 20


@dataclass(frozen=True)
class StoredFile:
    """One file, with the path under which it is downloaded."""

    content: bytes
    path: str
    described: Json


class Files:
    """All files that anyone has sent."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._media: dict[str, Json] = {}

    def names(self) -> list[str]:
        """The id of every file."""
        return list(self._by_id)

    def photo(self, content: bytes) -> Json:
        """Keeps a picture; the `photo` field of a message, smallest size first."""
        sizes = [
            self._keep(encoded, "photos", "jpg") | {"width": width, "height": height}
            for encoded, width, height in _photo_sizes(content)
        ]
        return self._remember({"photo": sizes})

    def document(self, upload: Upload) -> Json:
        """Keeps a file as it is; the `document` field of a message."""
        kept = self._keep(upload.content, "documents", _extension(upload.name))
        return self._remember(
            {"document": kept | {"file_name": upload.name, "mime_type": upload.mime}}
        )

    def video(self, upload: Upload, width: int, height: int, duration: int) -> Json:
        """Keeps a video; the `video` field of a message. Duration in seconds."""
        kept = self._keep(upload.content, "videos", _extension(upload.name))
        frame = {"width": width, "height": height, "duration": duration}
        named = {"file_name": upload.name, "mime_type": upload.mime}
        return self._remember({"video": kept | frame | named})

    def again(self, kind: str, file_id: str) -> Json:
        """The message field of a file that is on the server already."""
        media = self._media.get(file_id, {})
        if kind not in media:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return media

    def describe(self, file_id: str) -> Json:
        """What `getFile` answers; refused above 20 MB."""
        stored = self._by_id.get(file_id)
        if stored is None:
            raise bad_request("invalid file_id")
        if len(stored.content) > DOWNLOAD_LIMIT:
            raise bad_request("file is too big")
        return stored.described | {"file_path": stored.path}

    def download(self, path: str) -> bytes | None:
        """A file's bytes, if there is one under this path."""
        stored = self._by_path.get(path)
        return stored.content if stored else None

    def _keep(self, content: bytes, folder: str, extension: str) -> Json:
        described = {
            "file_id": secrets.token_urlsafe(40),
            "file_unique_id": hashlib.sha256(content).hexdigest()[:16],
            "file_size": len(content),
        }
        path = f"{folder}/file_{len(self._by_id)}.{extension}"
        stored = StoredFile(content, path, described)
        self._by_id[str(described["file_id"])] = stored
        self._by_path[path] = stored
        return described

    def _remember(self, media: Json) -> Json:
        for value in media.values():
            for size in value if isinstance(value, list) else [value]:
                self._media[size["file_id"]] = media
        return media


def _extension(name: str) -> str:
    return name.rpartition(".")[2] or "bin"


def _photo_sizes(content: bytes) -> list[tuple[bytes, int, int]]:
    picture = _opened(content)
    longest = max(picture.size)
    sides = [side for side in _PHOTO_SIDES if side < longest]
    if longest <= _PHOTO_SIDES[-1]:
        sides.append(longest)
    return [_encoded(picture, side) for side in sides]


def _opened(content: bytes) -> Image.Image:
    try:
        picture: Any = Image.open(BytesIO(content))
        if sum(picture.size) > _PHOTO_SUM or max(picture.size) > _PHOTO_RATIO * min(picture.size):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        upright: Image.Image = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError) as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error
    return upright


def _encoded(picture: Image.Image, side: int) -> tuple[bytes, int, int]:
    resized = picture.copy()
    resized.thumbnail((side, side))
    resized.info.clear()
    file = BytesIO()
    resized.save(file, "JPEG", quality=87)
    return file.getvalue(), *resized.size
