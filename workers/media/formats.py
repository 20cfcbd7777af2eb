"""Tells by content, never by name, whether a file is of an allowed format.

Everything else is refused before any decoder sees it.
"""

from __future__ import annotations

from typing import Literal

from bot.core.errors import MediaRefused

Format = Literal["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "mov", "matroska"]
"""Pillow's names for pictures, FFmpeg's for videos."""

_SIGNATURES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
)
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_VIDEO_BRANDS = (
    b"qt  ",
    b"isom",
    b"iso",
    b"mp4",
    b"M4V",
    b"avc1",
    b"3gp",
    b"3g2",
    b"dash",
    b"MSNV",
)
_OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})


def format_of(data: bytes) -> Format:
    """The format of a file; raises MediaRefused("unsupported") for all that is not allowed."""
    for signature, found in _SIGNATURES:
        if data.startswith(signature):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    if data[4:8] in _OLD_QUICKTIME:
        return "mov"
    raise MediaRefused("unsupported")


def _of_brands(data: bytes) -> Format:
    """Pictures and videos share one container; its first box names what is inside."""
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12]] + [data[at : at + 4] for at in range(16, length, 4)]
    if brands[0] in _AVIF_BRANDS or (brands[0] == b"mif1" and _AVIF_BRANDS.intersection(brands)):
        return "AVIF"
    if brands[0] in _HEIF_BRANDS:
        return "HEIF"
    if any(brand.startswith(_VIDEO_BRANDS) for brand in brands):
        return "mov"
    raise MediaRefused("unsupported")


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height that a WebP's header declares; raises ValueError without one."""
    match data[12:16]:
        case b"VP8X":
            return _little(data[24:27]) + 1, _little(data[27:30]) + 1
        case b"VP8L":
            bits = _little(data[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    raise ValueError("a WebP without a size")


def _little(part: bytes) -> int:
    return int.from_bytes(part, "little")
