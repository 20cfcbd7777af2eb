"""The methods about the bot itself, its files, and answers to button presses."""

from typing import Any

from tests.fakes.telegram.base import Json, bad_request
from tests.fakes.telegram.world import Request, World

_ACCENT_COLOURS = 7
_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)


def get_me(world: World, _request: Request) -> Json:
    """getMe"""
    return world.bot


def get_chat(world: World, request: Request) -> Json:
    """getChat"""
    chat = world.chat(request)
    return chat.described() | {
        "accent_color_id": chat.id % _ACCENT_COLOURS,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, False),
    }


def get_file(world: World, request: Request) -> Json:
    """getFile"""
    return world.files.describe(request["file_id"])


def answer_callback_query(world: World, request: Request) -> bool:
    """answerCallbackQuery; a query is answered once and while it is fresh"""
    answer = world.answers.get(request["callback_query_id"])
    if answer is None or answer.too_old or answer.text is not None:
        raise bad_request(
            "query is too old and response timeout expired or query ID is invalid",
        )
    answer.text = request.get("text", "")
    answer.show_alert = request.get("show_alert", False)
    answer.url = request.get("url")
    world.chats[answer.chat_id].changed()
    return True


def set_my_commands(world: World, request: Request) -> bool:
    """setMyCommands"""
    return _keep(world, request, "commands", request["commands"])


def delete_my_commands(world: World, request: Request) -> bool:
    """deleteMyCommands"""
    return _keep(world, request, "commands", [])


def set_my_description(world: World, request: Request) -> bool:
    """setMyDescription"""
    return _keep(world, request, "description", request.get("description", ""))


def set_my_short_description(world: World, request: Request) -> bool:
    """setMyShortDescription"""
    return _keep(world, request, "short_description", request.get("short_description", ""))


def set_chat_menu_button(world: World, request: Request) -> bool:
    """setChatMenuButton"""
    return _keep(world, request, "menu_button", request.get("menu_button", {"type": "default"}))


def farewell(_world: World, _request: Request) -> bool:
    """logOut and close"""
    return True


def _keep(world: World, request: Request, name: str, value: Any) -> bool:
    world.profile[name, request.get("language_code", "")] = value
    return True
