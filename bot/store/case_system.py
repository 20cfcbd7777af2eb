"""What all push workers know together of the case system; see `workers.cases.breaker`.

``cases:pause``  stands as long as nothing may be sent
``cases:down``   stands until the case system is known to be back: how many probes failed
``cases:probe``  stands while one report is on its way as a probe
"""

from __future__ import annotations

from bot.store.connection import Store
from bot.store.outbox import Outbox

PAUSE, DOWN, PROBE = "cases:pause", "cases:down", "cases:probe"


async def waits_for_it(store: Store) -> float | None:
    """Seconds until the case system is tried again, None while reports go out as they come.

    Raises `StoreUnavailable`.
    """
    if not await store.read("EXISTS", DOWN):
        return None
    return max(0, int(await store.read("PTTL", PAUSE))) / 1000


async def try_now(store: Store) -> int:
    """End a pause, and make all reports that wait due: the next one that goes is a probe.

    How many wait. Raises `StoreUnavailable`.
    """
    return await Outbox(store, "push").hurry([("DEL", PAUSE)])
