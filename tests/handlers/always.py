"""What is true of every turn of every conversation, whatever anybody does."""

from __future__ import annotations

from bot.core.dialogue import (
    Discard,
    Draft,
    Event,
    Facts,
    Message,
    Pressed,
    Prompt,
    Refused,
    Submit,
    Turn,
)
from bot.core.receipt import read_receipt
from bot.core.report import Answers
from bot.core.wizard import complete
from locales.catalogue import Catalogues

CHOICE_BYTES_MOST = 40
LABEL_MOST = 36
# Telegram's limit for one message.
TEXT_MOST = 4096


def check_turn(
    before: Draft, event: Event, turn: Turn, facts: Facts, catalogues: Catalogues
) -> None:
    """Fails where a turn is not as every turn must be."""
    for prompt in turn.prompts:
        _check_prompt(prompt, catalogues)
    if turn.prompts:
        assert turn.prompts[-1].rows, "no way on"
        assert turn.prompts[-1].serial == turn.draft.serial
    _check_serial(before, turn)
    _check_answers_kept(before, event, turn)
    _check_submit(before, turn, facts)


def _check_prompt(prompt: Prompt, catalogues: Catalogues) -> None:
    choices = [choice for row in prompt.rows for choice in row]
    assert len({choice.id for choice in choices}) == len(choices)
    assert all(prompt.rows)
    assert prompt.lines
    for choice in choices:
        assert len(choice.id.encode()) <= CHOICE_BYTES_MOST
    for locale, _ in catalogues.locales:
        said = [_said(line, locale, catalogues) for line in prompt.lines]
        assert len("\n\n".join(said)) <= TEXT_MOST
        labels = [_said(choice.label, locale, catalogues) for choice in choices]
        assert all(len(label) <= LABEL_MOST for label in labels)
        assert len(set(labels)) == len(labels)


def _said(message: Message, locale: str, catalogues: Catalogues) -> str:
    said = catalogues.say(locale, message)
    assert said.strip()
    assert "." not in message.id or said != message.id, f"{message.id} is in no catalogue"
    for nested in message.values.values():
        if isinstance(nested, Message):
            assert _said(nested, locale, catalogues) in said
    return said


def _check_serial(before: Draft, turn: Turn) -> None:
    after = turn.draft
    moved = (before.step, before.overlay, before.editing) != (
        after.step,
        after.overlay,
        after.editing,
    )
    assert not moved or after.serial != before.serial, "an old button would count on a new screen"


def _check_answers_kept(before: Draft, event: Event, turn: Turn) -> None:
    given_up = any(isinstance(effect, Submit) for effect in turn.effects) or (
        isinstance(event, Pressed) and event.choice in ("cancel:yes", "anew:yes", "forgotten")
    )
    if given_up:
        return
    old, new = before.answers, turn.draft.answers
    assert _kept(old, new)
    lost = {one.id for one in old.media} - {one.id for one in new.media}
    discarded = {
        name for effect in turn.effects if isinstance(effect, Discard) for name in effect.media
    }
    refused = {event.media} if isinstance(event, Refused) else set()
    assert lost == discarded or lost == refused & lost


def _kept(old: Answers, new: Answers) -> bool:
    hazard_kept = old.hazard is None or new.hazard is not None or old.category != new.category
    return (
        hazard_kept
        and (old.category is None or new.category is not None)
        and (old.place is None or new.place is not None)
        and (old.description == "" or new.description != "")
        and (old.danger is None or new.danger is not None)
        and not (old.media_done and not new.media_done)
    )


def _check_submit(before: Draft, turn: Turn, facts: Facts) -> None:
    submits = [effect for effect in turn.effects if isinstance(effect, Submit)]
    if not submits:
        return
    (submit,) = submits
    report = submit.report
    assert complete(before.answers, facts.form)
    category = facts.form.category(report.category)
    assert category is not None
    assert report.hazard in category.hazards or (not category.hazards and not report.hazard)
    assert report.place.words or report.place.position
    assert report.media or report.description
    assert read_receipt(submit.receipt) == submit.receipt
    assert turn.draft.answers == Answers(), "the draft is closed with its report"
    assert turn.prompts[-1].receipt == submit.receipt
    assert turn.prompts[-1].keep
