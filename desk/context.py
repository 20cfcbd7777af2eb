"""What every handler needs, put together once by `desk.app` and found under one key."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from desk.database import Database
from desk.sender import Sender
from desk.services import Service
from desk.settings import Settings
from desk.stopped import Stopped


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The parts of a running desk; `clock` gives seconds since 1970."""

    settings: Settings
    database: Database
    sender: Sender
    stopped: Stopped
    services: Mapping[str, Service]
    clock: Callable[[], float] = time.time

    def now(self) -> int:
        return int(self.clock())

    def local(self, seconds: int) -> datetime:
        """A stored time as the local time that people and Open311 are shown."""
        return datetime.fromtimestamp(seconds, self.settings.timezone)


DESK = web.AppKey("desk", Desk)
