"""What the append-only file tells of the past is gone soon, for it keeps every past command.

There stand things that were erased, and the order in which things came: a conversation next to the
report that it sent, and next to the one after that. ``erased`` counts erasures; ``rewriting`` is
that count when the last rewrite began, ``rewritten`` when it was seen to have ended well, and
vanishes after ten minutes. A rewrite is due while ``erased`` and ``rewritten`` differ. What is
written then is what there is, in no order that tells anything.
"""

from __future__ import annotations

from bot.store.connection import Command, Store

ERASED, REWRITING, REWRITTEN = "erased", "rewriting", "rewritten"
REWRITTEN_SECONDS = 600


def erased() -> list[Command]:
    """The commands that belong beside every deletion which somebody asked for."""
    return [("INCR", ERASED)]


async def rewrite(store: Store) -> bool:
    """Have the append-only file written anew if that is due. Whether it began to be.

    What the store holds is copied at that moment, so what was deleted before is not in the new
    file, and the old one is removed. A rewrite that failed, on a full disk say, is begun again: the
    sweep asks until one has ended well. Raises `StoreUnavailable`.
    """
    count = await store.read("GET", ERASED) or b"0"
    if await store.read("GET", REWRITTEN) == count:
        return False
    state = await _state(store)
    if state["aof_rewrite_in_progress"] != "0" or state["aof_rewrite_scheduled"] != "0":
        return False
    begun = await store.read("GET", REWRITING)
    # Before its first one since it started, the store says "ok" too: it may have died in the midst.
    ended_well = state["aof_last_bgrewrite_status"] == "ok" and state["aof_rewrites"] != "0"
    if begun is not None and ended_well:
        await store.write("SET", REWRITTEN, begun, "EX", REWRITTEN_SECONDS)
        await store.write("DEL", REWRITING)
        if begun == count:
            return False
    await store.write("BGREWRITEAOF")
    await store.write("SET", REWRITING, count)
    return True


async def _state(store: Store) -> dict[str, str]:
    """What the store says of its append-only file."""
    lines = (await store.read("INFO", "persistence")).decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
