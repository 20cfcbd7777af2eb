"""A draft as bytes and back: a JSON list, short because a city's worth of them waits in memory.

Trailing defaults are left out, so an idle conversation takes a few bytes.
"""

from __future__ import annotations

from typing import Any

import orjson

from bot.core.dialogue import Attachment, Draft
from bot.core.report import Answers, Media, Place

_EMPTY = Answers()


def written_draft(draft: Draft) -> bytes:
    """The bytes of a draft."""
    answers = None if draft.answers == _EMPTY else _written_answers(draft.answers)
    written = [
        draft.locale,
        draft.step,
        draft.overlay,
        int(draft.editing),
        draft.serial,
        draft.receipt,
        draft.touched,
        answers,
    ]
    if draft.held:
        written.append([[one.id, one.source, one.size] for one in draft.held])
    return orjson.dumps(written)


def draft_from(raw: bytes) -> Draft:
    """The draft of those bytes. Raises `orjson.JSONDecodeError` or ValueError on others."""
    locale, step, overlay, editing, serial, receipt, touched, answers, *held = orjson.loads(raw)
    return Draft(
        locale=locale,
        step=step,
        overlay=overlay,
        editing=bool(editing),
        serial=serial,
        answers=_answers_from(answers) if answers else _EMPTY,
        receipt=receipt,
        touched=touched,
        held=tuple(_held_from(one) for one in held[0]) if held else (),
    )


def _held_from(raw: list[Any]) -> Attachment:
    name, source, size = raw
    return Attachment(name, source, size, video=True)


def _written_answers(answers: Answers) -> list[Any]:
    return [
        answers.category,
        answers.hazard,
        _written_place(answers.place),
        "".join(one.id + ("+" if one.state == "ready" else "?") for one in answers.media),
        int(answers.media_done),
        answers.description,
        int(answers.description_done),
        answers.danger,
        _written_place(answers.offered),
        answers.sound,
    ]


def _answers_from(raw: list[Any]) -> Answers:
    category, hazard, place, media, media_done, text, text_done, danger, offered, sound = raw
    return Answers(
        category=category,
        hazard=hazard,
        place=_place_from(place),
        media=_media_from(media),
        media_done=bool(media_done),
        description=text,
        description_done=bool(text_done),
        danger=danger,
        offered=_place_from(offered),
        sound=sound,
    )


def _media_from(letters: str) -> tuple[Media, ...]:
    return tuple(
        Media(piece[:-1], "ready" if piece[-1] == "+" else "pending")
        for piece in (letters[at : at + 23] for at in range(0, len(letters), 23))
    )


def _written_place(place: Place | None) -> list[Any] | None:
    return [place.latitude, place.longitude, place.words] if place else None


def _place_from(raw: list[Any] | None) -> Place | None:
    return Place(*raw) if raw else None
