"""The sound of videos: dropped, unless the reporter says otherwise when asked, once a report.

A voice can be recognised, so the question comes before the video is touched. Whoever goes on
without an answer gets the safe one.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import Attachment, Draft, Effect, Facts, Fetch, Turn
from handlers.moves import stay

DROP, KEEP = "sound:drop", "sound:keep"


def taken(draft: Draft, attachments: Sequence[Attachment]) -> tuple[Draft, tuple[Effect, ...]]:
    """Fetch these at once, but hold videos back until their sound is asked for."""
    sound = draft.answers.sound
    held = tuple(one for one in attachments if one.video and sound is None)
    fetched = tuple(Fetch(one, bool(sound)) for one in attachments if one not in held)
    if not held:
        return draft, fetched
    return wizard.asking(replace(draft, held=draft.held + held), "sound"), fetched


def answered(draft: Draft, choice: str, facts: Facts) -> Turn:
    """Keep the sound or not, of these videos and of all further ones of this report."""
    keep = choice == KEEP
    fetched = tuple(Fetch(one, keep) for one in draft.held)
    answers = replace(draft.answers, sound=keep)
    plain = wizard.uncovered(replace(draft, answers=answers, held=()))
    return replace(stay(plain, facts), effects=fetched)


def released(turn: Turn) -> Turn:
    """What is still held when nobody asks any more is fetched without its sound."""
    draft = turn.draft
    if not draft.held or draft.overlay:
        return turn
    wanted = {one.id for one in draft.answers.media}
    fetched = tuple(Fetch(one) for one in draft.held if one.id in wanted)
    return Turn(replace(draft, held=()), turn.prompts, (*turn.effects, *fetched))
