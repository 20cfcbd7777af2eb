"""The stand-in Bot API server pushes updates to a webhook."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramConflictError,
)
from aiohttp import web

from tests.fakes.telegram import TelegramServer
from tests.fakes.telegram.base import Pulse


class Receiver:
    """A webhook that answers as told: with `replies` in turn, then with an empty 200."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, dict[str, Any]]] = []
        self.replies: list[Callable[[], web.StreamResponse]] = []
        self.url = ""
        self.at_once = 0
        self.most_at_once = 0
        self.pulse = Pulse()
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, request: web.Request) -> web.StreamResponse:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.seen.append((secret, await request.json()))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.pulse.beat()
        await self.gate.wait()
        self.at_once -= 1
        return self.replies.pop(0)() if self.replies else web.Response()

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for _, update in self.seen]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    hook = Receiver()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    hook.gate.set()
    await runner.cleanup()


def reply(kind: str, call: dict[str, str]) -> web.Response:
    from aiohttp import FormData, MultipartWriter

    if kind == "json":
        return web.json_response(call | {"chat_id": int(call["chat_id"])})
    if kind == "form":
        encoded = FormData(call)()
        return web.Response(body=encoded)
    writer = MultipartWriter("form-data")
    for name, value in call.items():
        writer.append(value).set_content_disposition("form-data", name=name)
    return web.Response(body=writer)


async def test_pushes_with_the_secret_and_in_order(
    telegram: TelegramServer, client: Bot, receiver: Receiver
) -> None:
    person = telegram.person()
    person.says("一")
    await client.set_webhook(receiver.url, secret_token="s3cret_-")
    person.says("二")
    await telegram.drained()
    assert receiver.texts == ["一", "二"]
    assert {secret for secret, _ in receiver.seen} == {"s3cret_-"}


async def test_pushes_again_until_taken(
    telegram: TelegramServer, client: Bot, receiver: Receiver
) -> None:
    receiver.replies = [lambda: web.Response(status=500)] * 2
    await client.set_webhook(receiver.url)
    person = telegram.person()
    first, second = person.says("一"), person.says("二")
    await telegram.drained()
    assert receiver.texts == ["一", "一", "一", "二"]
    assert (telegram.deliveries(first), telegram.deliveries(second)) == (3, 1)
    info = await client.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500"
    assert info.pending_update_count == 0


async def test_keeps_to_max_connections_and_serves_chats_side_by_side(
    telegram: TelegramServer, client: Bot, receiver: Receiver
) -> None:
    receiver.gate.clear()
    await client.set_webhook(receiver.url, max_connections=2)
    people = [telegram.person() for _ in range(4)]
    for person in people:
        person.says("一")
        person.says("二")
    await receiver.pulse.until(lambda: receiver.at_once == 2, timeout=5)
    assert (await client.get_webhook_info()).pending_update_count == 8
    receiver.gate.set()
    await telegram.drained()
    assert receiver.most_at_once == 2
    for person in people:
        own = [
            u["message"]["text"]
            for _, u in receiver.seen
            if u["message"]["chat"]["id"] == person.id
        ]
        assert own == ["一", "二"]


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
async def test_carries_out_the_call_in_the_answer(
    telegram: TelegramServer, client: Bot, receiver: Receiver, kind: str
) -> None:
    person = telegram.person()
    call = {"method": "sendMessage", "chat_id": str(person.id), "text": "就地回答"}
    receiver.replies = [lambda: reply(kind, call)]
    await client.set_webhook(receiver.url)
    person.says("喂")
    await person.sees("就地回答")
    assert telegram.violations == []


async def test_checks_the_call_in_the_answer(
    telegram: TelegramServer, client: Bot, receiver: Receiver
) -> None:
    person = telegram.person()
    call = {"method": "sendMessage", "chat_id": person.id, "text": ""}
    receiver.replies = [lambda: web.json_response(call)]
    await client.set_webhook(receiver.url)
    person.says("喂")
    await telegram.drained()
    assert telegram.violations == ["sendMessage: text has 0 characters, allowed are 1 to 4,096"]


async def test_polling_and_webhook_exclude_each_other(
    telegram: TelegramServer, client: Bot, receiver: Receiver
) -> None:
    poll = asyncio.create_task(client.get_updates(timeout=30))
    await telegram.called("getUpdates")
    await client.set_webhook(receiver.url)
    with pytest.raises(TelegramConflictError, match="setWebhook"):
        await poll
    with pytest.raises(TelegramConflictError, match="webhook is active"):
        await client.get_updates()
    await client.delete_webhook()
    assert await client.get_updates() == []


async def test_drops_what_waits_when_asked(
    telegram: TelegramServer, client: Bot, receiver: Receiver
) -> None:
    telegram.person().says("旧的")
    await client.set_webhook(receiver.url, drop_pending_updates=True)
    assert telegram.waiting() == []


async def test_redelivers(telegram: TelegramServer, client: Bot, receiver: Receiver) -> None:
    await client.set_webhook(receiver.url)
    said = telegram.person().says("一")
    await telegram.drained()
    telegram.redeliver(said)
    await telegram.drained()
    assert receiver.texts == ["一", "一"]
