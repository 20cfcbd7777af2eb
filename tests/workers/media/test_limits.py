"""Both sides of the limits on pixels, and what the worst files cost in memory and time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from PIL import Image

from bot.core.errors import MediaRefused
from tests.workers.media import heic, samples
from tests.workers.media.running import MOST_MEMORY, cost, decoders, peak_memory
from workers.media.decoder import make_safe
from workers.media.limits import MOST_PIXELS, MOST_PIXELS_WHOLE
from workers.media.sanitizer import Sanitizer


def flat(mode: str, size: tuple[int, int], file_format: str, **options: object) -> bytes:
    return samples.saved(Image.new(mode, size), file_format, **options)


def reason_of(data: bytes) -> str:
    with pytest.raises(MediaRefused) as refused:
        make_safe(data, keep_sound=False)
    return refused.value.reason


@pytest.mark.parametrize(
    "most",
    [
        lambda height: samples.png_of_declared_size(8000, height),
        lambda height: flat("L", (8000, height), "JPEG", quality=1),
        lambda height: flat("L", (8000, height), "GIF"),
    ],
)
def test_fifty_megapixels_are_taken_and_a_row_more_is_not(most: Callable[[int], bytes]) -> None:
    rows = MOST_PIXELS // 8000
    assert make_safe(most(rows), keep_sound=False).width in (2000, 2560)
    assert reason_of(most(rows + 1)) == "too_many_pixels"


@pytest.mark.parametrize(
    ("file_format", "options"), [("WEBP", {"method": 0}), ("AVIF", {"speed": 10})]
)
def test_sixteen_megapixels_of_formats_that_are_copied_whole(
    file_format: str, options: dict[str, int]
) -> None:
    rows = MOST_PIXELS_WHOLE // 4000
    taken = make_safe(flat("RGB", (4000, rows), file_format, **options), keep_sound=False)
    assert (taken.width, taken.height) == (2560, 2560)
    assert reason_of(flat("RGB", (4000, rows + 2), file_format, **options)) == "too_many_pixels"


def test_a_heif_that_declares_too_much_is_refused_before_decoding() -> None:
    declared = samples.heif_of_declared_size(8000, 6251)
    assert reason_of(declared) == "too_many_pixels"
    assert reason_of(samples.heif_of_declared_size(8000, 6250)) == "broken"  # nothing is inside


WORST: dict[str, tuple[Callable[[], bytes], str]] = {
    "png with transparency": (
        lambda: flat("RGBA", (8160, 6120), "PNG", compress_level=1),
        "picture",
    ),
    "png of seven long rows": (lambda: flat("RGB", (7_100_000, 7), "PNG"), "too_slow"),
    "progressive jpeg": (
        lambda: flat("RGB", (8160, 6120), "JPEG", progressive=True, quality=5, subsampling=0),
        "picture",
    ),
    "progressive cmyk jpeg": (
        lambda: flat("CMYK", (8160, 6120), "JPEG", progressive=True, quality=5),
        "broken",
    ),
    "gif": (lambda: flat("P", (8160, 6120), "GIF"), "picture"),
    "webp with transparency": (
        lambda: flat("RGBA", (4000, 4000), "WEBP", method=0, lossless=True),
        "picture",
    ),
    "avif with transparency": (
        lambda: flat("RGBA", (4000, 4000), "AVIF", speed=10, subsampling="4:4:4"),
        "picture",
    ),
    "heif of 24 megapixels": (lambda: flat("RGB", (5664, 4248), "HEIF", tile_size=512), "picture"),
    "heic with as many pixels of alpha": (
        lambda: heic.with_auxiliary("alpha", Image.new("RGB", (4032, 3024)), (4032, 3024)),
        "picture",
    ),
    "heic with more pixels of depth": (
        lambda: heic.with_auxiliary("depth", size=(4032, 3024)),
        "picture",
    ),
    "heic bomb of alpha": (lambda: heic.with_declared_size("alpha", (60_000, 60_000)), "broken"),
    "png bomb": (lambda: samples.png_of_declared_size(9000, 9000), "too_many_pixels"),
    "webp bomb": (lambda: flat("L", (9000, 9000), "WEBP", method=0), "too_many_pixels"),
}


@pytest.mark.parametrize("name", WORST)
async def test_memory_stays_under_400_megabytes(name: str) -> None:
    make, expected = WORST[name]
    outcome, peak = await cost(make())
    assert outcome == expected
    assert peak < MOST_MEMORY, peak / 1e6


async def test_a_phones_jpeg_costs_little_memory() -> None:
    async with Sanitizer() as sanitizer:
        noise = Image.effect_noise((4032, 3024), 20).convert("RGB")
        data = samples.saved(noise, "JPEG", quality=80, exif=samples.exif(6).tobytes())
        safe = await sanitizer.make_safe(data)
        assert (safe.width, safe.height) == (1512, 2016)
        assert (
            peak_memory(decoders()[0]) < (64 + 12) * 1024 * 1024
        )  # a bare interpreter has some 10


async def test_a_bomb_of_ten_kilobytes_is_refused_without_being_decoded() -> None:
    bomb = samples.png_of_declared_size(9000, 9000)
    assert len(bomb) < 11_000
    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(samples.saved(samples.picture(), "JPEG"))
        (decoder,) = decoders()
        before = peak_memory(decoder)
        with pytest.raises(MediaRefused) as refused:
            async with asyncio.timeout(5):
                await sanitizer.make_safe(bomb)
        assert refused.value.reason == "too_many_pixels"
        assert peak_memory(decoder) - before < 2_000_000
