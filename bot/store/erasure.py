"""What was erased goes from the append-only file as well, which otherwise keeps every past command.

``erased`` counts erasures; ``rewritten`` is that count at the last rewrite, and vanishes after a
day, so that what ran out of time goes too. A rewrite is due when the two differ.
"""

from __future__ import annotations

from bot.store.connection import Command, Store

ERASED, REWRITTEN = "erased", "rewritten"
REWRITTEN_SECONDS = 24 * 3600


def erased() -> list[Command]:
    """The commands that belong beside every deletion which somebody asked for."""
    return [("INCR", ERASED)]


async def rewrite(store: Store) -> bool:
    """Have the append-only file written anew if that is due. Whether it was.

    What the store holds is copied at that moment, so what was deleted before is not in the new
    file, and the old one is removed. Raises `StoreUnavailable`, also while another rewrite runs:
    the next sweep tries again.
    """
    count = await store.read("GET", ERASED) or b"0"
    if await store.read("GET", REWRITTEN) == count:
        return False
    await store.write("BGREWRITEAOF")
    await store.write("SET", REWRITTEN, count, "EX", REWRITTEN_SECONDS)
    return True
