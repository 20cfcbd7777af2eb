"""What people photograph, and what others send to break the decoder."""

from __future__ import annotations

import io
import random

from PIL import Image


def picture(chance: random.Random) -> bytes:
    """A small JPEG, another one each time."""
    colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
    written = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(written, "JPEG")
    return written.getvalue()


def bomb() -> bytes:
    """A file of some kilobytes whose rows take more memory than a decoder may have."""
    written = io.BytesIO()
    Image.new("RGB", (7_100_000, 7)).save(written, "PNG")
    return written.getvalue()
