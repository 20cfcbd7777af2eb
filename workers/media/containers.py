"""Video containers in memory: reading one that was sent, writing a fresh one that tells nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping

import av
from av.container import InputContainer, OutputContainer

av.logging.set_level(None)

_EMPTY_USER_DATA = b"\0\0\0\x3dudta\0\0\0\x35meta"


class _Rereader(io.RawIOBase):
    """What has been written so far, read again: the index can only be put first that way."""

    def __init__(self, written: io.BytesIO) -> None:
        self._written = written
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        with self._written.getbuffer() as view:
            part = bytes(view[self._at : self._at + size])
        self._at += len(part)
        return part

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = (0, self._at, self._written.getbuffer().nbytes)[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at


def open_input(data: bytes, format_name: str) -> InputContainer:
    """Opens `data` as one container format; nothing outside of it can be referred to."""
    return av.open(io.BytesIO(data), "r", format=format_name, metadata_errors="ignore")


def open_output(file: io.BytesIO, format_name: str) -> OutputContainer:
    """A container without names, dates or random ids; an MP4 plays before all of it is there."""
    options: Mapping[str, str] = {"fflags": "+bitexact"}
    if format_name == "mp4":
        options = {**options, "movflags": "+faststart"}
    return av.open(
        file,
        "w",
        format=format_name,
        options=dict(options),
        io_open=lambda _url, _flags, _options: _Rereader(file),
    )


def without_user_data(body: bytes) -> bytes:
    """The MP4 with the (empty) user data box that FFmpeg always writes turned into free space."""
    at = body.find(_EMPTY_USER_DATA)
    if at < 0:
        return body
    return body[: at + 4] + b"free" + bytes(0x3D - 8) + body[at + 0x3D :]
