"""The methods that change or remove what stands in a chat."""

from tests.fakes.telegram.base import Json, bad_request
from tests.fakes.telegram.chat import Message
from tests.fakes.telegram.formatting import formatted
from tests.fakes.telegram.sending import input_media
from tests.fakes.telegram.world import Request, World

_HEAD = {"message_id", "from", "chat", "date", "edit_date"}
_CAPTIONED = {"photo", "video", "document"}
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)


def edit_message_text(world: World, request: Request) -> Json:
    """editMessageText"""
    content = _content(_editable(world, request))
    if "text" not in content:
        raise bad_request("there is no text in the message to edit")
    kept = _without(content, {"text", "entities", "link_preview_options", "reply_markup"})
    shown = formatted(request.parameters, "text") | request.some("link_preview_options")
    return _replace(world, request, kept | shown)


def edit_message_caption(world: World, request: Request) -> Json:
    """editMessageCaption"""
    content = _content(_editable(world, request))
    if not content.keys() & _CAPTIONED:
        raise bad_request("there is no caption in the message to edit")
    kept = _without(content, {"caption", "caption_entities", "reply_markup"})
    return _replace(world, request, kept | formatted(request.parameters, "caption"))


def edit_message_media(world: World, request: Request) -> Json:
    """editMessageMedia"""
    content = _content(_editable(world, request))
    group = {key: content[key] for key in ("media_group_id",) if key in content}
    return _replace(world, request, group | input_media(world, request["media"], request))


def edit_message_reply_markup(world: World, request: Request) -> Json:
    """editMessageReplyMarkup"""
    content = _content(_editable(world, request))
    return _replace(world, request, _without(content, {"reply_markup"}))


def delete_message(world: World, request: Request) -> bool:
    """deleteMessage"""
    chat = world.chat(request)
    if chat.find(request["message_id"]) is None:
        raise bad_request("message to delete not found")
    chat.delete(request["message_id"])
    return True


def _editable(world: World, request: Request) -> Message:
    message = world.open_chat(request).find(request.get("message_id", 0))
    if message is None:
        raise bad_request("message to edit not found")
    if not message.from_bot:
        raise bad_request("message can't be edited")
    return message


def _content(message: Message) -> Json:
    return _without(message.data, _HEAD)


def _without(content: Json, names: set[str]) -> Json:
    return {key: value for key, value in content.items() if key not in names}


def _replace(world: World, request: Request, content: Json) -> Json:
    content = content | request.some("reply_markup")
    if content == _content(_editable(world, request)):
        raise bad_request(_NOT_MODIFIED)
    return world.chat(request).replace(request["message_id"], content)
