"""Makes a custodian's keys for the months to come and destroys those that nothing needs any more.

A thread beside the worker, because the worker blocks on rq and a month begins whether or not there
is work. A month's pair is made a month ahead, so that the public half is where the bot is in time.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.vault.custody import rotate
from bot.vault.keys import Layer

LOOK_SECONDS = 3600.0

log = structlog.get_logger()


class Rotation(threading.Thread):
    """Looks once before it starts, and then every hour."""

    def __init__(self, folder: Path, layers: Collection[Layer]) -> None:
        """Raises OSError where the first keys cannot be made."""
        super().__init__(name="rotation", daemon=True)
        self._folder = folder
        self._layers = layers
        self._stopped = threading.Event()
        self.rotate()

    def run(self) -> None:
        """Rotate until stopped."""
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self.rotate()
            except OSError as error:
                log.error("vault.not_rotated", error=error.strerror)

    def rotate(self) -> None:
        """Make what is missing of this month and the next; destroy what no record needs."""
        for epoch in rotate(self._folder, self._layers, datetime.now(UTC)):
            log.warning("vault.destroyed", epoch=epoch)

    def stop(self) -> None:
        """No further look."""
        self._stopped.set()
