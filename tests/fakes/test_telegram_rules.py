"""What the stand-in Bot API server takes, and what it calls a violation: both sides of a limit."""

import io
import json
from typing import Any

import pytest
from aiohttp import ClientSession, FormData

from tests.fakes.telegram import TelegramServer

CHAT = 700_000_001
PHOTO = {"type": "photo", "media": "id"}


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"chat_id": CHAT, "text": text} | more


def markup(text: str) -> dict[str, Any]:
    return message(text, parse_mode="HTML")


def button(**fields: Any) -> dict[str, Any]:
    return keyboard([[{"text": "是", "callback_data": "yes"} | fields]])


def keyboard(rows: list[list[Any]]) -> dict[str, Any]:
    return message("?", reply_markup={"inline_keyboard": rows})


def keys(*labels: Any, **more: Any) -> dict[str, Any]:
    return message("?", reply_markup={"keyboard": [list(labels)]} | more)


def many(count: int) -> dict[str, Any]:
    return keyboard([[{"text": str(n), "callback_data": str(n)}] for n in range(count)])


def commands(command: str = "report", description: str = "上报", count: int = 1) -> dict[str, Any]:
    return {"commands": [{"command": command, "description": description}] * count}


def place(latitude: float, longitude: float) -> dict[str, Any]:
    return {"chat_id": CHAT, "latitude": latitude, "longitude": longitude}


async def refused(server: TelegramServer, method: str, parameters: dict[str, Any]) -> list[str]:
    """The violations of one JSON call, which is answered with 400 exactly when there are any."""
    server.person()
    async with (
        ClientSession() as session,
        session.post(f"{server.url}/bot{server.token}/{method}", json=parameters) as response,
    ):
        answer = await response.json()
    if server.violations:
        assert (response.status, answer["ok"], answer["error_code"]) == (400, False, 400)
    return server.violations


TAKEN = [
    ("sendMessage", message("一")),
    ("sendMessage", message("字" * 4096)),
    ("sendMessage", markup("<b>" + "字" * 4096 + "</b>")),
    ("sendMessage", markup("&amp;" * 4096)),
    ("sendMessage", markup('<a href="https://a.cn/?a=1&amp;b=2">链接</a> &lt; &gt; &quot; &#33;')),
    ("sendMessage", markup("<b>粗<i>斜</i></b><u>下</u><s>删</s><code>码</code><pre>块</pre>")),
    ("sendMessage", markup('<tg-spoiler>藏</tg-spoiler><span class="tg-spoiler">藏</span>')),
    ("sendMessage", markup("<blockquote expandable>引</blockquote>")),
    ("sendMessage", message("<没有标记>")),
    ("sendPhoto", {"chat_id": CHAT, "photo": "id", "caption": "字" * 1024}),
    ("sendPhoto", {"chat_id": CHAT, "photo": "id", "caption": ""}),
    ("sendMessage", button(callback_data="a")),
    ("sendMessage", button(callback_data="是" * 21 + "a")),
    ("sendMessage", button(style="danger")),
    ("sendMessage", keyboard([[{"text": "网页", "url": "https://a.cn"}]])),
    ("sendMessage", many(100)),
    ("sendMessage", keys("返回", {"text": "位置", "request_location": True})),
    ("sendMessage", keys("返回", input_field_placeholder="字" * 64)),
    ("sendMessage", message("?", reply_markup={"remove_keyboard": True})),
    ("sendMessage", message("?", reply_markup={"force_reply": True})),
    ("answerCallbackQuery", {"callback_query_id": "1", "text": "字" * 200}),
    ("setMyCommands", commands("a" * 32, "字" * 256, 100)),
    ("setMyCommands", commands("a", "字") | {"scope": {"type": "chat", "chat_id": CHAT}}),
    ("setMyDescription", {"description": "字" * 512}),
    ("setMyShortDescription", {"short_description": "字" * 120}),
    ("sendMediaGroup", {"chat_id": CHAT, "media": [PHOTO] * 2}),
    ("sendMediaGroup", {"chat_id": CHAT, "media": [PHOTO] * 10}),
    ("sendMediaGroup", {"chat_id": CHAT, "media": [PHOTO, {"type": "video", "media": "id"}]}),
    ("sendLocation", place(90, -180)),
    ("sendLocation", place(-90.0, 180.0)),
    ("sendChatAction", {"chat_id": CHAT, "action": "typing"}),
    ("getUpdates", {"limit": 1}),
    ("getUpdates", {"limit": 100}),
    ("setChatMenuButton", {"menu_button": {"type": "commands"}}),
    ("setWebhook", {"url": "", "secret_token": "a" * 256, "max_connections": 100}),
    ("editMessageText", message("二", message_id=1)),
]

REFUSED = [
    ("sendFax", message("一"), "unknown method"),
    ("sendMessage", message("一", colour="red"), "unknown field colour"),
    ("sendMessage", {"chat_id": CHAT}, "text is missing"),
    ("sendMessage", {"chat_id": CHAT, "text": 1}, "expected String, got int"),
    ("sendMessage", message("一", chat_id=[1]), "expected Integer or String, got an array"),
    ("sendMessage", message("一", protect_content="perhaps"), "expected Boolean, got str"),
    ("sendMessage", message("一", message_thread_id=1.5), "expected Integer, got float"),
    ("sendMessage", message("一", message_thread_id=True), "expected Integer, got bool"),
    ("sendMessage", message("一", entities=[{"type": "bold", "length": 1}]), "offset is missing"),
    ("sendMessage", message("一", reply_markup="是"), "expected InlineKeyboardMarkup"),
    ("sendMessage", message("一", reply_markup={"keyboard": [], "rows": []}), "unknown field rows"),
    ("sendMessage", keyboard([[{"callback_data": "a"}]]), "text is missing"),
    ("sendMessage", keyboard([[{"text": "是", "data": "a"}]]), "unknown field data"),
    (
        "sendMessage",
        message("?", reply_markup={"inline_keyboard": [{"text": "是"}]}),
        "expected Array of InlineKeyboardButton",
    ),
    ("sendMessage", keyboard([["是"]]), "expected InlineKeyboardButton, got str"),
    ("sendMessage", message(""), "text has 0 characters"),
    ("sendMessage", message(" \n"), "text has 0 characters"),
    ("sendMessage", message("字" * 4097), "text has 4,097 characters"),
    ("sendMessage", markup("&amp;" * 4097), "text has 4,097 characters"),
    ("editMessageText", message("字" * 4097, message_id=1), "text has 4,097 characters"),
    ("editMessageText", message("二"), "must say which message"),
    ("sendMessage", markup("<b>粗"), "Can't find end tag"),
    ("sendMessage", markup("粗</b>"), "Unexpected end tag"),
    ("sendMessage", markup("<b><i>粗</b></i>"), "Unexpected end tag"),
    ("sendMessage", markup("<p>段</p>"), "Unsupported start tag"),
    ("sendMessage", markup("行<br/>行"), "is not escaped"),
    ("sendMessage", markup("<br>"), "Unsupported start tag"),
    ("sendMessage", markup("<a>链接</a>"), "wrong attributes"),
    ("sendMessage", markup('<b class="x">粗</b>'), "wrong attributes"),
    ("sendMessage", markup("1 < 2"), "'<' is not escaped"),
    ("sendMessage", markup("2 > 1"), "'>' is not escaped"),
    ("sendMessage", markup("你 & 我"), "'&' is not escaped"),
    ("sendMessage", markup("空&nbsp;格"), "'&' is not escaped"),
    ("sendMessage", message("*粗*", parse_mode="MarkdownV2"), "unsupported parse_mode"),
    ("sendPhoto", {"chat_id": CHAT, "photo": "id", "caption": "字" * 1025}, "caption has 1,025"),
    ("sendMessage", button(callback_data=""), "callback_data has 0 bytes"),
    ("sendMessage", button(callback_data="是" * 21 + "ab"), "callback_data has 65 bytes"),
    ("sendMessage", button(text=" "), "a button has no text"),
    ("sendMessage", button(style="pink"), "unknown style"),
    ("sendMessage", button(url="https://a.cn"), "exactly one thing"),
    ("sendMessage", keyboard([[{"text": "是"}]]), "exactly one thing"),
    ("sendMessage", keyboard([[{"text": "网页", "url": "a.cn"}]]), "wrong URL"),
    ("sendMessage", many(101), "101 buttons"),
    ("sendMessage", keys(""), "a button has no text"),
    ("sendMessage", keys("返回", input_field_placeholder="字" * 65), "placeholder has 65"),
    ("answerCallbackQuery", {"callback_query_id": "1", "text": "字" * 201}, "text has 201"),
    ("setMyCommands", commands(""), "is not 1 to 32"),
    ("setMyCommands", commands("a" * 33), "is not 1 to 32"),
    ("setMyCommands", commands("Report"), "is not 1 to 32"),
    ("setMyCommands", commands(description=""), "description has 0"),
    ("setMyCommands", commands(description="字" * 257), "description has 257"),
    ("setMyCommands", commands(count=101), "commands has 101"),
    ("setMyCommands", commands() | {"scope": {"type": "room"}}, "expected BotCommandScope"),
    ("setMyDescription", {"description": "字" * 513}, "description has 513"),
    ("setMyShortDescription", {"short_description": "字" * 121}, "short_description has 121"),
    ("sendMediaGroup", {"chat_id": CHAT, "media": [PHOTO]}, "media has 1 entries"),
    ("sendMediaGroup", {"chat_id": CHAT, "media": [PHOTO] * 11}, "media has 11 entries"),
    (
        "sendMediaGroup",
        {"chat_id": CHAT, "media": [PHOTO, {"type": "document", "media": "id"}]},
        "an album with a document",
    ),
    (
        "sendMediaGroup",
        {"chat_id": CHAT, "media": [PHOTO, PHOTO | {"caption": "字" * 1025}]},
        "caption has 1,025",
    ),
    (
        "sendMediaGroup",
        {"chat_id": CHAT, "media": [PHOTO, {"type": "poster", "media": "id"}]},
        "media[1]: expected InputMediaAudio",
    ),
    (
        "sendMediaGroup",
        {"chat_id": CHAT, "media": [PHOTO, {"type": "photo", "media": "attach://gone"}]},
        "gone names no attached file",
    ),
    ("sendLocation", place(90.1, 0), "latitude has 90.1"),
    ("sendLocation", place(0, -180.1), "longitude has -180.1"),
    ("sendChatAction", {"chat_id": CHAT, "action": "thinking"}, "unknown action"),
    ("getUpdates", {"limit": 0}, "limit has 0"),
    ("getUpdates", {"limit": 101}, "limit has 101"),
    ("getUpdates", {"allowed_updates": [1]}, "expected String, got int"),
    ("setWebhook", {"url": "", "secret_token": "a" * 257}, "secret_token has 257"),
    ("setWebhook", {"url": "", "secret_token": "密"}, "A-Z, a-z, 0-9, _ and -"),
    ("setWebhook", {"url": "", "max_connections": 101}, "max_connections has 101"),
]


@pytest.mark.parametrize(("method", "parameters"), TAKEN)
async def test_taken(telegram: TelegramServer, method: str, parameters: dict[str, Any]) -> None:
    assert await refused(telegram, method, parameters) == []
    assert len(telegram.calls_of(method)) == 1


@pytest.mark.parametrize(("method", "parameters", "complaint"), REFUSED)
async def test_refused(
    telegram: TelegramServer, method: str, parameters: dict[str, Any], complaint: str
) -> None:
    (violation,) = await refused(telegram, method, parameters)
    assert violation.startswith(method)
    assert complaint in violation


@pytest.mark.parametrize("way", ["query", "form", "multipart", "json"])
async def test_every_way_to_pass_parameters(telegram: TelegramServer, way: str) -> None:
    person = telegram.person()
    typed = button() | {"chat_id": person.id, "protect_content": True}
    flat = typed | {"reply_markup": json.dumps(typed["reply_markup"])}
    words = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in flat.items()
    }
    form = FormData(words, default_to_multipart=way == "multipart")
    address = f"{telegram.url}/bot{telegram.token}/sendMessage"
    async with ClientSession() as session:
        calls = {
            "query": lambda: session.get(address, params=words),
            "form": lambda: session.post(address, data=form),
            "multipart": lambda: session.post(address, data=form),
            "json": lambda: session.post(address, json=typed),
        }
        async with calls[way]() as response:
            assert (await response.json())["ok"] is True
    assert telegram.violations == []
    assert telegram.calls[0].params == typed
    assert person.messages[0].buttons == [["是"]]


async def test_broken_json_is_a_violation(telegram: TelegramServer) -> None:
    address = f"{telegram.url}/bot{telegram.token}/getMe"
    headers = {"Content-Type": "application/json"}
    async with (
        ClientSession() as session,
        session.post(address, data=b"{", headers=headers) as response,
    ):
        assert response.status == 400
    assert len(telegram.violations) == 1


async def test_a_file_that_nothing_names_is_a_violation(telegram: TelegramServer) -> None:
    form = FormData({"chat_id": str(telegram.person().id), "text": "一"})
    form.add_field("extra", b"x", filename="x.bin")
    address = f"{telegram.url}/bot{telegram.token}/sendMessage"
    async with ClientSession() as session, session.post(address, data=form) as response:
        assert response.status == 400
    assert telegram.violations == ["sendMessage: file extra is not used"]


@pytest.mark.parametrize(("name", "limit"), [("photo", 10), ("document", 50)])
async def test_uploads_have_a_size(telegram: TelegramServer, name: str, limit: int) -> None:
    method = f"send{name.title()}"
    for extra, violations in ((0, 0), (1, 1)):
        form = FormData({"chat_id": str(telegram.person().id)})
        form.add_field(name, io.BytesIO(bytes((limit << 20) + extra)), filename="a.bin")
        address = f"{telegram.url}/bot{telegram.token}/{method}"
        async with ClientSession() as session, session.post(address, data=form):
            assert len(telegram.violations) == violations


async def test_entities_are_counted_in_utf16_units(telegram: TelegramServer) -> None:
    text = " 🔥<b>火<i>险</i></b>\n"
    assert await refused(telegram, "sendMessage", markup(text)) == []
    (chat,) = telegram.world.chats.values()
    assert chat.messages[0].data["text"] == "🔥火险"
    assert chat.messages[0].data["entities"] == [
        {"type": "bold", "offset": 2, "length": 2},
        {"type": "italic", "offset": 3, "length": 1},
    ]
