"""What is left of a video, read back by exiftool and ffprobe."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.core.errors import MediaRefused
from tests.workers.media import recordings, samples
from tests.workers.media.boxes import boxes
from tests.workers.media.recordings import H264, KINDS
from workers.media.decoder import make_safe
from workers.media.streams import clean_header

ALLOWED_BOXES = {
    *("ftyp", "free", "mdat", "moov", "mvhd", "trak", "tkhd", "edts", "elst", "mdia", "mdhd"),
    *("hdlr", "minf", "vmhd", "smhd", "dinf", "dref", "url ", "stbl", "stsd", "stts", "stss"),
    *("ctts", "stsc", "stsz", "stco", "sgpd", "sbgp", "sdtp"),
}
CONTAINER_BOXES = {"moov", "trak", "mdia", "minf", "stbl", "edts"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def sent(folder: Path) -> Callable[[str], bytes]:
    """Makes a video of one of `KINDS`, once."""
    return lambda kind: recordings.made(kind, folder)


def kinds_of_boxes(data: bytes) -> list[str]:
    """The types of an MP4's boxes, in order, those within others included."""
    found = []
    for name, content in boxes(data):
        kind = name.decode()
        found += [kind, *(kinds_of_boxes(content) if kind in CONTAINER_BOXES else [])]
    return found


def pictures_of(data: bytes, folder: Path) -> bytes:
    """A digest of every decoded frame; equal for equal pictures."""
    path = folder / "decoded"
    path.write_bytes(data)
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v:0", "-f", "framehash", "-"]
    lines = subprocess.check_output(command).splitlines()
    return b"\n".join(line.split(b",")[-1] for line in lines if not line.startswith(b"#"))


def without_names(found: dict[str, Any]) -> None:
    """Fails on any tag but those that every MP4 or WebM has."""
    plain = {"major_brand", "minor_version", "compatible_brands", "language", "vendor_id"}
    tags = dict(found["format"].get("tags", {}))
    for stream in found["streams"]:
        tags |= stream.get("tags", {})
    assert tags.pop("handler_name", "VideoHandler") in ("VideoHandler", "SoundHandler")
    assert (
        tags.pop("encoder", tags.pop("ENCODER", "Lavf")) == "Lavf"
    )  # the writer's, without version
    tags.pop("DURATION", None)
    assert set(tags) <= plain, tags


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep_sound", [False, True])
def test_nothing_but_pictures_and_wanted_sound_is_left(
    sent: Callable[[str], bytes], kind: str, keep_sound: bool, tmp_path: Path
) -> None:
    data = sent(kind)
    safe = make_safe(data, keep_sound)
    found = samples.ffprobe(safe.body)
    kinds = [stream["codec_type"] for stream in found["streams"]]
    assert kinds == (["video", "audio"] if keep_sound else ["video"])
    without_names(found)
    for name in (samples.SECRET, "x264", "x265", "Lavc", "30.69", "2026"):
        assert name.encode() not in safe.body, name
    assert pictures_of(safe.body, tmp_path) == pictures_of(data, tmp_path)


def test_exiftool_finds_no_place_date_device_or_user_data(
    sent: Callable[[str], bytes], tmp_path: Path
) -> None:
    for kind in KINDS:
        safe = make_safe(sent(kind), keep_sound=True)
        suffix = safe.content_type.removeprefix("video/")
        (tmp_path / f"{kind}.{suffix}").write_bytes(safe.body)
    read_back = samples.exiftool(tmp_path)
    assert len(read_back) == len(KINDS)
    groups = {"SourceFile", "ExifTool", "System", "File", "QuickTime", "Track1", "Track2"}
    groups |= {"Composite", "Matroska", "Info"}
    for tags in read_back:
        assert {tag.split(":")[0] for tag in tags} <= groups, tags
        for tag, value in tags.items():
            if tag.split(":")[0] not in ("System", "SourceFile") and "Date" in tag:
                assert value == "0000:00:00 00:00:00", tag
            assert "GPS" not in tag
            assert "Vendor" not in tag


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "vp8"])
def test_an_mp4_has_only_allowed_boxes_and_its_index_first(
    sent: Callable[[str], bytes], kind: str
) -> None:
    safe = make_safe(sent(kind), keep_sound=True)
    assert safe.content_type == "video/mp4"
    found = kinds_of_boxes(safe.body)
    assert set(found) <= ALLOWED_BOXES
    assert found.index("moov") < found.index("mdat")


def test_vp8_stays_in_webm(sent: Callable[[str], bytes]) -> None:
    safe = make_safe(sent("vp8"), keep_sound=False)
    assert safe.content_type == "video/webm"
    assert samples.ffprobe(safe.body)["format"]["format_name"] == "matroska,webm"


@pytest.mark.parametrize("kind", KINDS)
def test_size_duration_and_thumbnail(sent: Callable[[str], bytes], kind: str) -> None:
    safe = make_safe(sent(kind), keep_sound=False)
    assert (safe.kind, safe.width, safe.height) == ("video", 160, 120)
    assert safe.seconds == pytest.approx(2.0, abs=0.1)
    thumbnail = Image.open(io.BytesIO(safe.thumbnail), formats=["JPEG"])
    assert thumbnail.size == (160, 120)
    assert not thumbnail.info.keys() - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        *((kind, (30.6918, 111.2867)) for kind in ("mp4", "mov", "action camera", "phone")),
        ("vp9", None),
    ],
)
def test_the_position_is_handed_out(
    sent: Callable[[str], bytes], kind: str, expected: tuple[float, float] | None
) -> None:
    safe = make_safe(sent(kind), keep_sound=False)
    assert safe.position == expected
    assert make_safe(safe.body, keep_sound=False).position is None


@pytest.mark.parametrize(("degrees", "upright"), [(90, True), (180, False), (270, True)])
def test_a_turned_video_stays_turned_and_its_thumbnail_is_upright(
    folder: Path, degrees: int, upright: bool
) -> None:
    plain = samples.video(folder / "plain.mp4", *H264, sound=False, source="smptebars")
    turned = folder / f"turned{degrees}.mp4"
    turn = ["-metadata:s:v", f"rotate={degrees}", "-c", "copy", str(turned)]
    subprocess.run(["ffmpeg", "-y", "-v", "error", "-i", str(plain), *turn], check=True)
    safe = make_safe(turned.read_bytes(), keep_sound=False)
    (stream,) = samples.ffprobe(safe.body)["streams"]
    assert stream["side_data_list"][0]["rotation"] in (degrees, degrees - 360)
    assert (safe.width, safe.height) == ((120, 160) if upright else (160, 120))
    assert frame_difference(safe.thumbnail, turned) < 6


def frame_difference(thumbnail: bytes, video: Path) -> float:
    """Mean difference of a thumbnail from the first frame as a player shows it, 0 to 255."""
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-frames:v", "1", "-f", "image2pipe"]
    shown = subprocess.check_output([*command, "-c:v", "png", "-"])
    pair = [Image.open(io.BytesIO(data)).convert("RGB") for data in (thumbnail, shown)]
    assert pair[0].size == pair[1].size
    first, second = (image.tobytes() for image in pair)
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)


def test_a_large_video_has_a_small_thumbnail(folder: Path) -> None:
    path = samples.video(folder / "large.mp4", "-vf", "scale=1920:1080", *H264, "-t", "0.2")
    safe = make_safe(path.read_bytes(), keep_sound=False)
    assert (safe.width, safe.height) == (1920, 1080)
    assert Image.open(io.BytesIO(safe.thumbnail)).size == (480, 270)


def test_only_the_first_stream_of_pictures_is_kept(
    folder: Path, sent: Callable[[str], bytes]
) -> None:
    sent("mp4")
    cover, text = folder / "cover.png", folder / "words.srt"
    samples.picture().save(cover)
    text.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{samples.SECRET}\n")
    inputs = ["-i", str(cover), "-i", str(folder / "a.mp4"), "-i", str(text)]
    mapped = ["-map", "0", "-map", "1", "-map", "1:v", "-map", "2"]
    kept = ["-c", "copy", "-c:s", "mov_text", "-disposition:v:0", "attached_pic"]
    path = folder / "many.mp4"
    subprocess.run(["ffmpeg", "-y", "-v", "error", *inputs, *mapped, *kept, str(path)], check=True)
    assert len(samples.ffprobe(path.read_bytes())["streams"]) == 5
    (stream,) = samples.ffprobe(make_safe(path.read_bytes(), False).body)["streams"]
    assert stream["codec_name"] == "h264"


@pytest.mark.parametrize("with_cover", [False, True])
def test_sound_alone_is_no_picture(folder: Path, with_cover: bool) -> None:
    path, cover = folder / "sound.mp4", folder / "album.png"
    samples.picture().save(cover)
    tone = ["-f", "lavfi", "-i", "sine=d=1"]
    art = [
        "-i",
        str(cover),
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    ]
    command = ["ffmpeg", "-y", "-v", "error", *tone, *(art if with_cover else []), "-c:a", "aac"]
    subprocess.run([*command, str(path)], check=True)
    with pytest.raises(MediaRefused) as refused:
        make_safe(path.read_bytes(), keep_sound=True)
    assert refused.value.reason == "no_picture"


@pytest.mark.parametrize("codec", ["mpeg4", "mjpeg", "prores_ks"])
def test_codecs_with_room_for_words_are_unsupported(folder: Path, codec: str) -> None:
    path = samples.video(folder / f"{codec}.mov", "-c:v", codec, sound=False)
    with pytest.raises(MediaRefused) as refused:
        make_safe(path.read_bytes(), keep_sound=False)
    assert refused.value.reason == "unsupported"


@pytest.mark.parametrize("kind", ["mp4", "mov", "vp9"])
def test_a_video_cut_off_at_its_start_is_broken(sent: Callable[[str], bytes], kind: str) -> None:
    data = sent(kind)
    with pytest.raises(MediaRefused) as refused:
        make_safe(data[:200], keep_sound=False)
    assert refused.value.reason in ("broken", "no_picture")


@pytest.mark.parametrize("kind", ["mp4", "mov", "vp9", "av1"])
def test_a_damaged_video_never_raises_anything_else(
    sent: Callable[[str], bytes], kind: str
) -> None:
    data = sent(kind)
    for at in range(0, len(data), len(data) // 25):
        damaged = data[:at] + b"\xa5\x5a" + data[at + 2 :]
        try:
            assert make_safe(damaged, keep_sound=True).kind == "video"
        except MediaRefused as refused:
            assert refused.reason in ("broken", "unsupported", "no_picture", "too_many_pixels")


START = b"\0\0\0\1"


@pytest.mark.parametrize(
    ("codec", "header", "kept"),
    [
        ("h264", START + b"\x67sps" + START + b"\x06words" + b"\0\0\1\x68pps", b"\x67sps \x68pps"),
        (
            "hevc",
            START + b"\x40\1vps" + START + b"\x4e\1words" + START + b"\x42\1sps",
            b"\x40\1vps \x42\1sps",
        ),
    ],
)
def test_a_header_keeps_parameter_sets_alone(codec: str, header: bytes, kept: bytes) -> None:
    assert clean_header(codec, header) == b"".join(START + unit for unit in kept.split())


def test_other_headers_keep_what_a_player_needs_at_most() -> None:
    assert clean_header("av1", b"\x81\5\x0c\0" + samples.SECRET.encode()) == b"\x81\5\x0c\0"
    assert clean_header("vp9", samples.SECRET.encode()) is None
    assert clean_header("vp8", None) is clean_header("h264", None) is None


def test_words_between_pictures_are_dropped(folder: Path) -> None:
    words = "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+" + samples.SECRET
    path = samples.video(folder / "words.mp4", *H264, "-bsf:v", words, sound=False)
    data = path.read_bytes()
    assert samples.SECRET.encode() in data
    assert samples.SECRET.encode() not in make_safe(data, keep_sound=False).body


@pytest.mark.parametrize(("encoder", "name"), [("libx264", b"x264 - core"), ("libx265", b"x265 (")])
def test_what_encoders_say_of_themselves_is_dropped(
    folder: Path, encoder: str, name: bytes
) -> None:
    """They write their name, version and every option as user data before the first picture."""
    path = samples.video(folder / f"{encoder}.mp4", "-c:v", encoder, "-pix_fmt", "yuv420p")
    data = path.read_bytes()
    assert name in data
    assert name not in make_safe(data, keep_sound=True).body
