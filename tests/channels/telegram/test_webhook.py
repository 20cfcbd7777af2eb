"""By webhook 200 means committed, and only Telegram is listened to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession

from bot.channels.contract import Shown
from bot.channels.telegram import Channel
from bot.channels.telegram.webhook import BODY_BYTES_MOST
from bot.core.dialogue import Incoming, Text
from bot.core.errors import StoreUnavailable, TooFast
from config.settings import SettingRefused
from tests.channels.telegram.stage import (
    SECRET,
    Script,
    prompt,
    running,
    settings,
    surroundings,
    until,
)
from tests.fakes.telegram import TelegramServer

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def buttons(incoming: Incoming) -> tuple[Shown, ...]:
    """A prompt that tells what was said or pressed."""
    return (prompt(f"on {incoming.event}", "on", screen=incoming.event_id),)


def said(number: int, text: str = "路灯坏了", chat: int = 42) -> dict[str, Any]:
    message = {"message_id": number, "date": 1, "text": text}
    return {"update_id": number, "message": message | {"chat": {"id": chat, "type": "private"}}}


def pressed(number: int, message: int = 5, data: str = "7|on") -> dict[str, Any]:
    carrier = {"message_id": message, "date": 1, "chat": {"id": 42, "type": "private"}}
    query = {"id": str(number), "from": {"id": 42}, "message": carrier, "data": data}
    return {"update_id": number, "callback_query": query}


class Door:
    """Posts updates as Telegram does, or as somebody else would."""

    def __init__(self, channel: Channel, client: ClientSession) -> None:
        assert channel._webhook is not None
        self.channel = channel
        self._url = channel._webhook.url
        self._client = client

    async def post(self, update: object, secret: str | None = SECRET) -> tuple[int, Any]:
        """Status, and the call in the answer if there is one."""
        headers = {} if secret is None else {HEADER: secret}
        body = update if isinstance(update, bytes) else orjson.dumps(update)
        async with self._client.post(self._url, data=BytesIO(body), headers=headers) as response:
            answer = await response.read()
            return response.status, orjson.loads(answer) if answer else None


@asynccontextmanager
async def door(server: TelegramServer, turns: Script, folder: Path) -> AsyncIterator[Door]:
    """The way in of a channel that Telegram itself does not push to."""
    server.fail("setWebhook", 400, "Bad Request: not in this test", times=1000)
    async with running(server, turns, folder, "webhook") as channel, ClientSession() as client:
        yield Door(channel, client)


async def test_telegram_is_told_where_to_push_and_the_whole_way_works(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    number = resident.says("路灯坏了")
    turns = Script(buttons)
    async with running(server, turns, tmp_path, "webhook"):
        shown = await resident.sees("路灯坏了")
        press = resident.presses("on")
        await press.answered()
        assert (await resident.sees("Pressed")).id == shown.id
        await server.drained()
    told = server.calls_of("setWebhook")[0].params
    assert told["secret_token"] == SECRET
    assert told["allowed_updates"] == ["message", "callback_query"]
    assert 1 <= told["max_connections"] <= 100
    assert server.token not in told["url"]
    assert server.token.partition(":")[2] not in told["url"]
    assert turns.taken[0] == Incoming("telegram", str(resident.id), str(number), Text("路灯坏了"))


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "ünïcode"])
async def test_whoever_does_not_know_the_secret_is_refused(
    server: TelegramServer, tmp_path: Path, secret: str | None
) -> None:
    turns = Script(buttons)
    async with door(server, turns, tmp_path) as telegram:
        assert await telegram.post(said(1), secret) == (401, None)
        assert turns.begun == []
        assert (await telegram.post(said(1)))[0] == 200


@pytest.mark.parametrize("secret", ["", "has space", "中文", "x" * 257])
def test_a_secret_that_telegram_would_not_take_is_refused_at_the_start(
    tmp_path: Path, secret: str
) -> None:
    chosen = settings(TelegramServer(), telegram_webhook_secret=SECRET, public_url="https://x.cn")
    chosen = chosen.model_copy(update={"telegram_mode": "webhook"})
    chosen = chosen.model_copy(
        update={"telegram_webhook_secret": type(chosen.telegram_webhook_secret)(secret)}
    )
    with pytest.raises(SettingRefused, match="TELEGRAM_WEBHOOK_SECRET"):
        Channel(surroundings(chosen, tmp_path), Script())


async def test_the_body_is_bounded(server: TelegramServer, tmp_path: Path) -> None:
    turns = Script(buttons)
    async with door(server, turns, tmp_path) as telegram:
        room = BODY_BYTES_MOST - len(orjson.dumps(said(1, "")))
        assert (await telegram.post(said(1, "x" * (room + 1))))[0] == 413
        assert turns.begun == []
        assert (await telegram.post(said(1, "x" * room)))[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"update_id": 1}'])
async def test_what_nobody_can_read_is_acknowledged(
    server: TelegramServer, tmp_path: Path, body: bytes
) -> None:
    async with door(server, Script(buttons), tmp_path) as telegram:
        assert await telegram.post(body) == (200, None)


async def test_a_store_that_is_away_has_telegram_come_again(
    server: TelegramServer, tmp_path: Path
) -> None:
    def fail(_incoming: Incoming) -> None:
        if len(turns.begun) <= 6:
            raise StoreUnavailable

    turns = Script(buttons, fail)
    async with door(server, turns, tmp_path) as telegram:
        statuses = [(await telegram.post(said(1)))[0] for _ in range(7)]
    assert statuses == [503] * 6 + [200]


async def test_who_waits_for_the_store_is_told_once_and_then_shown_what_they_wait_for(
    server: TelegramServer, tmp_path: Path
) -> None:
    """Telegram itself brings it again; others are let in meanwhile."""

    def fail(incoming: Incoming) -> None:
        if away and incoming.address == str(resident.id):
            raise StoreUnavailable

    away = False
    resident, other = server.person(language_code="en"), server.person()
    turns = Script(buttons, fail)
    async with running(server, turns, tmp_path, "webhook"):
        resident.says("one")
        shown = await resident.sees("one")
        away = True
        resident.presses("on")
        await resident.sees("[en] error.not_saved")
        other.says("two")
        await other.sees("two")
        away = False
        answer = await resident.sees("Pressed", timeout=10)
        await server.drained(timeout=10)
    assert resident.screen().count("error.not_saved") == 1
    assert answer.id > shown.id
    assert resident.messages[-1].id == answer.id
    assert "error.not_saved" not in other.screen()


@pytest.mark.parametrize("most", [1, 2])
async def test_how_many_are_known_to_wait_is_bounded(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whoever was forgotten is told again: better than a memory without end."""
    monkeypatch.setattr("bot.channels.telegram.replies._WAITING_MOST", most)

    def fail(_incoming: Incoming) -> None:
        raise StoreUnavailable

    people = [server.person() for _ in range(2)]
    async with door(server, Script(buttons, fail), tmp_path) as telegram:
        for _ in range(3):
            for one in people:
                assert (await telegram.post(said(one.id, chat=one.id)))[0] == 503
        for one in people:
            await one.sees("error.not_saved")
    told = len(server.calls_of("sendMessage"))
    assert told == (2 if most == 2 else 4)


async def test_a_turn_that_always_fails_is_given_up_after_five_tries(
    server: TelegramServer, tmp_path: Path
) -> None:
    def fail(_incoming: Incoming) -> None:
        raise ValueError

    resident = server.person()
    async with door(server, Script(buttons, fail), tmp_path) as telegram:
        update = said(1, chat=resident.id)
        assert [(await telegram.post(update))[0] for _ in range(5)] == [503] * 4 + [200]
        await resident.sees("telegram.failed")


async def test_a_flood_is_acknowledged_told_once_and_what_follows_it_is_taken(
    server: TelegramServer, tmp_path: Path
) -> None:
    """Brought again, it would be too much again, and hold up what the person sends later."""

    def fail(incoming: Incoming) -> None:
        if incoming.address == str(flooder.id) and len(turns.begun) <= 30:
            raise TooFast(first=len(turns.begun) == 1)

    flooder = server.person(language_code="en")
    turns = Script(buttons, fail)
    async with door(server, turns, tmp_path) as telegram:
        flood = [await telegram.post(said(number, chat=flooder.id)) for number in range(1, 31)]
        assert flood == [(200, None)] * 30
        assert turns.taken == []
        assert (await telegram.post(said(31, "later", chat=flooder.id)))[0] == 200
        await flooder.sees("error.too_fast")
    assert [one.event for one in turns.taken] == [Text("later")]
    assert turns.aside == []
    assert flooder.screen().count("error.too_fast") == 1


async def test_it_is_answered_after_the_turn_and_chats_keep_their_order(
    server: TelegramServer, tmp_path: Path
) -> None:
    turns = Script(buttons, gate=asyncio.Event())
    async with door(server, turns, tmp_path) as telegram:
        posts = [asyncio.create_task(telegram.post(said(1)))]
        await until(lambda: len(turns.begun) == 1)
        posts += [asyncio.create_task(telegram.post(said(2)))]
        posts += [asyncio.create_task(telegram.post(said(3, chat=43)))]
        await until(lambda: len(turns.begun) == 2)
        assert [one.event_id for one in turns.begun] == ["1", "3"]
        assert not any(post.done() for post in posts)
        assert turns.gate is not None
        turns.gate.set()
        assert [(await post)[0] for post in posts] == [200] * 3
    assert [one.event_id for one in turns.taken if one.address == "42"] == ["1", "2"]


async def test_while_there_is_room_prompts_go_by_call_and_the_answer_stops_the_spinner(
    server: TelegramServer, tmp_path: Path
) -> None:
    async with door(server, Script(buttons), tmp_path) as telegram:
        assert await telegram.post(said(1)) == (200, None)
        answer = {"method": "answerCallbackQuery", "callback_query_id": "2"}
        assert await telegram.post(pressed(2)) == (200, answer)
        await server.called("sendMessage")


async def test_beyond_the_pace_prompts_go_back_in_the_answer(
    server: TelegramServer, tmp_path: Path
) -> None:
    async with running(server, Script(buttons), tmp_path, "webhook") as channel:
        channel._replies._pacer._full_until = float("inf")
        assert channel._webhook is not None
        await server.called("setWebhook")
        resident = server.person()
        resident.says("one")
        shown = await resident.sees("one")
        press = resident.presses("on")
        assert (await resident.sees("Pressed")).id == shown.id
        await press.answered()
        await server.drained()
    assert [call.code for call in server.calls_of("sendMessage")] == [200]
    assert [call.code for call in server.calls_of("editMessageText")] == [200]


async def test_after_stopping_nothing_is_taken(server: TelegramServer, tmp_path: Path) -> None:
    gate = asyncio.Event()
    turns = Script(buttons, gate=gate)
    async with door(server, turns, tmp_path) as telegram:
        post = asyncio.create_task(telegram.post(said(1)))
        await until(lambda: turns.begun)
        channel = telegram.channel
        stopping = asyncio.create_task(channel.stop())
        await until(lambda: channel._webhook and not channel._webhook._open)
        assert (await telegram.post(said(2)))[0] == 503
        assert not stopping.done()
        gate.set()
        assert (await post)[0] == 200
        await stopping
    assert len(turns.taken) == 1
