"""The numbers within which a file is made safe; each has a test on both sides."""

from __future__ import annotations

MIB = 1024 * 1024

MOST_BYTES = 20 * MIB
"""Largest file taken; what Telegram's Bot API hands out at most."""

MOST_PIXELS = 50_000_000
"""Largest declared size of a picture or of a video's frame; today's phones reach 50 megapixels."""

MOST_PIXELS_WHOLE = 16_000_000
"""The same for WebP and AVIF: their decoders hold up to four copies at 4 bytes a pixel."""

PICTURE_SIDE = 2560
"""Longest side of a safe picture, in pixels."""

LEAST_DRAFT_SIDE = 1600
"""A JPEG is decoded at a half, quarter or eighth as long as this much of its long side remains."""

THUMBNAIL_SIDE = 480
"""Longest side of a thumbnail, in pixels."""

SECONDS = 20
"""Longest time for one file, by the wall clock (parent) and by the processor (decoder)."""

MEMORY = 340 * MIB
"""Most private memory of a decoder. With the libraries' code it stays under 400 MB resident."""

ADDRESS_SPACE = 1024 * MIB
"""Most address space of a decoder, code included; a second line behind `MEMORY`."""

OPEN_FILES = 24
"""Most open files of a decoder; importing a library needs a few."""
