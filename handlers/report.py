"""The report: every answer, in whatever order it comes, until it is submitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.core import wizard
from bot.core.dialogue import (
    Attached,
    Discard,
    Draft,
    Effect,
    Facts,
    Fetch,
    Located,
    MadeSafe,
    Message,
    Prompt,
    Refused,
    Submit,
    Text,
    Turn,
)
from bot.core.receipt import ENTROPY_BYTES, receipt_from, reference_from
from bot.core.report import Answers, Media, Place, Report
from handlers.screens import show


def begin(draft: Draft, facts: Facts) -> Turn:
    """A new report, at its first step."""
    fresh = wizard.at(replace(draft, answers=Answers(), receipt=""), "category")
    return Turn(fresh, (show(fresh, facts),))


def resume(draft: Draft, facts: Facts) -> Turn:
    """A report is open already: go on with it or start anew?"""
    asked = replace(wizard.at(draft, draft.step, editing=draft.editing), overlay="resume")
    return Turn(asked, (show(asked, facts),))


def cancel(draft: Draft, facts: Facts) -> Turn:
    """Ask once; without an open report there is nothing to cancel."""
    if not draft.open:
        return _stay(draft, facts, Message("cancel.nothing"))
    asked = replace(wizard.at(draft, draft.step, editing=draft.editing), overlay="cancel")
    return Turn(asked, (show(asked, facts),))


def abandon(draft: Draft, facts: Facts) -> Turn:
    """Yes, cancel: the draft and its pictures are gone."""
    empty = wizard.at(replace(draft, answers=Answers()), "menu")
    return Turn(empty, (show(empty, facts, [Message("cancel.done")]),), discarded(draft))


def discarded(draft: Draft) -> tuple[Effect, ...]:
    """What becomes of the pictures of a report that is given up."""
    media = tuple(one.id for one in draft.answers.media)
    return (Discard(media),) if media else ()


# Buttons ------------------------------------------------------------------------------------------


def pressed(draft: Draft, choice: str, facts: Facts) -> Turn:
    """A choice of the step or the summary; one that is not on offer shows the screen again."""
    if choice in ("back", "cancel"):
        return (
            _moved(wizard.back(draft, facts.form), facts)
            if choice == "back"
            else cancel(draft, facts)
        )
    if choice == "offered" and draft.answers.offered:
        return _located(draft, draft.answers.offered, facts)
    handler = _CHOICES.get(draft.step)
    return handler(draft, choice, facts) if handler else Turn(draft, (show(draft, facts),))


def _category(draft: Draft, choice: str, facts: Facts) -> Turn:
    if facts.form.category(choice) is None:
        return Turn(draft, (show(draft, facts),))
    same = choice == draft.answers.category
    answers = replace(draft.answers, category=choice, hazard=draft.answers.hazard if same else None)
    chosen = replace(draft, answers=answers)
    if draft.editing and same and wizard.applicable("hazard", answers, facts.form):
        return _moved(wizard.at(chosen, "hazard", editing=True), facts)
    return _moved(wizard.advance(chosen, facts.form), facts)


def _hazard(draft: Draft, choice: str, facts: Facts) -> Turn:
    category = facts.form.category(draft.answers.category)
    if category is None or choice not in category.hazards:
        return Turn(draft, (show(draft, facts),))
    return _answer(draft, replace(draft.answers, hazard=choice), facts)


def _media(draft: Draft, choice: str, facts: Facts) -> Turn:
    answers = draft.answers
    if choice == "drop" and answers.media:
        emptied = replace(draft, answers=replace(answers, media=(), media_done=False))
        return Turn(emptied, (show(emptied, facts),), discarded(draft))
    if choice == "done" or (choice == "skip" and wizard.may_skip("media", answers)):
        return _answer(draft, replace(answers, media_done=True), facts)
    return Turn(draft, (show(draft, facts),))


def _description(draft: Draft, choice: str, facts: Facts) -> Turn:
    answers = draft.answers
    if (choice == "skip" and wizard.may_skip("description", answers)) or (
        choice == "keep" and answers.description
    ):
        return _answer(draft, replace(answers, description_done=True), facts)
    return Turn(draft, (show(draft, facts),))


def _danger(draft: Draft, choice: str, facts: Facts) -> Turn:
    if choice not in ("danger:yes", "danger:no"):
        return Turn(draft, (show(draft, facts),))
    turn = _answer(draft, replace(draft.answers, danger=choice == "danger:yes"), facts)
    if choice == "danger:no":
        return turn
    return replace(turn, prompts=(emergency(turn.draft, facts), *turn.prompts))


def emergency(draft: Draft, facts: Facts) -> Prompt:
    """The numbers to call, at once and to stay in the chat."""
    numbers = " · ".join(facts.form.emergency_numbers)
    called = Message("danger.call", {"numbers": numbers})
    return Prompt("emergency", (called,), serial=draft.serial, keep=True)


def _summary(draft: Draft, choice: str, facts: Facts) -> Turn:
    if choice == "submit" and wizard.complete(draft.answers, facts.form):
        return _submit(draft, facts)
    step = choice.removeprefix("edit:")
    if step == choice or step not in _CHOICES or step == "summary":
        return Turn(draft, (show(draft, facts),))
    reopened = replace(draft, answers=_reopen(draft.answers, step))
    return _moved(wizard.at(reopened, step, editing=True), facts)


def _reopen(answers: Answers, step: str) -> Answers:
    if step == "media":
        return replace(answers, media_done=False)
    return answers


_CHOICES: dict[str, Callable[[Draft, str, Facts], Turn]] = {
    "category": _category,
    "hazard": _hazard,
    "location": lambda draft, choice, facts: Turn(draft, (show(draft, facts),)),
    "media": _media,
    "description": _description,
    "danger": _danger,
    "summary": _summary,
}


# Words, places and pictures -----------------------------------------------------------------------


def wrote(draft: Draft, event: Text, facts: Facts) -> Turn:
    """Words at a step: the address, the description, or words kept for the description."""
    words = event.text.strip()
    if not words or draft.step == "summary":
        return _stay(draft, facts, Message(f"help.{draft.step}"))
    if draft.step == "location":
        most = facts.form.address_most
        if len(words) > most:
            return _stay(draft, facts, _too_long(words, most))
        return _located(draft, Place(words=words), facts)
    most = facts.form.description_most
    kept = draft.answers.description
    if draft.step != "description" and kept:
        words = f"{kept}\n{words}"
    if len(words) > most:
        return _stay(draft, facts, _too_long(words, most))
    answers = replace(draft.answers, description=words)
    if draft.step == "description":
        return _answer(draft, replace(answers, description_done=True), facts)
    noted = replace(draft, answers=answers)
    return _stay(noted, facts, Message("note.kept_as_description"))


def located(draft: Draft, event: Located, facts: Facts) -> Turn:
    """A position or venue at any step."""
    started = _started(draft)
    turn = _located(started, event.place, facts)
    if draft.step == "location":
        return turn
    return _stay(turn.draft, facts, Message("note.location_taken"))


def _located(draft: Draft, place: Place, facts: Facts) -> Turn:
    before = draft.answers.place
    words = place.words or (before.words if before else "")
    taken = replace(place, words=words[: facts.form.address_most])
    answers = replace(
        draft.answers, place=taken, offered=None if taken.position else draft.answers.offered
    )
    located_draft = replace(draft, answers=answers)
    if draft.step == "location":
        return _moved(wizard.advance(located_draft, facts.form), facts)
    return Turn(located_draft, (show(located_draft, facts),))


def attached(draft: Draft, event: Attached, facts: Facts) -> Turn:
    """Pictures and videos at any step; the first ones start a report."""
    started = _started(draft)
    notes = [Message(f"media.refused.{one.refused}") for one in event.attachments if one.refused]
    usable = [one for one in event.attachments if not one.refused]
    room = facts.form.media_most - len(started.answers.media)
    if len(usable) > room:
        notes.append(Message("media.too_many", {"most": facts.form.media_most}))
    taken = usable[:room]
    if taken and started.step != "media":
        notes.append(Message("note.media_added", count=len(taken)))
    description = started.answers.description or event.caption.strip()
    if len(description) > facts.form.description_most:
        notes.append(_too_long(description, facts.form.description_most))
        description = started.answers.description
    media = (*started.answers.media, *(Media(one.id) for one in taken))
    answers = replace(started.answers, media=media, description=description)
    answered = replace(started, answers=answers)
    return Turn(answered, (show(answered, facts, notes),), tuple(Fetch(one) for one in taken))


def made_safe(draft: Draft, event: MadeSafe, facts: Facts) -> Turn:
    """A picture is ready: its thumbnail appears, and its position is offered if none is known."""
    answers = draft.answers
    if all(one.id != event.media for one in answers.media):
        return Turn(draft)
    media = tuple(
        replace(one, state="ready") if one.id == event.media else one for one in answers.media
    )
    offered = answers.offered
    if event.position and not (answers.place and answers.place.position):
        offered = Place(*event.position)
    updated = replace(draft, answers=replace(answers, media=media, offered=offered))
    seen = draft.step in ("media", "summary") or (
        draft.step == "location" and offered != answers.offered
    )
    prompts = (show(updated, facts),) if seen and not draft.overlay else ()
    return Turn(updated, prompts)


def refused(draft: Draft, event: Refused, facts: Facts) -> Turn:
    """A picture cannot be used: it is taken out and the person told why and what to do."""
    media = tuple(one for one in draft.answers.media if one.id != event.media)
    updated = replace(draft, answers=replace(draft.answers, media=media))
    if draft.step == "summary" and not wizard.complete(updated.answers, facts.form):
        updated = wizard.advance(updated, facts.form)
    return _stay(updated, facts, Message(f"media.refused.{event.reason}"))


# Ends ---------------------------------------------------------------------------------------------


def _submit(draft: Draft, facts: Facts) -> Turn:
    answers = draft.answers
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
    closed = wizard.at(replace(draft, answers=Answers(), receipt=receipt), "receipt")
    return Turn(closed, (show(closed, facts),), (Submit(report, receipt),))


def _started(draft: Draft) -> Draft:
    if draft.open:
        return replace(draft, overlay="") if draft.overlay else draft
    return wizard.at(replace(draft, answers=Answers(), receipt=""), "category")


def _answer(draft: Draft, answers: Answers, facts: Facts) -> Turn:
    return _moved(wizard.advance(replace(draft, answers=answers), facts.form), facts)


def _moved(draft: Draft, facts: Facts) -> Turn:
    return Turn(draft, (show(draft, facts),))


def _stay(draft: Draft, facts: Facts, note: Message) -> Turn:
    return Turn(draft, (show(draft, facts, [note]),))


def _too_long(words: str, most: int) -> Message:
    return Message("error.too_long", {"length": len(words), "most": most})
