"""Until when things stand in the store, in whole hours.

An end to the second tells when something began, and what began in the same moment belongs
together: the conversation that ends 24 hours after a report was sent is the one that sent it.
"""

from __future__ import annotations

import time

STEP_SECONDS = 3600


def end_after(seconds: int, since: float | None = None) -> int:
    """The first whole hour at least so many seconds from now, or `since`, as seconds since 1970."""
    begin = int(time.time() if since is None else since)
    return -(-(begin + seconds) // STEP_SECONDS) * STEP_SECONDS
