"""The report: its beginning, its buttons and its end. What is typed or sent is in `sent`."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import (
    Discard,
    Draft,
    Effect,
    Facts,
    Message,
    Prompt,
    Submit,
    Turn,
)
from bot.core.receipt import ENTROPY_BYTES, receipt_from, reference_from
from bot.core.report import Answers, Report
from handlers import removing
from handlers.moves import go_on, stay
from handlers.screens import EDITED
from handlers.sent import place_taken


def begin(draft: Draft, facts: Facts) -> Turn:
    """A new report, at its first step."""
    return stay(wizard.begun(draft), facts)


def resume(draft: Draft, facts: Facts) -> Turn:
    """A report is open already: go on with it or start anew?"""
    return stay(wizard.asking(draft, "resume"), facts)


def cancel(draft: Draft, facts: Facts) -> Turn:
    """Ask once; without an open report there is nothing to cancel."""
    if not draft.open:
        return stay(draft, facts, Message("cancel.nothing"))
    return stay(wizard.asking(draft, "cancel"), facts)


def abandon(draft: Draft, facts: Facts) -> Turn:
    """Yes, cancel: the draft and its pictures are gone."""
    empty = wizard.at(replace(draft, answers=Answers()), "menu")
    return replace(stay(empty, facts, Message("cancel.done")), effects=discarded(draft))


def discarded(draft: Draft) -> tuple[Effect, ...]:
    """What becomes of the pictures of a report that is given up."""
    media = tuple(one.id for one in draft.answers.media)
    return (Discard(media),) if media else ()


# Buttons ------------------------------------------------------------------------------------------


def pressed(draft: Draft, choice: str, facts: Facts) -> Turn:
    """A choice of the step or the summary; one that is not on offer shows the screen again."""
    if choice == "back" and draft.open:
        return stay(wizard.back(draft, facts.form), facts)
    if choice == "cancel":
        return cancel(draft, facts)
    if choice == "offered" and draft.answers.offered:
        return place_taken(draft, draft.answers.offered, facts)
    handler = _CHOICES.get(draft.step)
    return handler(draft, choice, facts) if handler else stay(draft, facts)


def _category(draft: Draft, choice: str, facts: Facts) -> Turn:
    if facts.form.category(choice) is None:
        return stay(draft, facts)
    same = choice == draft.answers.category
    answers = replace(draft.answers, category=choice, hazard=draft.answers.hazard if same else None)
    chosen = replace(draft, answers=answers)
    if draft.editing and same and wizard.applicable("hazard", answers, facts.form):
        return stay(wizard.at(chosen, "hazard", editing=True), facts)
    return stay(wizard.advance(chosen, facts.form), facts)


def _hazard(draft: Draft, choice: str, facts: Facts) -> Turn:
    category = facts.form.category(draft.answers.category)
    if category is None:
        return _category(replace(draft, step="category"), choice, facts)
    if choice not in category.hazards:
        return stay(draft, facts)
    return go_on(draft, replace(draft.answers, hazard=choice), facts)


def _location(draft: Draft, choice: str, facts: Facts) -> Turn:
    if choice == "keep" and draft.answers.place:
        return go_on(draft, draft.answers, facts)
    return stay(draft, facts)


def _media(draft: Draft, choice: str, facts: Facts) -> Turn:
    answers = draft.answers
    if choice == "remove" and answers.media:
        return removing.ask(draft, facts)
    if choice == "done" or (choice == "skip" and wizard.may_skip("media", answers)):
        return go_on(draft, replace(answers, media_done=True), facts)
    return stay(draft, facts)


def _description(draft: Draft, choice: str, facts: Facts) -> Turn:
    answers = draft.answers
    if (choice == "skip" and wizard.may_skip("description", answers)) or (
        choice == "keep" and answers.description
    ):
        return go_on(draft, replace(answers, description_done=True), facts)
    return stay(draft, facts)


def _danger(draft: Draft, choice: str, facts: Facts) -> Turn:
    if choice not in ("danger:yes", "danger:no"):
        return stay(draft, facts)
    turn = go_on(draft, replace(draft.answers, danger=choice == "danger:yes"), facts)
    if choice == "danger:no":
        return turn
    return replace(turn, prompts=(emergency(turn.draft, facts), *turn.prompts))


def emergency(draft: Draft, facts: Facts) -> Prompt:
    """The numbers to call, at once and to stay in the chat."""
    numbers = " · ".join(facts.form.emergency_numbers)
    called = Message("danger.call", {"numbers": numbers})
    return Prompt("emergency", (called,), serial=draft.serial, keep=True)


def _summary(draft: Draft, choice: str, facts: Facts) -> Turn:
    if choice == "submit":
        return _submit(draft, facts)
    kind, _, step = choice.partition(":")
    if kind == "edit" and step in EDITED:
        return stay(wizard.at(draft, step, editing=True), facts)
    return stay(draft, facts)


_CHOICES: dict[str, Callable[[Draft, str, Facts], Turn]] = {
    "category": _category,
    "hazard": _hazard,
    "location": _location,
    "media": _media,
    "description": _description,
    "danger": _danger,
    "summary": _summary,
}


# Ends ---------------------------------------------------------------------------------------------


def _submit(draft: Draft, facts: Facts) -> Turn:
    answers = draft.answers
    if not wizard.complete(answers, facts.form):
        return stay(wizard.advance(draft, facts.form), facts)
    if facts.over == "reports":
        return stay(draft, facts, Message("summary.too_many"))
    assert answers.category and answers.place
    receipt = receipt_from(facts.entropy)
    report = Report(
        reference=reference_from(facts.entropy[ENTROPY_BYTES:]),
        category=answers.category,
        hazard=answers.hazard or "",
        place=answers.place,
        media=tuple(one.id for one in answers.media),
        description=answers.description,
        danger=bool(answers.danger),
        submitted_at=facts.now,
    )
    # The day is all that the receipt's dates need; the minute would say which report this was.
    hour = facts.now.astimezone(facts.form.timezone).replace(minute=0, second=0, microsecond=0)
    handed_out = replace(draft, answers=Answers(), receipt=receipt, touched=int(hour.timestamp()))
    closed = wizard.at(handed_out, "receipt")
    return replace(stay(closed, facts), effects=(Submit(report, receipt),))
