"""Notices out and files in, from the workers."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.contract import MEDIA_BYTES_MOST, Notice
from bot.channels.telegram import Sender, Source
from bot.channels.telegram.api import NeverMet
from bot.channels.telegram.pacing import CHATS_BEFORE_EVERYBODY
from bot.core.errors import ChannelDown, ChannelError, MediaRefused, Throttled, Unreachable
from tests.channels.telegram.stage import settings, surroundings
from tests.fakes.telegram import TelegramServer

NEWS = Notice("n1", "您反映的问题已核实 <b>&", "zh")


@pytest.fixture
async def sender(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Sender]:
    made = Sender(surroundings(settings(server), tmp_path))
    yield made
    await made.close()


@pytest.fixture
async def source(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Source]:
    made = Source(surroundings(settings(server), tmp_path))
    yield made
    await made.close()


async def test_a_notice_arrives_as_it_is(server: TelegramServer, sender: Sender) -> None:
    resident = server.person()
    await sender.send(str(resident.id), NEWS)
    assert [message.text for message in resident.messages] == [NEWS.text]


async def test_a_long_notice_arrives_in_parts(server: TelegramServer, sender: Sender) -> None:
    resident = server.person()
    await sender.send(str(resident.id), Notice("n1", "字" * 5000, "zh"))
    assert [len(message.text) for message in resident.messages] == [4096, 904]


@pytest.mark.parametrize(
    ("code", "description"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
    ],
)
async def test_whoever_is_gone_is_unreachable(
    server: TelegramServer, sender: Sender, code: int, description: str
) -> None:
    server.fail("sendMessage", code, description)
    with pytest.raises(Unreachable):
        await sender.send(str(server.person().id), NEWS)


@pytest.mark.parametrize(
    ("code", "description"),
    [
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: PEER_ID_INVALID"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
    ],
)
async def test_whom_another_bot_met_is_not_given_up(
    server: TelegramServer, sender: Sender, code: int, description: str
) -> None:
    """As after a mistake with the token: their addresses are still wanted then."""
    server.fail("sendMessage", code, description)
    with pytest.raises(NeverMet) as caught:
        await sender.send(str(server.person().id), NEWS)
    assert not caught.value.retryable  # so it is parked, and an operator hears of it


@pytest.mark.parametrize("address", ["", "x", "4_2x"])
async def test_what_is_no_address_is_unreachable(sender: Sender, address: str) -> None:
    with pytest.raises(Unreachable):
        await sender.send(address, NEWS)


@pytest.mark.parametrize("fault", ["page", "reset", "refused"])
async def test_a_telegram_that_is_down_can_be_tried_again(
    server: TelegramServer, sender: Sender, fault: str
) -> None:
    resident = server.person()
    if fault == "page":
        server.fail_with_page("sendMessage", 502)
    elif fault == "reset":
        server.reset("sendMessage")
    else:
        server.fail("sendMessage", 500, "Internal Server Error")
    with pytest.raises(ChannelDown) as caught:
        await sender.send(str(resident.id), NEWS)
    assert caught.value.retryable
    await sender.send(str(resident.id), NEWS)
    assert len(resident.messages) == 1


async def test_a_pause_for_one_chat_is_obeyed_without_asking_again(
    server: TelegramServer, sender: Sender
) -> None:
    flooded, other = server.person(), server.person()
    server.fail("sendMessage", 429, "Too Many Requests: retry after 30", retry_after=30)
    with pytest.raises(Throttled) as caught:
        await sender.send(str(flooded.id), NEWS)
    assert caught.value.retry_after == 30
    with pytest.raises(Throttled) as again:
        await sender.send(str(flooded.id), NEWS)
    assert 0 < again.value.retry_after <= 30
    assert len(server.calls_of("sendMessage")) == 1
    await sender.send(str(other.id), NEWS)
    assert len(other.messages) == 1


async def test_many_chats_refused_at_once_are_a_pause_for_everybody(
    server: TelegramServer, sender: Sender
) -> None:
    refused = CHATS_BEFORE_EVERYBODY + 1
    server.fail(
        "sendMessage", 429, "Too Many Requests: retry after 30", times=refused, retry_after=30
    )
    for _ in range(refused + 1):
        with pytest.raises(Throttled):
            await sender.send(str(server.person().id), NEWS)
    assert len(server.calls_of("sendMessage")) == refused


async def test_a_few_people_who_flood_the_bot_silence_nobody_else(
    server: TelegramServer, sender: Sender
) -> None:
    flooding = CHATS_BEFORE_EVERYBODY
    server.fail(
        "sendMessage", 429, "Too Many Requests: retry after 30", times=flooding, retry_after=30
    )
    for _ in range(flooding):
        with pytest.raises(Throttled):
            await sender.send(str(server.person().id), NEWS)
    other = server.person()
    await sender.send(str(other.id), NEWS)
    assert len(other.messages) == 1


async def test_no_error_carries_the_token_the_chat_or_the_words(
    server: TelegramServer, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
    sender = Sender(surroundings(settings(server, telegram_api_url=nowhere), tmp_path))
    with pytest.raises(ChannelDown) as caught:
        await sender.send("4242424242", NEWS)
    await sender.close()
    error: BaseException | None = caught.value
    while error is not None:
        assert server.token not in repr(error)
        assert "4242424242" not in repr(error)
        error = error.__cause__ or error.__context__


async def test_no_refusal_quotes_what_was_refused(server: TelegramServer, sender: Sender) -> None:
    resident = server.person()
    server.fail("sendMessage", 400, f"Bad Request: {NEWS.text} to {resident.id}")
    with pytest.raises(ChannelError) as caught:
        await sender.send(str(resident.id), NEWS)
    assert str(caught.value) == "sendMessage was not taken"
    assert not caught.value.retryable
    assert caught.value.__context__ is None


async def test_a_file_comes_as_it_was_sent(server: TelegramServer, source: Source) -> None:
    resident = server.person()
    resident.sends_file(b"\x89PNG" * 50_000, "a.png", "image/png")
    file = resident.messages[-1].data["document"]["file_id"]
    assert await source.fetch(f"document:{file}") == b"\x89PNG" * 50_000
    await source.forget(f"document:{file}")
    assert await source.fetch(f"document:{file}") == b"\x89PNG" * 50_000


async def test_twenty_megabytes_come_and_one_byte_more_does_not(
    server: TelegramServer, source: Source
) -> None:
    resident = server.person()
    resident.sends_video(bytes(MEDIA_BYTES_MOST))
    most = resident.messages[-1].data["video"]["file_id"]
    resident.sends_video(bytes(MEDIA_BYTES_MOST + 1))
    more = resident.messages[-1].data["video"]["file_id"]
    assert len(await source.fetch(f"video:{most}")) == MEDIA_BYTES_MOST
    with pytest.raises(MediaRefused, match="too_large"):
        await source.fetch(f"video:{more}")


@pytest.mark.parametrize("name", ["photo:unknown", "photo:", "", "unknown", "../x:y"])
async def test_a_file_that_is_gone_is_refused(source: Source, name: str) -> None:
    with pytest.raises(MediaRefused, match="gone"):
        await source.fetch(name)


@pytest.mark.parametrize(("method", "times"), [("getFile", 1), ("download", 2)])
async def test_a_download_that_breaks_can_be_tried_again(
    server: TelegramServer, source: Source, method: str, times: int
) -> None:
    """aiohttp itself tries a download once more."""
    resident = server.person()
    resident.sends_file(b"x", "a.png", "image/png")
    file = resident.messages[-1].data["document"]["file_id"]
    server.reset(method, times)
    with pytest.raises(ChannelDown) as caught:
        await source.fetch(f"document:{file}")
    assert server.token not in repr(caught.value.__context__)
    server.fail_with_page(method, 502)
    with pytest.raises(ChannelDown):
        await source.fetch(f"document:{file}")
    assert await source.fetch(f"document:{file}") == b"x"
