"""The channels there are: one line each, imported only by a process that needs it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from config.settings import Settings

CHANNELS: dict[str, tuple[str, Callable[[Settings], bool]]] = {
    "webchat": ("bot.channels.webchat", lambda settings: True),
    "telegram": (
        "bot.channels.telegram",
        lambda settings: bool(settings.bot_token.get_secret_value()),
    ),
}


def switched_on(settings: Settings) -> dict[str, ModuleType]:
    """The channels that these settings switch on, by name.

    Each module offers the three names of the contract: `Channel`, `Sender` and `Source`.
    """
    return {
        name: import_module(path) for name, (path, wanted) in CHANNELS.items() if wanted(settings)
    }
