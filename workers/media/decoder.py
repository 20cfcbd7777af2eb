"""The decoding process: ``python -m workers.media.decoder``, started by `Sanitizer` alone.

It reads one file at a time from its standard input, answers on its standard output (see `protocol`)
and is reused for the next, for speed. It starts with an almost empty environment, holds no key,
confines itself (see `confinement` for what is guaranteed) and is killed by its parent when it takes
too long. It imports no settings, no store and no channel.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from PIL import Image

from bot.core.errors import MediaRefused
from workers.media.confinement import allow_seconds, confine
from workers.media.formats import format_of
from workers.media.limits import SECONDS
from workers.media.pictures import make_picture_safe
from workers.media.protocol import QUESTION, SafeMedia, pack_answer, pack_greeting

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def make_safe(data: bytes, keep_sound: bool) -> SafeMedia:
    """The safe copy of one file; raises MediaRefused and nothing else."""
    try:
        return _make_safe(data, keep_sound)
    except MediaRefused:
        raise
    except _BOMBS:
        raise MediaRefused("too_many_pixels") from None
    except MemoryError:
        raise MediaRefused("too_slow") from None
    except Exception:  # decoders raise anything on hostile input; their words could quote the file
        raise MediaRefused("broken") from None


def _make_safe(data: bytes, keep_sound: bool) -> SafeMedia:
    found = format_of(data)
    if found in ("mov", "matroska"):
        from workers.media.videos import make_video_safe  # noqa: PLC0415  (40 MB, seldom needed)

        return make_video_safe(data, found, keep_sound)
    return make_picture_safe(data, found)


def answer(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answers question after question until the parent closes its end."""
    while head := questions.read(QUESTION.size):
        length, keep_sound = QUESTION.unpack(head)
        allow_seconds(SECONDS)
        try:
            packed = pack_answer(make_safe(questions.read(length), keep_sound))
        except MediaRefused as refused:
            packed = pack_answer(refused)
        answers.write(packed)
        answers.flush()
        del packed


def main() -> None:
    """Confines the process, tells how far, and answers; a library's prints never get between."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    answers.write(pack_greeting(confine()))
    answers.flush()
    answer(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
