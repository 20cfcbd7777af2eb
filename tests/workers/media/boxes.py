"""The boxes that HEIC, MP4 and QuickTime files are made of: taken apart and put together."""

from __future__ import annotations

import struct
from collections.abc import Iterable

Box = tuple[bytes, bytes]
"""Type and content."""


def boxes(data: bytes) -> list[Box]:
    """The boxes that stand one behind the other in `data`."""
    found, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + length]))
        at += length
    return found


def box(name: bytes, content: bytes) -> bytes:
    """One box."""
    return struct.pack(">I", len(content) + 8) + name + content


def joined(parts: Iterable[Box]) -> bytes:
    """Boxes one behind the other."""
    return b"".join(box(name, content) for name, content in parts)
