"""Videos as people's cameras and programmes record them, with all that those write beside."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av

from tests.workers.media import samples
from tests.workers.media.boxes import box, boxes, joined

Options = tuple[str, ...]

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
HEVC = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none")
NAMED = (
    *("-metadata", f"comment={samples.SECRET}"),
    *("-metadata", f"com.apple.quicktime.make={samples.SECRET}"),
    *("-metadata", f"com.android.model={samples.SECRET}"),
    *("-metadata", "creation_time=2026-11-02T08:15:00Z"),
    *("-metadata:s:v", f"handler_name={samples.SECRET}"),
    *("-metadata:s:a", f"handler_name={samples.SECRET}"),
)
PLACE = "+30.6918+111.2867+055.100/"
_APPLE_PLACE = (
    *("-movflags", "use_metadata_tags"),
    *("-metadata", f"com.apple.quicktime.location.ISO6709={PLACE}"),
)
_TIMECODE = ("-timecode", "01:02:03:04")

_WAY_TO_TABLES = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}

KINDS: dict[str, tuple[str, Options]] = {
    "mp4": ("a.mp4", (*H264, *NAMED, "-metadata", f"location={PLACE}")),
    "mov": (
        "a.mov",
        (*HEVC, "-tag:v", "hvc1", "-c:a", "pcm_s16le", *NAMED, *_TIMECODE, *_APPLE_PLACE),
    ),
    "hev1": ("b.mp4", (*HEVC, "-tag:v", "hev1", *NAMED)),
    "av1": ("c.mp4", ("-c:v", "libsvtav1", "-preset", "12", "-c:a", "aac", *NAMED)),
    "vp9": ("d.webm", ("-c:v", "libvpx-vp9", "-b:v", "200k", "-c:a", "libopus", *NAMED)),
    "vp8": ("e.webm", ("-c:v", "libvpx", "-b:v", "200k", "-c:a", "libvorbis", *NAMED)),
    "fragments": ("f.mp4", (*H264, *NAMED, "-movflags", "frag_keyframe+empty_moov")),
    "h264 in webm": ("g.mkv", (*H264, *NAMED)),
    "b frames": ("h.mp4", (*H264, "-bf", "3", "-g", "12", *NAMED)),
    "action camera": ("i.mp4", (*H264, *NAMED, *_TIMECODE, *_APPLE_PLACE)),
    "phone": ("j.mov", (*H264, *NAMED, *_TIMECODE, *_APPLE_PLACE)),
    "attachments": ("k.mkv", (*H264, *NAMED)),
}
"""Name and options of a video; those that have more than picture and sound are in `_BESIDE`."""


def made(kind: str, folder: Path) -> bytes:
    """The video of one of `KINDS`; made in that folder once."""
    name, options = KINDS[kind]
    path = folder / name
    if not path.exists():
        samples.video(path, *_BESIDE.get(kind, _nothing)(folder), *options)
    return _FINISHED.get(kind, bytes)(path.read_bytes())


def with_declared_frames(mp4: bytes, frames: int) -> bytes:
    """The MP4 of a single stream; its index declares so many frames of one byte each."""
    tables = {
        b"stsz": struct.pack(">III", 0, 1, frames),
        b"stts": struct.pack(">IIII", 0, 1, frames, 1),
        b"stsc": struct.pack(">IIIII", 0, 1, 1, frames, 1),
    }
    return _with_tables(mp4, tables)


def _with_tables(data: bytes, tables: Mapping[bytes, bytes]) -> bytes:
    return joined(
        (
            name,
            _with_tables(content, tables) if name in _WAY_TO_TABLES else tables.get(name, content),
        )
        for name, content in boxes(data)
    )


def with_countless_frames(webm: bytes, clusters: int) -> bytes:
    """The VP8 WebM of unknown length, followed by so many times 32,000 frames of one byte each."""
    frames = b"".join(b"\xa3\x85\x81" + struct.pack(">h", at) + b"\0\x11" for at in range(32_000))
    head = b"\x1f\x43\xb6\x75\x01" + (len(frames) + 6).to_bytes(7, "big") + b"\xe7\x84"
    starts = (struct.pack(">I", 1000 + 32_000 * number) for number in range(clusters))
    return webm + b"".join(head + start + frames for start in starts)


def telemetry() -> bytes:
    """What an action camera writes every second: its name, and where it is (GoPro's GPMF)."""
    places = struct.pack(">5l", 306918000, 1112867000, 55100, 0, 0)
    scales = struct.pack(">5l", 10**7, 10**7, 1000, 1000, 100)
    stream = _entry(b"SCAL", b"l", 4, scales) + _entry(b"GPS5", b"l", 20, places)
    name = _entry(b"DVNM", b"c", 1, samples.SECRET.encode())
    return _entry(b"DEVC", b"\0", 1, name + _entry(b"STRM", b"\0", 1, stream))


def _entry(key: bytes, kind: bytes, size: int, content: bytes) -> bytes:
    head = key + kind + struct.pack(">BH", size, len(content) // size)
    return head + content + bytes(-len(content) % 4)


def _nothing(_: Path) -> Options:
    return ()


def _camera_tracks(folder: Path) -> Options:
    """A track of words and one of telemetry."""
    data = folder / "telemetry.mp4"
    with av.open(str(data), "w") as output:
        stream = output.add_data_stream("bin_data")
        for second in range(2):
            packet = av.Packet(telemetry())
            packet.stream, packet.time_base = stream, Fraction(1)
            packet.pts = packet.dts = second
            packet.duration = 1
            output.mux(packet)
    inputs = ("-i", str(_words(folder)), "-i", str(data))
    mapped = ("-map", "0", "-map", "1", "-map", "2", "-map", "3")
    return (*inputs, *mapped, "-c:s", "mov_text", "-c:d", "copy", "-tag:d", "gpmd")


def _attachments(folder: Path) -> Options:
    """A track of words and an attached file."""
    words = str(_words(folder))
    mapped = ("-map", "0", "-map", "1", "-map", "2")
    return ("-i", words, *mapped, "-attach", words, "-metadata:s:t", "mimetype=text/plain")


def _words(folder: Path) -> Path:
    path = folder / "words.srt"
    path.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{samples.SECRET}\n")
    return path


def _with_user_data(data: bytes) -> bytes:
    """The video with what phones and action cameras put into boxes of their own.

    Its index comes last, so that it can grow without anything else being moved.
    """
    parts = boxes(data)
    assert parts[-1][0] == b"moov"
    secret = samples.SECRET.encode()
    own = ((b"\xa9xyz", PLACE.encode()), (b"\xa9mak", secret), (b"\xa9mod", secret))
    tags = [(name, struct.pack(">HH", len(text), 0x15C7) + text) for name, text in own]
    user_data = joined([*tags, (b"CAME", secret), (b"GPMF", telemetry())])
    parts[-1] = (b"moov", parts[-1][1] + box(b"udta", user_data))
    return joined([*parts, (b"uuid", bytes(range(16)) + secret)])


def _as_timed_metadata(data: bytes) -> bytes:
    """The track of telemetry under the name that an iPhone's has."""
    return _with_user_data(data).replace(b"gpmd", b"mebx")


_BESIDE: dict[str, Callable[[Path], Options]] = {
    "action camera": _camera_tracks,
    "phone": _camera_tracks,
    "attachments": _attachments,
}
_FINISHED: dict[str, Callable[[bytes], bytes]] = {
    "action camera": _with_user_data,
    "phone": _as_timed_metadata,
}
