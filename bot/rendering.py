"""Puts prompts into words: the one place where the domain's message ids meet the catalogues."""

from __future__ import annotations

from collections.abc import Callable

from bot.channels.contract import Button, Shown
from bot.core.dialogue import Choice, Message, Prompt


def shown(prompt: Prompt, locale: str, say: Callable[[Message], str]) -> Shown:
    """A prompt in the language that `say` speaks; paragraphs become lines."""
    return Shown(
        screen=prompt.screen,
        text="\n".join([say(line) for line in prompt.lines]),
        locale=locale,
        rows=tuple([tuple([_button(one, say) for one in row]) for row in prompt.rows]),
        accepts=prompt.accepts,
        media=prompt.media,
        serial=prompt.serial,
        keep=prompt.keep,
        receipt=prompt.receipt,
        forgotten=prompt.forgotten,
        returned=prompt.returned,
    )


def _button(choice: Choice, say: Callable[[Message], str]) -> Button:
    return Button(choice.id, say(choice.label), choice.kind, choice.media)
