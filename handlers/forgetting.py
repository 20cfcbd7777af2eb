"""*Forget me*: for one report, or for all that this chat holds. Asked once, done at once.

What is forgotten is the person, not the hazard: the report stays where it is, with nothing left
that leads back from it.
"""

from __future__ import annotations

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import Choice, Draft, Effect, Facts, Forget, Message, Prompt, Turn
from bot.core.report import Answers
from handlers.report import discarded
from handlers.screens import TO_MENU, aside

ASK, ASK_ALL = "forget:", "forget"
SURE, SURE_ALL = "forgotten:", "forgotten"


def button(receipt: str) -> Choice:
    """Offered beside the status of a report."""
    return Choice(f"{ASK}{receipt}", Message("forget.report"))


BUTTON_ALL = Choice(ASK_ALL, Message("forget.all"))


def unknown(facts: Facts) -> Message:
    """Why nothing can be done with a receipt."""
    return Message("status.too_many" if facts.over == "guesses" else "status.unknown")


def ask(draft: Draft, facts: Facts, receipt: str) -> Turn:
    """Shall it be forgotten who reported this?"""
    if receipt not in facts.progress:
        return aside(draft, "forget", (unknown(facts),))
    sure = Choice(f"{SURE}{receipt}", Message("forget.yes"))
    lines = (Message("forget.ask", {"tail": receipt[-4:]}), *_transcript(facts))
    return aside(draft, "forget", lines, ((sure,),))


def ask_all(draft: Draft, facts: Facts) -> Turn:
    """Shall everything go that this chat holds?"""
    sure = Choice(SURE_ALL, Message("forget.yes_all"))
    lines = (Message("forget.ask_all"), *_transcript(facts), Message("forget.reports_stay"))
    return aside(draft, "forget", lines, ((sure,),))


def forget(draft: Draft, facts: Facts, receipt: str) -> Turn:
    """Yes, this one."""
    if receipt not in facts.progress:
        return aside(draft, "forget", (unknown(facts),))
    kept = _without(draft, (receipt,))
    turn = aside(kept, "forget", (Message("forget.done"), *_transcript(facts)))
    gone = replace(turn.prompts[0], forgotten=(receipt,))
    return Turn(turn.draft, (gone,), (Forget((receipt,)),))


def forget_all(draft: Draft, facts: Facts, receipts: tuple[str, ...]) -> Turn:
    """Yes, all: the draft with its pictures, and every report whose receipt came along.

    A chat that keeps its receipts itself sends none; it is told how to have each one forgotten.
    """
    known = tuple(code for code in receipts if code in facts.progress)
    empty = wizard.at(replace(draft, answers=Answers(), receipt=""), "menu")
    lines = [Message("forget.done_all")]
    lines += [Message("forget.done_reports", count=len(known))] if known else []
    lines += [Message("forget.elsewhere"), *_transcript(facts)]
    prompt = Prompt(
        SURE_ALL, tuple(lines), ((TO_MENU,),), ("text",), serial=empty.serial, forgotten=receipts
    )
    effects: tuple[Effect, ...] = discarded(draft)
    return Turn(empty, (prompt,), (*effects, Forget(known)) if known else effects)


def _transcript(facts: Facts) -> tuple[Message, ...]:
    """What becomes of the words themselves, which we do not keep."""
    return (facts.transcript,) if facts.transcript else ()


def _without(draft: Draft, receipts: tuple[str, ...]) -> Draft:
    """The draft, which no longer stands at the receipt of a report that is forgotten."""
    if draft.step != "receipt" or draft.receipt not in receipts:
        return draft
    return wizard.at(replace(draft, receipt=""), "menu")
