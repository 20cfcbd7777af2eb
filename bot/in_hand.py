"""Which events are in hand, written where the end of the process leaves it standing.

A small file, mapped into memory: what is written there is the kernel's at once, so a kill takes
nothing of it, and a turn pays neither a system call nor a round trip for it. Nothing is forced to
the disk, because a power cut is no event's fault.

Each process has a file of its own, the first in the folder that no living process has locked, and
whoever comes next goes on with it: what stands there as in hand saw a death. Events stand there as
keyed hashes, so the file names nobody.

A file is a heading and `SLOTS` slots of 16 bytes: the name (13), the day since 1970 on which the
event was last in hand (2), and one byte with the deaths that it saw and, as the highest bit,
whether it is in hand.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO

import structlog

from config.settings import SettingRefused

NAME_BYTES = 13
SLOTS = 2048
# Those that saw a death leave as much room as all channels together can have in hand.
REMEMBERED_MOST = 1024
# What saw a death and did not come again for so long will not come: Telegram keeps it for a day.
KEPT_DAYS = 2
PROCESSES_MOST = 64

_HEADING = b"suishoupai: in hand, 1".ljust(32, b"\0")
_SLOT = Struct(f"<{NAME_BYTES}sHB")
_HELD = 0x80
_DEATHS_COUNTED = _HELD - 1
_DAY_SECONDS = 24 * 3600
FILE_BYTES = len(_HEADING) + SLOTS * _SLOT.size

log = structlog.get_logger()


class InHand:
    """The notes of this process. Names are `NAME_BYTES` long."""

    def __init__(self, folder: Path) -> None:
        """Go on with the notes of a process that is gone. Raises `SettingRefused`."""
        try:
            self._file = _own_file(folder)
        except OSError as error:
            said = error.strerror or error
            raise SettingRefused(f"DATA_DIR: cannot write to {folder}: {said}.") from None
        self._map = mmap.mmap(self._file.fileno(), FILE_BYTES)
        self._held: dict[bytes, int] = {}
        self._remembered: dict[bytes, tuple[int, int]] = {}  # place and deaths
        self._free: list[int] = []
        self._day = _today()
        self._take_over()

    def deaths(self, name: bytes) -> int:
        """How many processes ended while they had this in hand, as far as is known here."""
        return self._remembered.get(name, (0, 0))[1]

    def begin(self, name: bytes) -> bool:
        """It is in hand from now on. False: it is already, or there is no room to say so."""
        if self._day != _today():
            self._forget_old()
        if name in self._held or not (self._free or name in self._remembered):
            return False
        place, deaths = self._remembered.get(name) or (self._free.pop(), 0)
        self._held[name] = place
        self._write(place, name, _HELD | deaths, self._day)
        return True

    def end(self, name: bytes, *, well: bool) -> None:
        """It is in hand no more; if it went `well`, the deaths that it saw were not its fault."""
        place = self._held.pop(name)
        if well:
            self._remembered.pop(name, None)
        if name in self._remembered:
            self._write(place, name, self.deaths(name))
        else:
            self._clear(place)

    def _forget_old(self) -> None:
        self._day = _today()
        for place, name, day, state in self._standing():
            if not state & _HELD and _is_old(day):
                del self._remembered[name]
                self._clear(place)

    def close(self) -> None:
        """Leave the file to whoever comes next."""
        self._map.close()
        self._file.close()

    def _take_over(self) -> None:
        """Count a death for all that was in hand, and remember what saw the most of them."""
        found: list[tuple[int, bytes, int]] = []
        died = 0
        for place, name, day, state in self._standing():
            deaths = min((state & ~_HELD) + bool(state & _HELD), _DEATHS_COUNTED)
            died += bool(state & _HELD)
            # In one write: should this process be killed now, the death is counted, and once.
            self._write(place, name, deaths, day)
            if not _is_old(day):
                found.append((deaths, name, place))
        for deaths, name, place in sorted(found, reverse=True):
            if name not in self._remembered and len(self._remembered) < REMEMBERED_MOST:
                self._remembered[name] = place, deaths
        kept = {place for place, _ in self._remembered.values()}
        for place in range(SLOTS):
            if place not in kept:
                self._clear(place)
        if died:
            log.warning("turns.died", count=died)

    def _standing(self) -> Iterator[tuple[int, bytes, int, int]]:
        """Place, name, day and state of each slot that is taken."""
        for place in range(SLOTS):
            name, day, state = _SLOT.unpack_from(self._map, _at(place))
            if state:
                yield place, name, day, state

    def _write(self, place: int, name: bytes, state: int, day: int | None = None) -> None:
        _SLOT.pack_into(self._map, _at(place), name, _today() if day is None else day, state)

    def _clear(self, place: int) -> None:
        _SLOT.pack_into(self._map, _at(place), b"", 0, 0)
        self._free.append(place)


def _at(place: int) -> int:
    return len(_HEADING) + place * _SLOT.size


def _today() -> int:
    return int(time.time()) // _DAY_SECONDS


def _is_old(day: int) -> bool:
    return abs(_today() - day) > KEPT_DAYS


def _own_file(folder: Path) -> BinaryIO:
    """The first file that nobody has, locked and whole. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(PROCESSES_MOST):
        file = open(folder / str(number), "r+b", opener=_open)  # noqa: SIM115 - it stays open
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _make_whole(file)
        except BlockingIOError:
            file.close()
            continue
        except OSError:
            file.close()
            raise
        return file
    raise OSError(f"{PROCESSES_MOST} processes have notes there already")


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _make_whole(file: BinaryIO) -> None:
    """Begin anew what is not a file of this version. A map could not tell of a full disk."""
    if file.seek(0, os.SEEK_END) == FILE_BYTES:
        file.seek(0)
        if file.read(len(_HEADING)) == _HEADING:
            return
    file.seek(0)
    file.truncate()
    file.write(_HEADING.ljust(FILE_BYTES, b"\0"))
    file.flush()
