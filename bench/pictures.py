"""Making a phone's JPEG safe, beside what others would write for it: ``python -m bench.pictures``.

One 12-megapixel JPEG with EXIF orientation and position becomes an upright picture of some 2,000
pixels and a thumbnail, without metadata. All recipes take turns in one run. Speed is by processor
time, the parent's and the decoding process's together, so that a busy machine changes little.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.report import Report
from bench.targets import Target, largest, markdown

if TYPE_CHECKING:
    from PIL import Image

SPEED, MEMORY = "pictures per second of one core", "MiB above bare Python"
NAIVE, TURBO, OURS, PROCESS = (
    "Pillow, naive",
    "PyTurboJPEG, half",
    "ours, in process",
    "ours, `Sanitizer`",
)
Recipe = Callable[[bytes], tuple[bytes, bytes]]


def photo() -> bytes:
    """A 12-megapixel JPEG of 3 to 5 MB: light and texture at all scales, and a sensor's noise."""
    import numpy as np
    from PIL import Image

    generator = np.random.default_rng(20261102)
    height, width = 3024, 4032
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 120 + 60 * np.sin(columns / 900) * np.cos(rows / 700)
    for scale in (2, 4, 8, 16, 32, 64):
        grain = generator.normal(0, 3 * scale**0.5, (height // scale, width // scale))
        layer = Image.fromarray(grain.astype(np.float32))
        light += np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC))
    tints = (light * tint + generator.normal(0, 2, light.shape) for tint in (1.05, 1.0, 0.9))
    pixels = np.stack([np.clip(tint, 0, 255).astype(np.uint8) for tint in tints], axis=-1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, subsampling="4:2:0", exif=_exif())
    return file.getvalue()


def _exif() -> bytes:
    from PIL import Image

    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = "Phone", 6
    gps = tags.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (30.0, 41.0, 30.5), "E", (111.0, 17.0, 12.0)
    return tags.tobytes()


def naive(data: bytes) -> tuple[bytes, bytes]:
    """What one writes first to the same end, every step on the whole picture.

    Turned upright, rebuilt from its bytes (saving it again would keep comments and APP14), both
    sizes made from the full one.
    """
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    image = Image.frombytes("RGB", upright.size, upright.tobytes())
    return _encoded(_scaled(image, 2000), _scaled(image, 480))


def _scaled(image: Image.Image, side: int) -> Image.Image:
    from PIL import Image

    scale = side / max(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)


def thumbnail(data: bytes) -> tuple[bytes, bytes]:
    """What Pillow's documentation recommends."""
    from PIL import Image, ImageOps

    image: Image.Image = Image.open(io.BytesIO(data))
    image.thumbnail((2000, 2000))
    image = ImageOps.exif_transpose(image)
    small = image.copy()
    small.thumbnail((480, 480))
    return _encoded(image, small)


def _encoded(image: Image.Image, small: Image.Image) -> tuple[bytes, bytes]:
    body, thumbnail = io.BytesIO(), io.BytesIO()
    image.save(body, "JPEG", quality=85)
    small.save(thumbnail, "JPEG", quality=80)
    return body.getvalue(), thumbnail.getvalue()


def turbo(data: bytes) -> tuple[bytes, bytes]:
    """libjpeg-turbo itself: decoded at a half, turned, and the thumbnail from what was encoded."""
    import numpy as np
    from PIL import Image

    orientation = Image.open(io.BytesIO(data)).getexif()[0x0112]
    turns = {6: -1, 3: 2, 8: 1}[orientation]
    library = _turbo()
    pixels = library.decode(data, pixel_format=0, scaling_factor=(1, 2))
    pixels = np.ascontiguousarray(np.rot90(pixels, turns))
    body = library.encode(pixels, quality=85, pixel_format=0, jpeg_subsample=2)
    small = library.decode(body, pixel_format=0, scaling_factor=(1, 4))
    return body, library.encode(small, quality=80, pixel_format=0, jpeg_subsample=2)


@cache
def _turbo() -> Any:
    from turbojpeg import TurboJPEG

    return TurboJPEG()  # type: ignore[no-untyped-call]


def ours(data: bytes) -> tuple[bytes, bytes]:
    """The whole recipe, position and colours included, without the process around it."""
    from workers.media.decoder import make_safe

    safe = make_safe(data, keep_sound=False)
    assert safe.position is not None
    return safe.body, safe.thumbnail


RECIPES: dict[str, Recipe] = {
    NAIVE: naive,
    "Pillow, `thumbnail()`": thumbnail,
    TURBO: turbo,
    OURS: ours,
}


async def measure_speed(report: Report, data: bytes, rounds: int) -> None:
    """Adds pictures per second of every recipe; the first round only warms up."""
    import psutil

    from bench.cores import cpu_seconds
    from workers.media.sanitizer import Sanitizer

    taken: dict[str, list[float]] = {name: [] for name in (*RECIPES, PROCESS)}
    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(data)
        (decoder,) = psutil.Process().children()
        for _ in range(rounds + 1):
            for name, recipe in RECIPES.items():
                started = time.process_time()
                recipe(data)
                taken[name].append(time.process_time() - started)
            started = time.process_time() + cpu_seconds(decoder.pid)
            await sanitizer.make_safe(data)
            ended = time.process_time() + cpu_seconds(decoder.pid)
            taken[PROCESS].append(ended - started)
    for name, seconds in taken.items():
        report.add(name, SPEED, [1 / each for each in seconds[1:]])


def measure_memory(report: Report, data: bytes) -> None:
    """Adds each recipe's peak resident memory above that of a Python that does nothing."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(data)
        bare = _peak("bare", path)
        for name in RECIPES:
            report.add(name, MEMORY, [_peak(name, path) - bare for _ in range(3)])
        report.add(PROCESS, MEMORY, [asyncio.run(_peak_of_decoder(data)) - bare for _ in range(3)])


BARE = "print(*[line.split()[1] for line in open('/proc/self/status') if line[:5] == 'VmHWM'])"


def _peak(name: str, path: Path) -> float:
    """Peak resident memory, in MiB, of a process that follows one recipe once."""
    arguments = ["-c", BARE] if name == "bare" else ["-m", "bench.pictures", name, str(path)]
    return int(subprocess.check_output([sys.executable, *arguments])) / 1024


async def _peak_of_decoder(data: bytes) -> float:
    import psutil

    from workers.media.sanitizer import Sanitizer

    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(data)
        (decoder,) = psutil.Process().children()
        status = await asyncio.to_thread(Path(f"/proc/{decoder.pid}/status").read_text)
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(quick: bool = False) -> list[Report]:
    """Every recipe's speed and memory."""
    report = Report("A 12-megapixel phone JPEG made safe", NAIVE)
    data = photo()
    measure_memory(report, data)
    asyncio.run(measure_speed(report, data, 3 if quick else 11))
    return [report]


def targets(tables: Sequence[Report]) -> list[Target]:
    """What is promised of a picture."""
    (table,) = tables
    speed = table.ratio(PROCESS, SPEED), table.ratio(PROCESS, SPEED, TURBO)
    return [
        Target("pictures a second, × naive Pillow", speed[0], least=6),
        Target("pictures a second, × PyTurboJPEG", speed[1], least=0.9),
        Target("peak of the decoding process, MiB", largest(table, PROCESS, MEMORY), most=64),
    ]


def main() -> None:
    """Prints the table, or, given a recipe and a file, the peak memory of following it."""
    if len(sys.argv) == 3:
        RECIPES[sys.argv[1]](Path(sys.argv[2]).read_bytes())
        exec(BARE)
        return
    tables = measure()
    print(tables[0].markdown())
    print(markdown(targets(tables)))


if __name__ == "__main__":
    main()
