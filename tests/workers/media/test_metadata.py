"""Nothing but pixels and a bare JFIF header is left, read back by exiftool and byte by byte."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from bot.core.errors import MediaRefused
from tests.workers.media import heic, samples
from tests.workers.media.running import MOST_MEMORY, decoders, peak_memory
from workers.media.decoder import make_safe
from workers.media.protocol import SafeMedia
from workers.media.sanitizer import Sanitizer

ALLOWED_MARKERS = {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
"""Start, JFIF, quantisation tables, baseline frame, Huffman tables, scan."""

ALLOWED_GROUPS = {"SourceFile", "ExifTool", "System", "File", "JFIF", "Composite"}


def loaded_files() -> Iterator[tuple[str, bytes]]:
    """Files of every class in the design, each loaded with all that its format can carry."""
    carried: dict[str, Any] = {"icc_profile": samples.profile(), "xmp": samples.xmp()}
    modes = {
        "JPEG": ("L", "RGB", "CMYK"),
        "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
        "WEBP": ("RGB", "RGBA"),
        "HEIF": ("L", "RGB", "RGBA"),
        "AVIF": ("RGB", "RGBA"),
        "GIF": ("L", "P"),
        "MPO": ("RGB",),
    }
    for file_format, orientation in itertools.product(modes, range(1, 9)):
        for mode in modes[file_format]:
            yield (
                f"{file_format}-{mode}-{orientation}",
                _loaded(file_format, mode, orientation, carried),
            )
    for kind, orientation in itertools.product(heic.KINDS, range(1, 9)):
        yield f"{kind}-{orientation}", heic.with_auxiliary(kind, orientation=orientation)
    for quality, progressive, subsampling in itertools.product(
        (30, 50, 75, 85, 95), (0, 1), range(3)
    ):
        options = {"quality": quality, "progressive": progressive, "subsampling": subsampling}
        plain = samples.saved(samples.picture(), "JPEG", exif=samples.exif(), **options)
        yield f"segments-{quality}-{progressive}-{subsampling}", samples.with_segments(plain)
    for file_format in ("GIF", "WEBP", "PNG", "AVIF", "HEIF", "MPO"):
        more = [samples.picture(), samples.picture()]
        data = samples.saved(samples.picture(), file_format, save_all=True, append_images=more)
        yield f"frames-{file_format}", data
        yield f"trailing-{file_format}", data + b"PK\3\4" + samples.SECRET.encode()


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """The same cut short, bent, and with other files in front, behind and inside."""
    whole = dict(loaded_files())
    chance = random.Random(7)
    for file_format in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "MPO", "depth"):
        names = (f"{file_format}-RGB-6", f"{file_format}-P-6", f"{file_format}-6")
        data = next(whole[name] for name in names if name in whole)
        for share in (0.1, 0.5, 0.9, 0.99):
            yield f"cut-{file_format}-{share}", data[: int(len(data) * share)]
        for number in range(8):
            at = chance.randrange(len(data))
            yield f"bent-{file_format}-{number}", data[:at] + chance.randbytes(4) + data[at + 4 :]
        for name, other in (("zip", b"PK\3\4"), ("html", b"<script>"), ("pdf", b"%PDF-1.7")):
            yield f"{name}-behind-{file_format}", data + other + samples.SECRET.encode()
            yield f"{name}-before-{file_format}", other + samples.SECRET.encode() + data


def _loaded(file_format: str, mode: str, orientation: int, carried: dict[str, Any]) -> bytes:
    image = Image.new(mode, (48, 32), 9000) if mode == "I;16" else samples.picture((48, 32), mode)
    options = dict(carried) if mode in ("RGB", "RGBA") else {"xmp": carried["xmp"]}
    options["exif"] = samples.exif(orientation).tobytes()
    if file_format in ("JPEG", "MPO", "GIF"):
        options["comment"] = samples.SECRET
    if file_format == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", samples.SECRET)
    data = samples.saved(image, file_format, **options)
    return samples.with_segments(data) if file_format == "JPEG" else data


def markers(jpeg: bytes) -> set[int]:
    """The markers of a JPEG's segments up to the scan, and any that stand behind it."""
    found, at = {jpeg[1]}, 2
    while found.isdisjoint({0xDA}):
        found.add(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    assert jpeg.index(b"\xff\xd9", at) == len(jpeg) - 2, "something stands behind the picture"
    return found


def assert_bare(jpeg: bytes) -> None:
    assert markers(jpeg) <= ALLOWED_MARKERS
    assert jpeg[:20] == b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    assert jpeg.count(b"\xff\xe0") == 1
    assert samples.SECRET.encode() not in jpeg


@pytest.fixture(scope="module")
def results() -> dict[str, tuple[bytes, SafeMedia]]:
    return {name: (data, make_safe(data, keep_sound=False)) for name, data in loaded_files()}


def test_only_a_bare_header_is_left_of_200_files(
    results: dict[str, tuple[bytes, SafeMedia]], tmp_path: Path
) -> None:
    assert len(results) >= 200
    for name, (_, safe) in results.items():
        assert_bare(safe.body)
        assert_bare(safe.thumbnail)
        (tmp_path / f"{name}.jpg").write_bytes(safe.body)
        (tmp_path / f"{name}-thumbnail.jpg").write_bytes(safe.thumbnail)
    read_back = samples.exiftool(tmp_path)
    assert len(read_back) == 2 * len(results)
    for tags in read_back:
        assert {tag.split(":")[0] for tag in tags} <= ALLOWED_GROUPS, tags
        assert "File:Comment" not in tags


def test_the_inputs_did_carry_what_is_gone(
    results: dict[str, tuple[bytes, SafeMedia]], tmp_path: Path
) -> None:
    for name, (data, _) in results.items():
        (tmp_path / f"{name}.jpg").write_bytes(data)
    found = samples.exiftool(tmp_path)
    auxiliary = {tags.get("QuickTime:AuxiliaryImageType") for tags in found}
    assert set(heic.KINDS.values()) <= auxiliary
    groups = {tag.split(":")[0] for tags in found for tag in tags}
    assert {"IFD0", "ExifIFD", "GPS", "XMP-dc", "ICC_Profile", "IPTC", "Adobe", "PNG"} <= groups


async def test_each_file_bent_or_not_stays_under_400_megabytes_and_tells_nothing() -> None:
    """Through the real process: what is left, and the most memory it had, refused or not."""
    outcomes: Counter[str] = Counter()
    async with Sanitizer() as sanitizer:
        for name, data in itertools.chain(loaded_files(), hostile_files()):
            try:
                safe = await sanitizer.make_safe(data)
            except MediaRefused as refused:
                outcomes[refused.reason] += 1
            else:
                outcomes["picture"] += 1
                assert_bare(safe.body)
                assert_bare(safe.thumbnail)
            for decoder in decoders():
                assert peak_memory(decoder) < MOST_MEMORY, name
    assert outcomes["picture"] >= 232
    assert outcomes["broken"] >= 16
    assert outcomes["unsupported"] >= 24
    assert set(outcomes) <= {"picture", "broken", "unsupported", "too_many_pixels", "too_slow"}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "MPO"])
def test_the_position_is_handed_out_once_and_gone(
    results: dict[str, tuple[bytes, SafeMedia]], file_format: str
) -> None:
    _, safe = results[f"{file_format}-RGB-1"]
    assert safe.position == pytest.approx(samples.POSITION, abs=1e-5)
    assert make_safe(safe.body, keep_sound=False).position is None


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF"])
def test_a_picture_without_position_has_none(file_format: str) -> None:
    assert make_safe(samples.saved(samples.picture(), file_format), False).position is None


@pytest.mark.filterwarnings("ignore::UserWarning")  # as in the decoding process
@pytest.mark.parametrize(
    "header", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0garbage"]
)
def test_a_hostile_header_costs_the_position_not_the_picture(header: bytes) -> None:
    safe = make_safe(samples.saved(samples.picture(), "JPEG", exif=header), keep_sound=False)
    assert safe.position is None
    assert safe.width == 96
