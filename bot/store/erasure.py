"""What the append-only file tells of the past is gone soon, for it keeps every past command.

There stand things that were erased, and the order in which things came: a conversation next to the
report that it sent, and next to the one after that. ``erased`` counts erasures; ``rewritten`` is
that count at the last rewrite, and vanishes after ten minutes. A rewrite is due when the two
differ. What is written then is what there is, in no order that tells anything.
"""

from __future__ import annotations

from bot.store.connection import Command, Store

ERASED, REWRITTEN = "erased", "rewritten"
REWRITTEN_SECONDS = 600


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
