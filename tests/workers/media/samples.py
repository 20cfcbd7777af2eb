"""Pictures and videos as people, cameras and attackers make them, made afresh for the tests."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageDraw

pillow_heif.register_heif_opener()

CORNERS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 220, 40))
"""Colours of the corners, from top left by rows: red, green, blue, yellow."""

SECRET = "canary-7f3a9c"
POSITION = (30.691806, 111.286667)

INVERSE_TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What a camera that was held so has done to an upright picture."""


def picture(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    """Four quarters of the colours of `CORNERS`, so that up and left can be told."""
    image = Image.new("RGB", size)
    width, height = size
    draw = ImageDraw.Draw(image)
    for index, colour in enumerate(CORNERS):
        left, top = index % 2 * width // 2, index // 2 * height // 2
        draw.rectangle((left, top, left + width // 2, top + height // 2), colour)
    return image.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    """Make, serial number, time and position, as phones write them."""
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = SECRET, SECRET
    tags[0x0112] = orientation
    tags[0x0132] = "2026:11:02 08:15:00"
    inner = tags.get_ifd(0x8769)
    inner[0xA431], inner[0x9003] = SECRET, "2026:11:02 08:15:00"
    gps = tags.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (30.0, 41.0, 30.5), "E", (111.0, 17.0, 12.0)
    return tags


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """The picture as a file's bytes."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def xmp() -> bytes:
    """An XMP packet that names its author."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'dc:creator="{SECRET}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def profile() -> bytes:
    """An ICC profile with swapped primaries: what is red in the file is meant to be green."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = made.index(b"rXYZ"), made.index(b"gXYZ")
    made[red : red + 4], made[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(made).replace(b"s\0R\0G\0B", b"c\0a\0n\0a").replace(b"sRGB", b"cana")


def with_segments(jpeg: bytes) -> bytes:
    """The JPEG with a comment, Adobe's APP14, IPTC and an unknown segment put in."""
    added = b""
    for marker, content in (
        (0xFE, SECRET.encode()),
        (0xEE, b"Adobe\0\x64\0\0\0\0\1"),
        (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x12\x1c\x02P\0\x0d" + SECRET.encode()),
        (0xE9, SECRET.encode()),
    ):
        added += bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
    return jpeg[:2] + added + jpeg[2:]


def png_of_declared_size(width: int, height: int) -> bytes:
    """A complete black-and-white PNG of a few kilobytes, whatever its size."""
    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", rows)
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def exiftool(folder: Path) -> list[dict[str, Any]]:
    """What exiftool finds in each file of a folder, unknown tags included, grouped."""
    command = ["exiftool", "-json", "-a", "-u", "-G1", "-ee", str(folder)]
    found: list[dict[str, Any]] = json.loads(subprocess.check_output(command))
    return found


def ffprobe(data: bytes) -> dict[str, Any]:
    """What ffprobe finds in a video: format, streams and their tags."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-"]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, input=data, stdout=-1, check=True).stdout
    )
    return found


def video(path: Path, *options: str, sound: bool = True, source: str = "testsrc2") -> Path:
    """Two seconds of ffmpeg's test picture, and a tone, with `options` before the output."""
    inputs = ["-f", "lavfi", "-i", f"{source}=s=160x120:r=25:d=2"]
    inputs += ["-f", "lavfi", "-i", "sine=d=2"] if sound else []
    command = ["ffmpeg", "-y", "-v", "error", *inputs, *options, str(path)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return path


def heif_of_declared_size(width: int, height: int) -> bytes:
    """A HEIF whose header declares another size than the tiny picture that is in it."""
    return of_declared_size(saved(picture((64, 64)), "HEIF"), (64, 64), (width, height))


def of_declared_size(heif: bytes, size: tuple[int, int], declared: tuple[int, int]) -> bytes:
    """The HEIF with another size declared for its one image of `size`."""
    old, new = (struct.pack(">4sIII", b"ispe", 0, *pair) for pair in (size, declared))
    assert heif.count(old) == 1
    return heif.replace(old, new)
