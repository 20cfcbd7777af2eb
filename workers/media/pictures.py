"""Rebuilds a picture from its pixels, so that nothing of the file it came in survives.

A JPEG is decoded at a fraction of its size (`draft`) where that leaves enough, worked on small,
and turned last: the recipe costs a fraction of decoding it whole. HEIF is read row by row from
its decoder's own memory; its decoder applies orientation itself.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image

from bot.core.errors import MediaRefused
from workers.media import pixels, positions
from workers.media.formats import Format, webp_size
from workers.media.limits import (
    LEAST_DRAFT_SIDE,
    MOST_PIXELS,
    MOST_PIXELS_WHOLE,
    PICTURE_SIDE,
    THUMBNAIL_SIDE,
)
from workers.media.protocol import SafeMedia

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)

_QUALITY = 85
_THUMBNAIL_QUALITY = 80


@dataclass(slots=True)
class _Opened:
    """Few flat pixels and what was written beside them."""

    image: Image.Image
    profile: bytes | None
    exif: Image.Exif
    orientation: int


def make_picture_safe(data: bytes, found: Format) -> SafeMedia:
    """The safe JPEG and thumbnail of a picture in one of Pillow's formats or HEIF.

    Raises MediaRefused, or whatever a decoder raises on a broken file.
    """
    opened = _open(data, found)
    position = _position(opened.exif)
    image = pixels.to_srgb(opened.image, opened.profile)
    orientation = opened.orientation
    del opened  # the larger copy goes before the next ones come
    image = _resized(image, PICTURE_SIDE, Image.Resampling.LANCZOS)
    small = _resized(image, THUMBNAIL_SIDE, Image.Resampling.BILINEAR)
    thumbnail = pixels.to_jpeg(pixels.upright(small, orientation), _THUMBNAIL_QUALITY)
    image = pixels.upright(image, orientation)
    return SafeMedia(
        kind="picture",
        body=pixels.to_jpeg(image, _QUALITY),
        content_type="image/jpeg",
        thumbnail=thumbnail,
        width=image.width,
        height=image.height,
        seconds=None,
        position=position,
    )


def _open(data: bytes, found: Format) -> _Opened:
    if found == "HEIF":
        return _open_heif(data)
    if found == "WEBP":  # its decoder takes the memory before it tells the size
        _check_size(webp_size(data), MOST_PIXELS_WHOLE)
    image = Image.open(io.BytesIO(data), formats=[found])
    _check_size(image.size, MOST_PIXELS_WHOLE if found == "AVIF" else MOST_PIXELS)
    profile = image.info.get("icc_profile")
    if found == "JPEG":
        _draft(image)
    image.load()
    exif = _exif(image)
    orientation = exif.get(ExifTags.Base.Orientation, 1)
    if found == "JPEG":
        return _Opened(image, profile, exif, orientation)
    small = pixels.shrink(image.size, lambda top, end: image.crop((0, top, image.width, end)))
    return _Opened(small, profile, exif, orientation)


def _open_heif(data: bytes) -> _Opened:
    from workers.media import heif  # noqa: PLC0415  (its library is loaded when it is needed)

    file = heif.read(data, _check_size)
    exif = Image.Exif()
    exif.load(file.exif)
    return _Opened(pixels.shrink(file.size, file.cut), file.profile, exif, 1)


def _check_size(size: tuple[int, int], most: int = MOST_PIXELS) -> None:
    if size[0] * size[1] > most:
        raise MediaRefused("too_many_pixels")


def _draft(image: Image.Image) -> None:
    """Lets the decoder shrink; both sides by one factor, or it would not for a 4:3 picture."""
    for factor in (8, 4, 2):
        if max(image.size) // factor >= LEAST_DRAFT_SIDE:
            image.draft(None, (image.width // factor, image.height // factor))
            return


def _exif(image: Image.Image) -> Image.Exif:
    try:
        return image.getexif()
    except Exception:  # whatever a hostile header makes Pillow raise: the pixels are still good
        return Image.Exif()


def _position(exif: Image.Exif) -> positions.Position | None:
    try:
        return positions.from_exif(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:  # as above
        return None


def _resized(image: Image.Image, side: int, filtered: Image.Resampling) -> Image.Image:
    size = pixels.fit(image.size, side)
    return image if size == image.size else image.resize(size, filtered, reducing_gap=1.0)
