"""What a picture looks like afterwards, whatever format, mode and orientation it came in."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.core.errors import MediaRefused
from tests.workers.media import samples
from workers.media.decoder import make_safe
from workers.media.protocol import SafeMedia

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "GIF", "AVIF")


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body), formats=["JPEG"])
    image.load()
    return image


def corners(body: bytes) -> list[tuple[int, ...]]:
    image = opened(body).convert("RGB")
    width, height = image.size
    spots = [(x, y) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [image.getpixel(spot) for spot in spots]  # type: ignore[misc]


def assert_corners(body: bytes, expected: tuple[tuple[int, ...], ...], tolerance: int = 24) -> None:
    for found, wanted in zip(corners(body), expected, strict=True):
        assert all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True)), found


def assert_safe(safe: SafeMedia, size: tuple[int, int]) -> None:
    assert (safe.kind, safe.content_type, safe.seconds) == ("picture", "image/jpeg", None)
    assert (safe.width, safe.height) == opened(safe.body).size == size
    thumbnail = opened(safe.thumbnail).size
    assert max(thumbnail) == min(480, max(size))


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_becomes_a_jpeg_of_the_same_pixels(file_format: str) -> None:
    safe = make_safe(samples.saved(samples.picture(), file_format), keep_sound=False)
    assert_safe(safe, (96, 64))
    assert_corners(safe.body, samples.CORNERS)
    assert_corners(safe.thumbnail, samples.CORNERS)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(file_format: str, orientation: int) -> None:
    turn = samples.INVERSE_TURNS[orientation]
    image = samples.picture()
    held = image if turn is None else image.transpose(turn)
    data = samples.saved(held, file_format, exif=samples.exif(orientation).tobytes())
    safe = make_safe(data, keep_sound=False)
    assert_safe(safe, (96, 64))
    assert_corners(safe.body, samples.CORNERS)
    assert_corners(safe.thumbnail, samples.CORNERS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_jpeg_is_turned_upright_too(orientation: int) -> None:
    turn = samples.INVERSE_TURNS[orientation]
    image = samples.picture((4032, 3024))
    held = image if turn is None else image.transpose(turn)
    safe = make_safe(samples.saved(held, "JPEG", exif=samples.exif(orientation)), keep_sound=False)
    assert_safe(safe, (2016, 1512))
    assert_corners(safe.body, samples.CORNERS)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "HEIF", "AVIF", "GIF", "JPEG"])
def test_a_large_picture_is_shrunk_evenly(file_format: str) -> None:
    options = {"WEBP": {"method": 0}, "AVIF": {"speed": 10}, "PNG": {"compress_level": 1}}
    image = samples.picture((4500, 3001))
    data = samples.saved(image, file_format, **options.get(file_format, {}))
    safe = make_safe(data, keep_sound=False)
    assert_safe(safe, (2250, 1501) if file_format == "JPEG" else (2560, 1707))
    assert_corners(safe.body, samples.CORNERS)


@pytest.mark.parametrize(
    ("long_side", "expected"),
    [
        (1, 1),
        (480, 480),
        (2560, 2560),
        (2561, 2560),
        (3199, 2560),
        (3200, 1600),
        (6399, 2560),
        (6400, 1600),
        (12800, 1600),
    ],
)
def test_a_jpeg_is_decoded_as_small_as_the_safe_picture_allows(
    long_side: int, expected: int
) -> None:
    data = samples.saved(Image.new("L", (long_side, 40)), "JPEG")
    assert make_safe(data, keep_sound=False).width == expected


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (17, 3), (2561, 2), (20000, 3)])
def test_odd_sizes_keep_at_least_a_pixel(size: tuple[int, int]) -> None:
    safe = make_safe(samples.saved(Image.new("RGB", size), "PNG"), keep_sound=False)
    assert max(safe.width, safe.height) == min(max(size), 2560)
    assert min(safe.width, safe.height) >= 1
    assert opened(safe.body).size == (safe.width, safe.height)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_modes(mode: str, progressive: bool) -> None:
    image = samples.picture(mode=mode)
    safe = make_safe(samples.saved(image, "JPEG", progressive=progressive), keep_sound=False)
    wanted = image.convert("RGB")
    spots = ((24, 16), (72, 16), (24, 48), (72, 48))
    assert_corners(safe.body, tuple(wanted.getpixel(spot) for spot in spots))  # type: ignore[misc]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_png_modes(mode: str) -> None:
    image = samples.picture(mode=mode)
    safe = make_safe(samples.saved(image, "PNG"), keep_sound=False)
    found = opened(safe.body).convert("L")
    wanted = image.convert("RGB").convert("L")
    for half in ((0, 0, 96, 32), (0, 32, 96, 64)):
        means = [sum(part.crop(half).tobytes()) / (96 * 32) for part in (found, wanted)]
        assert abs(means[0] - means[1]) < 8


def test_sixteen_bits_of_grey_are_scaled_not_clipped() -> None:
    image = Image.new("I;16", (64, 64), 0x8000)
    assert abs(corners(make_safe(samples.saved(image, "PNG"), False).body)[0][0] - 128) <= 2


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "HEIF", "AVIF", "GIF"])
def test_what_is_transparent_is_white(file_format: str) -> None:
    image = samples.picture(mode="RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 48, 32))
    safe = make_safe(samples.saved(image, file_format), keep_sound=False)
    assert_corners(safe.body, ((255, 255, 255), *samples.CORNERS[1:]))


def test_a_transparent_colour_of_a_palette_is_white() -> None:
    image = samples.picture().quantize(4)
    index = image.getpixel((10, 10))
    safe = make_safe(samples.saved(image, "PNG", transparency=index), keep_sound=False)
    assert_corners(safe.body, ((255, 255, 255), *samples.CORNERS[1:]))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_a_colour_profile_is_applied(file_format: str) -> None:
    data = samples.saved(samples.picture(), file_format, icc_profile=samples.profile())
    red, green = corners(make_safe(data, keep_sound=False).body)[:2]
    assert green[0] > 150 > green[1]  # red and green have changed places
    assert red[1] > 150 > red[0]


@pytest.mark.parametrize("broken", [b"", b"no profile", samples.profile()[:200]])
def test_an_unusable_profile_is_left_out(broken: bytes) -> None:
    data = samples.saved(samples.picture(), "JPEG", icc_profile=broken)
    assert_corners(make_safe(data, keep_sound=False).body, samples.CORNERS)


def test_a_profile_of_another_colour_space_is_left_out() -> None:
    data = samples.saved(samples.picture(mode="CMYK"), "JPEG", icc_profile=samples.profile())
    assert make_safe(data, keep_sound=False).width == 96


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "AVIF", "MPO", "HEIF"])
def test_only_the_first_of_many_pictures_is_kept(file_format: str) -> None:
    second = Image.new("RGB", (96, 64), "black")
    data = samples.saved(samples.picture(), file_format, save_all=True, append_images=[second])
    safe = make_safe(data, keep_sound=False)
    assert_corners(safe.body, samples.CORNERS)
    assert len(safe.body) < 4000


def test_a_picture_with_a_zip_behind_it_is_rebuilt_clean() -> None:
    data = samples.saved(samples.picture(), "JPEG") + b"PK\3\4" + samples.SECRET.encode() * 10
    safe = make_safe(data, keep_sound=False)
    assert_corners(safe.body, samples.CORNERS)
    assert samples.SECRET.encode() not in safe.body
    assert b"PK\3\4" not in safe.body


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_broken(file_format: str, part: float) -> None:
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    data = samples.saved(noise, file_format)
    with pytest.raises(MediaRefused) as refused:
        make_safe(data[: int(len(data) * part)], keep_sound=False)
    assert refused.value.reason in ("broken", "unsupported")


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_picture_with_a_damaged_middle_never_raises_anything_else(file_format: str) -> None:
    data = bytearray(samples.saved(samples.picture((200, 200)), file_format))
    for at in range(0, len(data), max(1, len(data) // 40)):
        damaged = bytes(data[:at]) + b"\xa5" + bytes(data[at + 1 :])
        try:
            assert make_safe(damaged, keep_sound=False).kind == "picture"
        except MediaRefused as refused:
            assert refused.reason in ("broken", "unsupported", "too_many_pixels", "too_slow")
