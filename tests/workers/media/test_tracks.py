"""What cameras write beside the pictures, in tracks and boxes of their own, is not passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.media import recordings, samples
from workers.media.decoder import make_safe

CAMERAS = ("action camera", "phone")
TRACKED = (*CAMERAS, "attachments")
BESIDE = {"subtitle", "data", "attachment"}

WHERE_AND_WHAT = {"GPSCoordinates", "GPSLatitude", "GPSPosition", "Make", "Model", "DeviceName"}
WHERE_AND_WHAT |= {"Timecode", "SerialNumberHash", "UUID-Unknown", "Text", "MetaFormat"}
WHERE_AND_WHAT |= {"AndroidModel", "Comment", "OtherFormat"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


def kinds_of_streams(video: bytes) -> list[str]:
    return [stream["codec_type"] for stream in samples.ffprobe(video)["streams"]]


def names(video: bytes, folder: Path) -> set[str]:
    """What exiftool calls the tags that it finds, telemetry included, without their groups."""
    folder.mkdir()
    (folder / "video.mp4").write_bytes(video)
    (tags,) = samples.exiftool(folder)
    return {tag.split(":")[-1] for tag in tags}


@pytest.mark.parametrize("kind", TRACKED)
@pytest.mark.parametrize("keep_sound", [False, True])
def test_only_pictures_and_wanted_sound_are_left_of_many_tracks(
    folder: Path, kind: str, keep_sound: bool
) -> None:
    sent = recordings.made(kind, folder)
    assert BESIDE.intersection(kinds_of_streams(sent))
    safe = make_safe(sent, keep_sound)
    assert kinds_of_streams(safe.body) == (["video", "audio"] if keep_sound else ["video"])


@pytest.mark.parametrize("kind", CAMERAS)
def test_no_tag_tells_where_or_with_what(folder: Path, kind: str, tmp_path: Path) -> None:
    sent = recordings.made(kind, folder)
    assert names(sent, tmp_path / "sent") >= WHERE_AND_WHAT
    safe = make_safe(sent, keep_sound=True)
    assert WHERE_AND_WHAT.isdisjoint(names(safe.body, tmp_path / "safe"))


@pytest.mark.parametrize("kind", TRACKED)
def test_no_byte_of_what_stood_beside_the_pictures_is_left(folder: Path, kind: str) -> None:
    sent = recordings.made(kind, folder)
    safe = make_safe(sent, keep_sound=True)
    for telling in (
        samples.SECRET.encode(),
        recordings.PLACE.encode(),
        recordings.telemetry(),
        b"GPS5",
        b"\xa9xyz",
        b"gpmd",
        b"mebx",
        b"tmcd",
        b"uuid",
    ):
        assert telling not in safe.body, telling
        assert telling not in safe.thumbnail, telling
    assert samples.SECRET.encode() in sent
    assert (recordings.telemetry() in sent) == (kind in CAMERAS)
