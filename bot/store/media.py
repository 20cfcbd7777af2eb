"""Where media lie: a folder, or a bucket that speaks S3, behind one small interface.

Names are ``safe/<id>``, ``thumbnail/<id>`` and ``incoming/<id>``; what is under ``incoming`` is
encrypted by the channel that put it there. Whoever is killed while it writes to a folder leaves
``<id>#1``, the next one ``<id>#2``: nobody asks for those, and they go with the object.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

# More often than anybody may die of one picture.
UNFINISHED_MOST = 9


class MediaStore:
    """Objects by name. Every method may raise `obstore.exceptions.BaseError` or OSError.

    It may help to try again.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, media_url: str, data_dir: Path) -> MediaStore:
        """The store at an ``s3://`` or ``file://`` address, or ``DATA_DIR/media`` without one."""
        if media_url and "://" in media_url:
            return cls(from_url(media_url))
        folder = Path(media_url) if media_url else data_dir / "media"
        folder.mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(folder.resolve()))

    async def put(self, name: str, body: bytes, content_type: str = "") -> None:
        """Keep an object; the name is free again only after `delete`."""
        attributes = {"Content-Type": content_type} if content_type else None
        if isinstance(self._store, LocalStore):
            attributes = None  # folders keep no attributes
        await obstore.put_async(self._store, name, body, attributes=attributes)

    async def get(self, name: str) -> bytes | None:
        """The object, or None where there is none."""
        try:
            found = await obstore.get_async(self._store, name)
        except (NotFoundError, FileNotFoundError):
            return None
        return bytes(await found.bytes_async())

    async def delete(self, name: str) -> None:
        """Remove the object if it is there, and what was left of it unfinished."""
        with contextlib.suppress(NotFoundError, FileNotFoundError):
            await obstore.delete_async(self._store, name)
        if isinstance(self._store, LocalStore) and self._store.prefix:
            for number in range(1, UNFINISHED_MOST + 1):
                (self._store.prefix / f"{name}#{number}").unlink(missing_ok=True)
