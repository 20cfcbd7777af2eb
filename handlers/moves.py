"""What a turn mostly comes to: the person stays where they are, or goes on to the next step."""

from __future__ import annotations

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import Draft, Facts, Message, Turn
from bot.core.report import Answers
from handlers.screens import aside, show, status_of


def stay(draft: Draft, facts: Facts, *notes: Message) -> Turn:
    """The draft's own screen, with notes above it; a receipt is not said twice for a note."""
    if notes and draft.step == "receipt" and not draft.overlay:
        return aside(draft, "help", notes, ((status_of(draft),),))
    return Turn(draft, (show(draft, facts, notes),))


def go_on(draft: Draft, answers: Answers, facts: Facts) -> Turn:
    """These answers are taken; what is still to be asked comes next."""
    return stay(wizard.advance(replace(draft, answers=answers), facts.form), facts)
