"""What the worst videos cost in memory, taken or refused, through the real decoding process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.errors import MediaRefused
from tests.workers.media import recordings, samples
from tests.workers.media.boxes import box
from tests.workers.media.recordings import H264, HEVC
from tests.workers.media.running import MOST_MEMORY, cost, decoders
from workers.media.limits import MOST_BYTES
from workers.media.sanitizer import Sanitizer

ROOT = Path(__file__).parents[3]
FAST = (*H264, "-preset", "ultrafast")
QUICK_VPX = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "5M")
NOISE = ("-vf", "scale=1920:1080,noise=alls=60:allf=t", "-qp", "12", "-t", "0.2")


def of_size(width: int, height: int, seconds: str = "0.04") -> tuple[str, ...]:
    return ("-vf", f"scale={width}:{height}", "-t", seconds)


LARGE: dict[str, tuple[str, tuple[str, ...], str]] = {
    "hevc of 4k": ("a.mp4", (*of_size(3840, 2160, "0.08"), *HEVC, "-preset", "ultrafast"), "video"),
    "av1 of 4k": (
        "b.mp4",
        (*of_size(3840, 2160, "0.08"), "-c:v", "libsvtav1", "-preset", "12"),
        "video",
    ),
    "vp9 of 4k": (
        "c.webm",
        (*of_size(3840, 2160, "0.08"), "-c:v", "libvpx-vp9", *QUICK_VPX),
        "video",
    ),
    "vp8 of 4k": ("d.webm", (*of_size(3840, 2160, "0.08"), "-c:v", "libvpx", *QUICK_VPX), "video"),
    "h264 of 50 megapixels": ("e.mp4", (*of_size(8160, 6120), *FAST), "video"),
    "h264 of more": ("f.mp4", (*of_size(8192, 6144), *FAST), "too_many_pixels"),
    "h264 of 50 megapixels, each of six bytes": (
        "g.mp4",
        (*of_size(8160, 6120), *FAST, "-pix_fmt", "yuv444p10le", "-threads", "1"),
        "broken",
    ),
    "a day of small frames": (
        "h.mp4",
        ("-vf", "scale=16:16,loop=-1:1,setpts=N/TB", "-r", "1", "-t", "86400", *FAST),
        "video",
    ),
    "another codec": (
        "i.mov",
        (*of_size(1920, 1080, "1"), "-c:v", "mjpeg", "-q", "2"),
        "unsupported",
    ),
    "another container": ("j.avi", FAST, "unsupported"),
    "nothing but sound": ("k.mp4", ("-vn", "-c:a", "aac"), "no_picture"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def largest(folder: Path) -> bytes:
    """A video of as many bytes as are taken, more than half of them pictures, its index behind."""
    made = samples.video(folder / "noise.mp4", *FAST, *NOISE).read_bytes()
    assert MOST_BYTES // 2 < len(made) < MOST_BYTES
    return made + box(b"free", bytes(MOST_BYTES - len(made) - 8))


@pytest.mark.parametrize("kind", recordings.KINDS)
async def test_what_cameras_record_costs_little(folder: Path, kind: str) -> None:
    outcome, peak = await cost(recordings.made(kind, folder), keep_sound=True)
    assert outcome == "video"
    assert peak < MOST_MEMORY // 4, peak / 1e6


@pytest.mark.parametrize("name", LARGE)
async def test_large_long_and_unwanted_videos_stay_under_400_megabytes(
    folder: Path, name: str
) -> None:
    file, options, expected = LARGE[name]
    data = samples.video(folder / file, *options, sound="-vn" in options).read_bytes()
    outcome, peak = await cost(data)
    assert outcome == expected
    assert peak < MOST_MEMORY, peak / 1e6


async def test_a_video_of_the_largest_size_stays_under_400_megabytes(largest: bytes) -> None:
    outcome, peak = await cost(largest, keep_sound=True)
    assert outcome == "video"
    assert peak < MOST_MEMORY, peak / 1e6


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
async def test_cut_before_its_index_it_is_broken_and_costs_no_more(
    largest: bytes, share: float
) -> None:
    outcome, peak = await cost(largest[: int(len(largest) * share)])
    assert outcome == "broken"
    assert peak < MOST_MEMORY // 4, peak / 1e6


async def test_a_byte_more_costs_nothing_at_all(largest: bytes) -> None:
    async with Sanitizer() as sanitizer:
        with pytest.raises(MediaRefused) as refused:
            await sanitizer.make_safe(largest + b"\0")
        assert refused.value.reason == "too_large"
        assert decoders() == []


@pytest.mark.parametrize("frames", [9_000_000, 14_000_000, 1_000_000_000])
async def test_an_index_of_frames_that_are_not_there_is_refused_in_time(
    folder: Path, frames: int
) -> None:
    """33 KB that make FFmpeg set up an index of hundreds of megabytes, or try to."""
    path = folder / "plain.mp4"
    plain = path if path.exists() else samples.video(path, *H264, "-bf", "0", sound=False)
    outcome, peak = await cost(recordings.with_declared_frames(plain.read_bytes(), frames))
    assert outcome == "broken"
    assert peak < MOST_MEMORY, peak / 1e6


KILLED = """
import asyncio, resource, sys
from tests.workers.media.running import outcome
from workers.media.sanitizer import Sanitizer

async def main(data):
    async with Sanitizer() as sanitizer:
        return await outcome(sanitizer, data)

print(asyncio.run(main(sys.stdin.buffer.read())))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def test_a_video_of_countless_frames_is_killed_in_time_and_under_400_megabytes(
    folder: Path,
) -> None:
    """The only way to a killed process's peak is to be its parent, and that of no other."""
    live = ("-c:v", "libvpx", "-t", "0.04", "-live", "1")
    webm = samples.video(folder / "live.webm", *live, sound=False).read_bytes()
    data = recordings.with_countless_frames(webm, 85)
    assert MOST_BYTES * 0.9 < len(data) < MOST_BYTES
    ran = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=ROOT, input=data, stdout=subprocess.PIPE, check=True
    )
    outcome, peak = ran.stdout.split()
    assert outcome == b"too_slow"
    assert int(peak) < MOST_MEMORY, int(peak) / 1e6
