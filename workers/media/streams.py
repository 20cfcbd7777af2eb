"""What of a video's streams is let through: picture data by kind of unit, sound as samples.

A codec has places for free text (SEI, metadata units, filler); cameras and editors use them. So
pictures pass by an allow-list of units, each in a packet of our own making, and sound, which has
such places too, is decoded and encoded again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from av import AudioResampler, Packet
from av.audio import AudioStream
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.container import OutputContainer
from av.video import VideoStream

_START_CODE = re.compile(b"\0*\0\0\1")


@dataclass(frozen=True, slots=True)
class Codec:
    """How a video codec is stored: container, filters that pass listed units alone, tag."""

    container: str
    filters: str
    tag: str | None = None


_CODECS = {
    "h264": Codec("mp4", "h264_mp4toannexb,filter_units=pass_types=1-5|7|8", "avc1"),
    "hevc": Codec("mp4", "hevc_mp4toannexb,filter_units=pass_types=0-9|16-21|32-34", "hvc1"),
    "av1": Codec("mp4", "filter_units=pass_types=1|3|4|6|7"),
    "vp9": Codec("mp4", "null"),
    "vp8": Codec("webm", "null"),
}


def codec_of(stream: VideoStream) -> Codec | None:
    """How to store this stream, None where its codec is not on the list."""
    return _CODECS.get(stream.codec_context.codec.canonical_name)


class Pictures:
    """Copies a video stream into `output`, unit by unit."""

    def __init__(self, source: VideoStream, output: OutputContainer, codec: Codec) -> None:
        self._source = source
        self._output = output
        self._target = output.add_stream_from_template(source, opaque=True)
        self._filters = BitStreamFilterContext(codec.filters, source, self._target)
        self._target.time_base = source.time_base
        self._target.codec_context.extradata = clean_header(
            source.codec_context.codec.canonical_name, self._target.codec_context.extradata
        )
        if codec.tag is not None:
            self._target.codec_tag = codec.tag
        self._first: float | None = None
        self._end = 0.0

    @property
    def seconds(self) -> float:
        """From the first picture shown to the end of the last, so far."""
        return max(0.0, self._end - (self._first or 0.0))

    def take(self, packet: Packet[Any] | None) -> None:
        """Writes what is allowed of a packet; None at the end."""
        for passed in self._filters.filter(packet):
            fresh = _fresh(passed, self._source)
            self._measure(fresh)
            fresh.stream = self._target
            self._output.mux_one(fresh)

    def _measure(self, packet: Packet[Any]) -> None:
        if packet.pts is not None and packet.pts >= 0:
            start = float(packet.pts * packet.time_base)
            self._first = start if self._first is None else min(self._first, start)
            self._end = max(self._end, start + float((packet.duration or 0) * packet.time_base))


class Sound:
    """Decodes an audio stream and encodes it again into `output`."""

    def __init__(self, source: AudioStream, output: OutputContainer) -> None:
        self._output = output
        webm = output.format.name == "webm"
        rate = 48000 if webm else min(source.rate, 48000)
        self._target = output.add_stream("libopus" if webm else "aac", rate=rate)
        self._target.codec_context.flags |= Flags.bitexact  # no encoder's name in the first frame
        layout = "mono" if source.channels == 1 else "stereo"
        self._target.layout = layout
        self._resampler = AudioResampler(self._target.format, layout, rate)

    def take(self, packet: Packet[Any] | None) -> None:
        """Writes a packet's samples; None at the end."""
        frames: list[Any] = [None] if packet is None else packet.decode()
        for samples in frames:
            for frame in self._resampler.resample(samples):
                self._output.mux(self._target.encode(frame))
        if packet is None:
            self._output.mux(self._target.encode(None))


def _fresh(packet: Packet[Any], source: VideoStream) -> Packet[Any]:
    """Data and times alone: side data stays behind."""
    fresh: Packet[Any] = Packet(bytes(packet))
    fresh.pts, fresh.dts, fresh.duration = packet.pts, packet.dts, packet.duration
    fresh.time_base = source.time_base or packet.time_base
    fresh.is_keyframe = packet.is_keyframe
    return fresh


def clean_header(codec: str, header: bytes | None) -> bytes | None:
    """A codec's own header by the same allow-list; the filters leave it alone.

    `header` is as FFmpeg keeps it: units with start codes for H.264 and HEVC, ``av1C`` for AV1.
    """
    if header is None or codec in ("vp8", "vp9"):
        return None
    if codec == "av1":
        return header[:4]
    units = [unit for unit in _START_CODE.split(header) if unit]
    if codec == "h264":
        kept = [unit for unit in units if unit[0] & 0x1F in (7, 8)]
    else:
        kept = [unit for unit in units if unit[0] >> 1 & 0x3F in (32, 33, 34)]
    return b"".join(b"\0\0\0\1" + unit for unit in kept)
