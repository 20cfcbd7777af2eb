"""Pictures of a hazard, drawn: a blocked exit, as a phone would send it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
from PIL import Image, ImageDraw

PLACE = (30.7021, 111.2865)


def photo(shift: int = 0, *, position: bool = False) -> bytes:
    """A JPEG of 1600 × 1200 pixels; `position` puts GPS into its EXIF."""
    exif = Image.Exif()
    exif[0x0110] = "Secret Phone 12"
    if position:
        north, east = PLACE
        exif[0x8825] = {1: "N", 2: _degrees(north), 3: "E", 4: _degrees(east)}
    target = BytesIO()
    _scene(1600, 1200, shift).save(target, "JPEG", quality=88, exif=exif)
    return target.getvalue()


def film(path: Path) -> Path:
    """An MP4 of two seconds, with a title in its metadata."""
    with av.open(str(path), "w", format="mp4") as container:
        container.metadata["title"] = "Secret title"
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number in range(20):
            frame = av.VideoFrame.from_image(_scene(640, 480, number * 20))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _scene(width: int, height: int, shift: int) -> Image.Image:
    image = Image.new("RGB", (1600, 1200), "#c9c3b8")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 900, 1600, 1200), fill="#8d8578")
    draw.rectangle((560, 210, 1040, 920), fill="#5d6b62", outline="#39443d", width=14)
    draw.rectangle((800, 210, 808, 920), fill="#39443d")
    draw.rectangle((640, 90, 960, 180), fill="#0c7a43")
    draw.polygon([(690, 135), (740, 105), (740, 165)], fill="#ffffff")
    draw.rectangle((740, 125, 910, 145), fill="#ffffff")
    colours = ("#b58a55", "#a87c47", "#c39a66", "#9c7240")
    for number in range(7):
        left = 380 + number % 4 * 210 + shift % 90
        top = 700 - number // 4 * 230 + number % 2 * 30
        draw.rectangle((left, top, left + 200, top + 260), fill=colours[number % 4])
        draw.rectangle((left + 90, top, left + 110, top + 260), fill="#d9c7a4")
    return image.resize((width, height), Image.Resampling.BILINEAR)


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = (value - int(value)) * 60
    return float(int(value)), float(int(minutes)), round((minutes - int(minutes)) * 60, 3)
