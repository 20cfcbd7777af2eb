"""``python -m tests.faults.poisoned_bot <how> <deaths>``: a bot that poisonous words take down.

It is the product's own but for what it does with words that say "poison", for how many deaths are
too many, and for its pauses, which are short enough to be waited for.
"""

from __future__ import annotations

import sys
from unittest.mock import patch

from bot.__main__ import main as run
from bot.core.dialogue import Draft, Event, Facts, Text, Turn
from handlers import conversation
from tests.faults.poisoned import HOW, bound_memory

STUCK_SECONDS = 2.0
PAUSE_SECONDS = 0.2


def main(how: str, deaths: int) -> int:
    """Run the bot until it is stopped or dies; the exit code."""
    whole, strike = conversation.take, HOW[how]

    def take(draft: Draft, event: Event, facts: Facts, receipts: tuple[str, ...]) -> Turn:
        if isinstance(event, Text) and "poison" in event.text:
            strike()
        return whole(draft, event, facts, receipts)

    if how == "memory":
        bound_memory()
    with (
        patch.object(conversation, "take", take),
        patch.object(sys, "argv", ["bot", "bot"]),
        patch("bot.guarded.DEATHS_MOST", deaths),
        patch("bot.guarded.PAUSE_SECONDS", PAUSE_SECONDS),
        # Where nothing loops, a machine that is busy is no reason to end.
        patch("bot.app.STUCK_SECONDS", STUCK_SECONDS if how == "loop" else 60.0),
    ):
        return run()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2])))
