"""A HEIC's images of depth and the like, and its thumbnail, leave no trace in the safe copy."""

from __future__ import annotations

import io
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from bot.core.errors import MediaRefused
from tests.workers.media import heic, samples
from workers.media.decoder import make_safe

BESIDE = [kind for kind in heic.KINDS if kind != "alpha"]
"""Images that are not part of how the picture looks."""


@pytest.mark.parametrize("kind", heic.KINDS)
def test_the_files_that_are_made_here_do_have_auxiliary_images(
    monkeypatch: pytest.MonkeyPatch, kind: str, tmp_path: Path
) -> None:
    for images in ("DEPTH_IMAGES", "AUX_IMAGES", "THUMBNAILS"):
        monkeypatch.setattr(pillow_heif.options, images, True)
    data = heic.with_auxiliary(kind)
    file = pillow_heif.open_heif(data)
    assert len(file) == 1
    assert file.info["thumbnails"] == [64]
    depth = [(image.size, image.mode) for image in file.info["depth_images"]]
    assert depth == ([((64, 64), "L")] if kind == "depth" else [])
    assert list(file.info["aux"]) == ([heic.KINDS[kind]] if kind in ("gain map", "matte") else [])
    assert file.has_alpha == (kind == "alpha")
    (tmp_path / "made.heic").write_bytes(data)
    (tags,) = samples.exiftool(tmp_path)
    assert tags["QuickTime:AuxiliaryImageType"] == heic.KINDS[kind]
    assert tags["XMP-dc:Creator"] == tags["IFD0:Make"] == samples.SECRET
    assert data.count(samples.SECRET.encode()) > 5


@pytest.mark.parametrize("kind", BESIDE)
def test_what_is_left_is_that_of_the_picture_alone_to_the_last_byte(kind: str) -> None:
    alone = make_safe(samples.saved(samples.picture(), "HEIF"), keep_sound=False)
    safe = make_safe(heic.with_auxiliary(kind), keep_sound=False)
    assert (safe.body, safe.thumbnail) == (alone.body, alone.thumbnail)
    assert (safe.width, safe.height) == (96, 64)


def test_transparency_lets_white_through_and_is_gone() -> None:
    safe = make_safe(heic.with_auxiliary("alpha", size=(96, 64)), keep_sound=False)
    image = Image.open(io.BytesIO(safe.body), formats=["JPEG"])
    assert (image.size, image.mode) == ((96, 64), "RGB")
    for spot, colour in zip(((24, 16), (72, 16), (24, 48), (72, 48)), samples.CORNERS, strict=True):
        wanted = [255 + (part - 255) * heic.SHADE // 255 for part in colour]
        found = image.getpixel(spot)
        assert isinstance(found, tuple)
        assert all(abs(a - b) <= 24 for a, b in zip(found, wanted, strict=True)), found


@pytest.mark.parametrize("kind", heic.KINDS)
def test_an_auxiliary_image_that_declares_too_much_is_never_decoded(kind: str) -> None:
    data = heic.with_declared_size(kind, (60_000, 60_000))
    if kind == "alpha":
        with pytest.raises(MediaRefused) as refused:
            make_safe(data, keep_sound=False)
        assert refused.value.reason == "broken"
    else:
        assert make_safe(data, keep_sound=False).width == 96
