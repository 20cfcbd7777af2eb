"""Failures on demand of the stand-in Bot API server."""

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientSession

from tests.fakes.telegram import TelegramServer


async def test_too_many_requests(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    telegram.fail("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)
    with pytest.raises(TelegramRetryAfter) as caught:
        await client.send_message(person.id, "一")
    assert caught.value.retry_after == 7
    await client.send_message(person.id, "二")
    assert [call.code for call in telegram.calls_of("sendMessage")] == [429, 200]
    assert [message.text for message in person.messages] == ["二"]


async def test_a_server_error_as_often_as_told(telegram: TelegramServer, client: Bot) -> None:
    telegram.fail("*", 500, "Internal Server Error", times=2)
    for _ in range(2):
        with pytest.raises(TelegramServerError):
            await client.get_me()
    assert (await client.get_me()).is_bot


async def test_a_page_from_the_gateway(telegram: TelegramServer, client: Bot) -> None:
    telegram.fail_with_page("getMe")
    address = f"{telegram.url}/bot{telegram.token}/getMe"
    async with ClientSession() as session, session.get(address) as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")
        assert "Bad Gateway" in await answer.text()


@pytest.mark.parametrize(("carried_out", "shown"), [(False, 0), (True, 1)])
async def test_a_broken_connection(
    telegram: TelegramServer, client: Bot, carried_out: bool, shown: int
) -> None:
    person = telegram.person()
    telegram.reset("sendMessage", carried_out=carried_out)
    with pytest.raises(TelegramNetworkError):
        await client.send_message(person.id, "断了")
    assert len(person.messages) == shown


@pytest.mark.parametrize(("carried_out", "shown"), [(False, 0), (True, 1)])
async def test_silence(
    telegram: TelegramServer, client: Bot, carried_out: bool, shown: int
) -> None:
    person = telegram.person()
    telegram.hang("sendMessage", carried_out=carried_out)
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await client.send_message(person.id, "…", request_timeout=1)
    assert telegram.calls_of("sendMessage")[0].code is None
    assert len(person.messages) == shown


async def test_a_download_that_fails(telegram: TelegramServer, client: Bot) -> None:
    telegram.person().sends_file(b"x", "a.txt", "text/plain")
    (update,) = await client.get_updates()
    assert update.message and update.message.document
    telegram.fail("download", 500, "Internal Server Error")
    with pytest.raises(Exception, match="500"):
        await client.download(update.message.document)
    assert await client.download(update.message.document)


async def test_a_wrong_token(telegram: TelegramServer, client: Bot) -> None:
    async with Bot("1:wrong", session=client.session) as stranger:
        with pytest.raises(TelegramUnauthorizedError):
            await stranger.get_me()
