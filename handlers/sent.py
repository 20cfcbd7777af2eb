"""Words, places and pictures, in whatever order they come.

Nothing that belongs to a report is refused because it was not asked for yet: it is taken, said to
be taken, and the question that stands is asked again.
"""

from __future__ import annotations

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import (
    Attached,
    Attachment,
    Draft,
    Facts,
    Located,
    MadeSafe,
    Message,
    Refused,
    Text,
    Turn,
)
from bot.core.receipt import without_receipts
from bot.core.report import Answers, Media, Place
from handlers import sound
from handlers.moves import go_on, stay

# Fewer characters are a greeting or a typed yes or no, not a description of anything.
WORDS_LEAST = 4


def wrote(draft: Draft, event: Text, facts: Facts) -> Turn:
    """Words: the address, the description, or words kept for the description.

    A receipt among them is cut to its end: whoever handles this report could use the other one's.
    """
    words = without_receipts(event.text.strip())
    match draft.step:
        case "location":
            return _addressed(draft, words, facts)
        case "description":
            return _described(draft, words, facts)
        case "receipt" | "summary":
            return stay(draft, facts, Message(f"help.{draft.step}"))
    if len(words) < WORDS_LEAST:
        return stay(draft, facts, Message(f"help.{draft.step}"))
    noted, notes = _noted(draft, words, facts)
    return stay(noted, facts, *notes)


def _addressed(draft: Draft, words: str, facts: Facts) -> Turn:
    most = facts.form.address_most
    if not words:
        return stay(draft, facts, Message("help.location"))
    if len(words) > most:
        return stay(draft, facts, _too_long(words, most))
    return place_taken(draft, Place(words=words), facts)


def _described(draft: Draft, words: str, facts: Facts) -> Turn:
    most = facts.form.description_most
    if not words:
        return stay(draft, facts, Message("help.description"))
    if len(words) > most:
        return stay(draft, facts, _too_long(words, most))
    answers = replace(draft.answers, description=words, description_done=True)
    return go_on(draft, answers, facts)


def _noted(draft: Draft, words: str, facts: Facts) -> tuple[Draft, tuple[Message, ...]]:
    """Words that nobody asked for yet go to the description, even of a report still to begin.

    Those are shown again at its step: they may have been a greeting.
    """
    if not words:
        return draft, ()
    before = draft.answers.description
    together = f"{before}\n{words}" if before else words
    if len(together) > facts.form.description_most:
        return draft, (_too_long(together, facts.form.description_most),)
    said = Message("note.kept_as_description" if draft.open else "note.kept_for_report")
    answers = replace(draft.answers, description=together, description_done=draft.open)
    return replace(draft, answers=answers), (said,)


def _too_long(words: str, most: int) -> Message:
    return Message("error.too_long", {"length": len(words), "most": most})


# Places -------------------------------------------------------------------------------------------


def located(draft: Draft, event: Located, facts: Facts) -> Turn:
    """A position or venue, at any step."""
    started, notes = _started(draft)
    place = replace(event.place, words=without_receipts(event.place.words))
    if started.step == "location":
        return place_taken(started, place, facts)
    answers = _placed(started.answers, place, facts)
    return stay(replace(started, answers=answers), facts, *notes, Message("note.location_taken"))


def place_taken(draft: Draft, place: Place, facts: Facts) -> Turn:
    """The place is known; from its own step the report goes on."""
    answers = _placed(draft.answers, place, facts)
    if draft.step == "location":
        return go_on(draft, answers, facts)
    return stay(replace(draft, answers=answers), facts)


def _placed(answers: Answers, place: Place, facts: Facts) -> Answers:
    """A position joins an address that had none; anything else takes the place of what was there,
    so that figures and words never speak of two different places.
    """
    before = answers.place
    joins = before is not None and place.position and not before.position and not place.words
    words = before.words if before and joins else place.words
    taken = replace(place, words=words[: facts.form.address_most])
    return replace(answers, place=taken, offered=None if taken.position else answers.offered)


# Pictures and videos ------------------------------------------------------------------------------


def attached(draft: Draft, event: Attached, facts: Facts) -> Turn:
    """Pictures and videos, at any step; the first ones start a report."""
    if facts.over == "pictures":
        noted, said = _noted(draft, without_receipts(event.caption.strip()), facts)
        return stay(noted, facts, Message("media.too_often"), *said)
    started, notes = _started(draft)
    usable = [one for one in event.attachments if not one.refused]
    taken = usable[: facts.form.media_most - len(started.answers.media)]
    media = (*started.answers.media, *(Media(one.id) for one in taken))
    noted, said = _noted(started, without_receipts(event.caption.strip()), facts)
    notes += _refusals(event.attachments)
    if len(usable) > len(taken):
        notes.append(Message("media.too_many", {"most": facts.form.media_most}))
    if taken and started.step != "media":
        # All that are there: an album comes one by one, and who sent it may see the last note only.
        notes.append(Message("note.media_added", count=len(media)))
    stayed = replace(noted, answers=replace(noted.answers, media=media))
    after, effects = sound.taken(stayed, taken)
    return replace(stay(after, facts, *notes, *said), effects=effects)


def _refusals(attachments: tuple[Attachment, ...]) -> list[Message]:
    """One sentence for each reason, however many were refused for it."""
    reasons = dict.fromkeys(one.refused for one in attachments if one.refused)
    return [Message(f"media.refused.{reason}") for reason in reasons]


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
    return stay(updated, facts) if seen and draft.overlay in ("", "remove") else Turn(updated)


def refused(draft: Draft, event: Refused, facts: Facts) -> Turn:
    """A picture cannot be used: it is taken out, and the person told why and what to do."""
    if draft.step == "receipt":
        return stay(draft, facts, Message("media.left_out"))
    media = tuple(one for one in draft.answers.media if one.id != event.media)
    if media == draft.answers.media:
        return Turn(draft)
    updated = replace(draft, answers=replace(draft.answers, media=media))
    if draft.step == "summary" and not wizard.complete(updated.answers, facts.form):
        updated = wizard.advance(updated, facts.form)
    if draft.overlay == "remove" and not media:
        updated = wizard.uncovered(updated)
    return stay(updated, facts, Message(f"media.refused.{event.reason}"))


def _started(draft: Draft) -> tuple[Draft, list[Message]]:
    """The report that is open, or a new one, with the sentence that says so."""
    if draft.open:
        return wizard.uncovered(draft), []
    return wizard.begun(draft), [Message("note.report_begun")]
