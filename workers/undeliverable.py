"""A notice whose key is lost or destroyed: counted by epoch, said once, and over.

Nobody could be told even if it were tried for ever, and who it was for is not known to anybody.
"""

from __future__ import annotations

import structlog

from bot.store.connection import Command
from bot.store.outbox import UNDELIVERABLE
from bot.vault.keys import KeyMissing

log = structlog.get_logger()


def undeliverable(error: KeyMissing) -> list[Command]:
    """The commands that count it; the log gets the epoch and nothing else."""
    log.error("vault.undeliverable", epoch=error.epoch)
    return [("HINCRBY", UNDELIVERABLE, error.epoch, 1)]
