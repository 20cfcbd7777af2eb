"""Reads HEIC and HEIF without the copies that Pillow's plugin makes.

A 48-megapixel picture would need 550 MB through the plugin; cut from the decoder's memory, 250.
Imported only when such a file comes, to keep the decoding process small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pillow_heif
from PIL import Image
from pillow_heif import options

options.DECODE_THREADS = 1
options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False


@dataclass(frozen=True, slots=True)
class HeifPicture:
    """The primary picture, upright, and the way to cut rows from it."""

    size: tuple[int, int]
    cut: Callable[[int, int], Image.Image]
    profile: bytes | None
    exif: bytes


def read(data: bytes, check_size: Callable[[tuple[int, int]], None]) -> HeifPicture:
    """Decodes the primary picture after `check_size` has seen its declared size.

    Raises what `check_size` raises, and ValueError, RuntimeError and others on a broken file.
    """
    file = pillow_heif.open_heif(data)
    check_size(file.size)
    picture = file[file.primary_index]
    rows, stride, mode = picture.data, picture.stride, picture.mode
    width, height = picture.size

    def cut(top: int, end: int) -> Image.Image:
        part = rows[top * stride : end * stride]
        return Image.frombytes(mode, (width, end - top), part, "raw", mode, stride)

    info: dict[str, Any] = picture.info
    return HeifPicture((width, height), cut, info.get("icc_profile"), info.get("exif") or b"")
