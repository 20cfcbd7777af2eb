"""Turns what a picture's decoder gave into few, upright sRGB pixels, and those into a bare JPEG.

A picture is worked on in stripes, so that a 50-megapixel one is never in memory twice.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageCms

from workers.media.limits import PICTURE_SIDE

Size = tuple[int, int]
Cut = Callable[[int, int], Image.Image]
"""Gives the rows from the first number up to the second, as a picture."""

_STRIPE_PIXELS = 1_000_000
_PROFILE_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB = ImageCms.createProfile("sRGB")


def flatten(image: Image.Image) -> Image.Image:
    """The picture in 8 bits as L, RGB or CMYK, what is transparent on white."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")  # `convert` alone clips
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return white.convert("RGB")
    return image if image.mode in _PROFILE_SPACES else image.convert("RGB")


def shrink(size: Size, cut: Cut) -> Image.Image:
    """Flattens a picture and averages it down to less than twice the safe picture's side."""
    width, height = size
    factor = max(1, max(size) // PICTURE_SIDE)
    rows = max(1, _STRIPE_PIXELS // (width * factor)) * factor
    canvas: Image.Image | None = None
    for top in range(0, height, rows):
        stripe = flatten(cut(top, min(top + rows, height))).reduce(factor)
        canvas = canvas or Image.new(stripe.mode, (stripe.width, -(-height // factor)))
        canvas.paste(stripe, (0, top // factor))
    if canvas is None:
        raise ValueError("a picture without rows")
    return canvas


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture's colours as sRGB (or plain grey), by its own ICC profile if that is usable."""
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None:
        return ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB") if image.mode == "CMYK" else image


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Kept for the next picture: one phone's pictures all have the same profile."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space.strip() != _PROFILE_SPACES[mode]:
            return None
        if "sRGB" in (opened.profile.profile_description or ""):
            return None
        return ImageCms.buildTransform(opened, _SRGB, mode, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None


def fit(size: Size, side: int) -> Size:
    """`size` in proportion, its longer side at most `side`, its shorter at least 1."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(1, round(length * side / longest)) for length in size)
    return width, height


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """A new picture with nothing but pixels, turned as the EXIF `orientation` (1 to 8) says."""
    turn = _TURNS.get(orientation)
    turned = image.copy() if turn is None else image.transpose(turn)
    turned.info = {}
    return turned


def to_jpeg(image: Image.Image, quality: int) -> bytes:
    """A baseline JPEG with no header but JFIF."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return file.getvalue()
