"""The methods that put something new into a chat."""

import secrets

from tests.fakes.telegram.base import Json, Upload, bad_request
from tests.fakes.telegram.formatting import formatted
from tests.fakes.telegram.world import Request, World

_ATTACHED = "attach://"
_FRAME = {"width": 640, "height": 360, "duration": 1}


def send_message(world: World, request: Request) -> Json:
    """sendMessage"""
    shown = formatted(request.parameters, "text")
    return _post(world, request, shown | request.some("link_preview_options"))


def send_photo(world: World, request: Request) -> Json:
    """sendPhoto"""
    return _post(world, request, captioned(world, request.parameters, "photo", request))


def send_video(world: World, request: Request) -> Json:
    """sendVideo"""
    return _post(world, request, captioned(world, request.parameters, "video", request))


def send_document(world: World, request: Request) -> Json:
    """sendDocument"""
    return _post(world, request, captioned(world, request.parameters, "document", request))


def send_location(world: World, request: Request) -> Json:
    """sendLocation"""
    place = request.some("latitude", "longitude", "horizontal_accuracy", "live_period")
    return _post(world, request, {"location": place})


def send_media_group(world: World, request: Request) -> list[Json]:
    """sendMediaGroup"""
    world.open_chat(request)
    group = {"media_group_id": str(secrets.randbelow(10**17))}
    contents = [input_media(world, media, request) | group for media in request["media"]]
    return [_post(world, request, content) for content in contents]


def send_chat_action(world: World, request: Request) -> bool:
    """sendChatAction"""
    world.open_chat(request)
    return True


def input_media(world: World, media: Json, request: Request) -> Json:
    """The message fields of one InputMedia."""
    kind = media["type"]
    if kind not in {"photo", "video", "document"}:
        raise bad_request(f"this server does not keep {kind}")
    return captioned(world, media | {kind: media["media"]}, kind, request)


def captioned(world: World, values: Json, kind: str, request: Request) -> Json:
    """The message fields of a photo, video or document and its caption."""
    media = _media(world, values, kind, _source(values[kind], request))
    spoiler = {"has_media_spoiler": True} if values.get("has_spoiler") else {}
    return media | formatted(values, "caption") | spoiler


def _source(value: object, request: Request) -> Upload | str:
    if isinstance(value, Upload):
        return value
    name = str(value)
    return request.uploads.get(name.removeprefix(_ATTACHED), name)


def _media(world: World, values: Json, kind: str, source: Upload | str) -> Json:
    if isinstance(source, str):
        return world.files.again(kind, source)
    if kind == "photo":
        return world.files.photo(source.content)
    if kind == "document":
        return world.files.document(source)
    return world.files.video(source, **{key: values.get(key, _FRAME[key]) for key in _FRAME})


def _post(world: World, request: Request, content: Json) -> Json:
    chat = world.open_chat(request)
    quoted = request.get("reply_parameters", {})
    if quoted:
        content |= _quotation(world, request, quoted)
    content |= {"has_protected_content": True} if request.get("protect_content") else {}
    content |= request.some("reply_markup")
    return chat.post(world.next_message_id(), content, from_bot=True)


def _quotation(world: World, request: Request, quoted: Json) -> Json:
    message = world.open_chat(request).find(quoted["message_id"])
    if message is not None:
        return {"reply_to_message": message.data}
    if quoted.get("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")
