"""Taking pictures and videos out of a report again: one of them, or all.

A button names the picture itself and not its place in the row: one that turns out to be of no use
meanwhile moves all later ones up.
"""

from __future__ import annotations

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import Discard, Draft, Facts, Message, Turn
from bot.core.report import Answers
from handlers.moves import stay
from handlers.screens import DROP_ALL, DROP_ONE


def ask(draft: Draft, facts: Facts) -> Turn:
    """Which of them?"""
    return stay(wizard.asking(draft, "remove"), facts)


def removed(draft: Draft, choice: str, facts: Facts) -> Turn:
    """Without the one that the choice names, or without any; if it is gone already, what is left.

    A position that was found in one of them is offered no longer: it may have been this one.
    """
    gone = tuple(
        one.id for one in draft.answers.media if choice in (DROP_ALL, f"{DROP_ONE}{one.id}")
    )
    if not gone:
        return stay(draft, facts)
    plain = wizard.uncovered(replace(draft, answers=_without(draft.answers, gone)))
    said = Message("media.removed", {"count": len(gone)}, count=len(gone))
    return replace(stay(plain, facts, said), effects=(Discard(gone),))


def _without(answers: Answers, gone: tuple[str, ...]) -> Answers:
    """With the last one goes the answer about the sound of videos."""
    media = tuple(one for one in answers.media if one.id not in gone)
    sound = answers.sound if media else None
    return replace(answers, media=media, sound=sound, offered=None)
