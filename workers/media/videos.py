"""Puts a video's one picture stream into a fresh container and takes its first frame as thumbnail.

Nothing else is copied: no sound unless the reporter keeps it, no data tracks, no names, no dates.
Imported only when a video comes, to keep the decoding process small.
"""

from __future__ import annotations

import io

from av.container import InputContainer
from av.stream import Disposition
from av.video import VideoFrame, VideoStream
from PIL import Image

from bot.core.errors import MediaRefused
from workers.media import pixels, positions
from workers.media.containers import open_input, open_output, without_user_data
from workers.media.limits import MOST_PIXELS, THUMBNAIL_SIDE
from workers.media.protocol import SafeMedia
from workers.media.streams import Codec, Pictures, Sound, codec_of

_THUMBNAIL_QUALITY = 80
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180}
_TURNS |= {270: Image.Transpose.ROTATE_270}


def make_video_safe(data: bytes, format_name: str, keep_sound: bool) -> SafeMedia:
    """The safe MP4 (WebM for VP8) and the first frame of a video.

    `format_name` is FFmpeg's name of the container. Raises MediaRefused, or whatever FFmpeg
    raises on a broken file.
    """
    with open_input(data, format_name) as source:
        stream, codec = _picture_stream(source)
        position = positions.from_tags(source.metadata)
        thumbnail, width, height = _thumbnail(source, stream)
    with open_input(data, format_name) as source:  # again: not every WebM can be wound back
        body, seconds = _remux(source, keep_sound)
    return SafeMedia(
        kind="video",
        body=body,
        content_type=f"video/{codec.container}",
        thumbnail=thumbnail,
        width=width,
        height=height,
        seconds=seconds,
        position=position,
    )


def _picture_stream(source: InputContainer) -> tuple[VideoStream, Codec]:
    """The first stream of moving pictures; cover art is none."""
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in source.streams.video if not stream.disposition & covers]
    if not streams:
        raise MediaRefused("no_picture")
    stream = streams[0]
    if stream.width * stream.height > MOST_PIXELS:
        raise MediaRefused("too_many_pixels")
    if (codec := codec_of(stream)) is None:
        raise MediaRefused("unsupported")
    return stream, codec


def _thumbnail(source: InputContainer, stream: VideoStream) -> tuple[bytes, int, int]:
    """The first frame, upright, as JPEG, and the upright size of the video."""
    stream.codec_context.thread_count = 1
    frame = _first_frame(source, stream)
    width, height = pixels.fit((frame.width, frame.height), THUMBNAIL_SIDE)
    image: Image.Image = frame.to_image(width=width, height=height)  # type: ignore[no-untyped-call]
    turn = _TURNS.get(frame.rotation % 360)
    upright = image if turn is None else image.transpose(turn)
    size = (frame.width, frame.height)
    width, height = size[::-1] if frame.rotation % 180 else size
    return pixels.to_jpeg(upright, _THUMBNAIL_QUALITY), width, height


def _first_frame(source: InputContainer, stream: VideoStream) -> VideoFrame:
    for packet in source.demux(stream):
        for frame in packet.decode():
            return frame
    raise MediaRefused("broken")


def _remux(source: InputContainer, keep_sound: bool) -> tuple[bytes, float]:
    stream, codec = _picture_stream(source)
    file = io.BytesIO()
    with open_output(file, codec.container) as output:
        pictures = Pictures(stream, output, codec)
        takers: dict[int, Pictures | Sound] = {stream.index: pictures}
        if keep_sound and source.streams.audio:
            sound = source.streams.audio[0]
            takers[sound.index] = Sound(sound, output)
        for packet in source.demux([source.streams[index] for index in takers]):
            takers[packet.stream.index].take(packet if packet.size else None)
    return without_user_data(file.getvalue()), round(pictures.seconds, 3)
