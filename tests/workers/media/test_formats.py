"""What is let in, by content alone."""

from __future__ import annotations

import pytest
from PIL import Image

from bot.core.errors import MediaRefused
from tests.workers.media import samples
from workers.media.decoder import make_safe
from workers.media.formats import format_of, webp_size


def brands(major: bytes, *compatible: bytes) -> bytes:
    content = b"ftyp" + major + b"\0\0\0\0" + b"".join(compatible)
    return (len(content) + 4).to_bytes(4, "big") + content


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WEBP"),
        (brands(b"heic", b"mif1"), "HEIF"),
        (brands(b"mif1", b"heic"), "HEIF"),
        (brands(b"mif1", b"avif", b"miaf"), "AVIF"),
        (brands(b"avif", b"mif1"), "AVIF"),
        (brands(b"isom", b"avc1"), "mov"),
        (brands(b"mp42", b"isom"), "mov"),
        (brands(b"qt  "), "mov"),
        (brands(b"XAVC", b"mp42"), "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
    ],
)
def test_allowed(data: bytes, expected: str) -> None:
    assert format_of(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"BM" + bytes(60),
        b"II*\0" + bytes(60),
        b"8BPS" + bytes(60),
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\3\4" + bytes(60),
        b"RIFF\0\0\0\0AVI LIST",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"OggS" + bytes(60),
        brands(b"crx "),
        brands(b"jxl "),
    ],
)
def test_everything_else_is_unsupported(data: bytes) -> None:
    with pytest.raises(MediaRefused) as refused:
        make_safe(data, keep_sound=False)
    assert refused.value.reason == "unsupported"


@pytest.mark.parametrize("file_format", ["BMP", "TIFF", "PPM", "ICO", "TGA", "JPEG2000", "PDF"])
def test_formats_that_pillow_could_read_are_unsupported_too(file_format: str) -> None:
    with pytest.raises(MediaRefused) as refused:
        make_safe(samples.saved(samples.picture(), file_format), keep_sound=False)
    assert refused.value.reason == "unsupported"


@pytest.mark.parametrize("options", [{"quality": 80}, {"lossless": True}, {"exif": b"Exif\0\0"}])
def test_the_size_that_a_webp_declares(options: dict[str, object]) -> None:
    assert webp_size(samples.saved(Image.new("RGB", (300, 7)), "WEBP", **options)) == (300, 7)


def test_a_webp_without_a_size_is_broken() -> None:
    with pytest.raises(MediaRefused) as refused:
        make_safe(b"RIFF\x20\0\0\0WEBPXXXX" + bytes(16), keep_sound=False)
    assert refused.value.reason == "broken"
