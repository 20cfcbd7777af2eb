"""What is said over the socket, what is answered, and what happens when something is in the way."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
import orjson
import pytest
from redis.asyncio import Redis

from bot.channels.contract import Shown
from bot.channels.webchat import limits
from bot.core.dialogue import Command, Message, Opened, Pressed, Text
from bot.core.errors import GivenUp, MediaRefused, StoreUnavailable, TooFast
from tests.channels.webchat.world import World, hearing, new_token, until


async def test_a_message_is_acknowledged_with_what_to_show(world: World) -> None:
    async with world.page() as page:
        opened = await page.ask("open")
        assert opened["shown"][0]["text"] == "Screen 1"
        button = {"id": "go", "label": "Go 1", "kind": "button", "media": None}
        assert opened["shown"][0]["rows"][0] == [button]
        pressed = await page.ask("press", choice="go", serial=1, receipts=["AAAA-BBBB"])
        assert pressed["shown"][0]["serial"] == 2
    first, second = world.conversation.taken
    assert (first.channel, first.address, first.event) == ("webchat", page.token, Opened())
    assert (second.event, second.receipts, second.locale) == (
        Pressed("go", 1),
        ("AAAA-BBBB",),
        "zh",
    )
    assert second.event_id == f"{page.name}-2"


async def test_nothing_is_acknowledged_before_its_turn_is_over(world: World) -> None:
    async with world.page() as page:
        world.conversation.open.clear()
        name = await page.say("text", text="hello")
        await until(lambda: world.conversation.waiting)
        assert await page.hear() == {"typing": True}
        world.conversation.open.set()
        assert (await page.hear())["ack"] == name


async def test_messages_become_turns_in_their_order(world: World) -> None:
    async with world.page() as page:
        names = [await page.say("text", text=str(number)) for number in range(40)]
        heard = [(await page.hear())["ack"] for _ in names]
    assert heard == names
    assert world.conversation.events == [Text(str(number)) for number in range(40)]


async def test_two_sockets_of_one_chat_take_turns(world: World) -> None:
    token = new_token()
    async with world.page(token) as one, world.page(token) as other:
        await other.ask("open")
        world.conversation.open.clear()
        await one.say("text", text="first")
        await until(lambda: world.conversation.waiting == 1)
        await other.say("text", text="second")
        assert await other.hear() == {"typing": True}
        assert world.conversation.waiting == 1
        world.conversation.open.set()
        await until(lambda: len(world.conversation.taken) == 3)
    assert world.conversation.events[1:] == [Text("first"), Text("second")]


async def test_another_tab_sees_what_this_one_does(world: World) -> None:
    token = new_token()
    async with world.page(token) as one, world.page(token) as other, world.page() as stranger:
        await other.ask("open")
        await stranger.ask("open")
        await one.ask("press", choice="go", serial=1)
        assert await other.hear() == {"shown": [_plain(world, token)]}
        assert (await stranger.ask("open"))["shown"][0]["serial"] == 1
        assert all("shown" not in frame or "ack" in frame for frame in stranger.heard)


async def test_prompts_reach_the_sockets_of_other_processes(
    world: World, client: Redis, tmp_path: Path
) -> None:
    async with World(client, tmp_path) as elsewhere, world.page() as page:
        await page.ask("open")
        ready = Shown("media", "2 pictures", "zh", media=("m" * 22,), serial=3)
        await until(lambda: hearing(client, 2))
        await elsewhere.channel.show(page.token, (ready,))
        frame = await page.hear()
    assert frame["shown"][0]["text"] == "2 pictures"
    assert frame["links"] == {"m" * 22: f"/media/{'m' * 22}?thumbnail=True"}


async def test_what_passes_through_the_store_cannot_be_read_there(
    world: World, client: Redis
) -> None:
    async with client.pubsub() as ear:
        await ear.psubscribe("*")
        assert (await ear.get_message(timeout=5))["type"] == "psubscribe"
        await world.channel.show("a" * 43, (Shown("menu", "消防通道", "zh"),))
        message = await ear.get_message(timeout=5)
    assert "消防通道".encode() not in message["data"]
    assert b"a" * 43 not in message["channel"] + message["data"]


async def test_a_store_that_keeps_nothing_is_said_and_tried_again(world: World) -> None:
    world.conversation.failures = [StoreUnavailable("down")]
    async with world.page() as page:
        refused = await page.ask("text", text="hello")
        assert refused["error"]["reason"] == "not_saved"
        assert refused["error"]["again"] is True
        assert refused["error"]["text"] == world.surroundings.say("zh", Message("error.not_saved"))
        await page.send({"id": refused["id"], "type": "text", "text": "hello"})
        assert (await page.hear())["ack"] == refused["id"]


@pytest.mark.parametrize(
    "failure", [ValueError("the words of a person"), MediaRefused("broken"), GivenUp("a reason")]
)
async def test_one_bad_turn_holds_up_nobody(
    world: World, failure: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    world.conversation.failures = [failure]
    async with world.page(locale="en") as page:
        refused = await page.ask("text", text="hello")
        assert refused["error"]["again"] is False
        told = getattr(failure, "told", None) or "web.error.failed"
        assert refused["error"]["text"] == world.surroundings.say("en", Message(told))
        assert "ack" in await page.ask("text", text="again")
    assert "the words of a person" not in "".join(capfd.readouterr())


async def test_a_full_house_asks_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TURNS_MOST", 2)
    async with world.page() as one, world.page() as two, world.page() as three:
        world.conversation.open.clear()
        await one.say("text", text="1")
        await two.say("text", text="2")
        await until(lambda: world.conversation.waiting == 2)
        refused = await three.ask("text", text="3")
        assert (refused["error"]["reason"], refused["error"]["again"]) == ("busy", True)
        world.conversation.open.set()
        await until(lambda: len(world.conversation.taken) == 2)
        assert "ack" in await three.ask("text", text="3")


async def test_a_chat_may_have_eight_sockets(world: World) -> None:
    token = new_token()

    async def joins() -> bool:
        async with world.page(token) as again:
            await again.say("open")
            return (await again.socket.receive(5)).type is aiohttp.WSMsgType.TEXT

    async with AsyncExitStack() as stack:
        for _ in range(limits.SOCKETS_PER_CHAT):
            page = await stack.enter_async_context(world.page(token))
            assert "ack" in await page.ask("open")
        async with world.page(token) as ninth:
            assert await ninth.closed() == aiohttp.WSCloseCode.TRY_AGAIN_LATER
        await page.socket.close()
        await until(joins)


async def test_there_is_room_for_so_many_sockets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SOCKETS_MOST", 1)
    async with world.page() as page:
        await page.ask("open")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with world.page():
                pass
        assert refused.value.status == 503


@pytest.mark.parametrize(
    "hello",
    [
        '{"hello": "short"}',
        '{"hello": null}',
        '{"id": "1", "type": "open"}',
        "[]",
        "{",
        '{"hello": "' + "ä" * 43 + '"}',
    ],
)
async def test_who_does_not_say_hello_is_shown_out(world: World, hello: str) -> None:
    async with world.http.ws_connect(f"{world.url}/chat/socket") as socket:
        await socket.send_str(hello)
        message = await socket.receive(5)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_who_says_nothing_is_shown_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELLO_WITHIN", 0.05)
    async with world.http.ws_connect(f"{world.url}/chat/socket") as socket:
        message = await socket.receive(5)
        assert message.type is aiohttp.WSMsgType.CLOSE


async def test_a_frame_may_be_64_kilobytes(world: World) -> None:
    async with world.page() as page:
        envelope = len(f'{{"id":"{page.name}-1","type":"text","text":""}}')
        assert "ack" in await page.ask("text", text="x" * (limits.FRAME_BYTES_MOST - envelope))
        await page.say("text", text="x" * (limits.FRAME_BYTES_MOST - envelope + 1))
        assert await page.closed() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_message_that_makes_no_sense_is_refused_alone(world: World) -> None:
    async with world.page() as page:
        refused = await page.ask("dance")
        assert (refused["error"]["reason"], refused["error"]["again"]) == ("malformed", False)
        assert "ack" in await page.ask("open")
        await page.send({"id": "no good", "type": "open"})
        assert await page.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:{port}", 101),
        ("https://chat.example.org", 101),
        ("https://evil.example.org", 403),
        ("null", 403),
    ],
)
async def test_only_our_own_page_opens_a_socket(
    client: Redis, tmp_path: Path, origin: str, status: int
) -> None:
    async with World(client, tmp_path, public_url="https://chat.example.org") as world:
        origin = origin.format(port=world.port)
        try:
            async with world.page(Origin=origin) as page:
                assert "ack" in await page.ask("open")
                assert status == 101
        except aiohttp.WSServerHandshakeError as refused:
            assert refused.status == status


async def test_the_language_follows_the_conversation(world: World) -> None:
    async with world.page(locale="en") as page:
        await page.ask("command", name="language", argument="zh")
        await page.ask("open")
    assert [one.locale for one in world.conversation.taken] == ["en", "zh"]
    assert world.conversation.events[0] == Command("language", "zh")


async def test_an_unknown_language_is_left_to_the_gateway(world: World) -> None:
    async with world.page(locale="tlh") as page:
        await page.ask("open")
    assert world.conversation.taken[0].locale is None


async def test_a_ping_is_answered(world: World) -> None:
    async with world.page() as page:
        await page.send({"ping": 1})
        assert await page.hear() == {"pong": 1}


async def test_the_turn_in_hand_is_finished_before_the_end(world: World) -> None:
    async with world.page() as page:
        world.conversation.open.clear()
        first = await page.say("text", text="in hand")
        await page.say("text", text="behind it")
        await until(lambda: world.conversation.waiting)
        stopping = asyncio.create_task(world.channel.stop())
        await until(lambda: world.channel._board.ending)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with world.page():
                pass
        world.conversation.open.set()
        frames = [await page.hear() for _ in range(1)]
        if frames[0] == {"typing": True}:
            frames.append(await page.hear())
        assert frames[-1]["ack"] == first
        assert await page.closed() == aiohttp.WSCloseCode.GOING_AWAY
        await stopping
    assert world.conversation.events == [Text("in hand")]


def _plain(world: World, token: str) -> object:
    return orjson.loads(msgspec.json.encode(world.conversation.screens(token)[0]))


async def test_a_page_that_is_gone_without_a_word_is_let_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEARTBEAT", 0.2)
    token = new_token()
    address = f"{world.url}/chat/socket"
    async with world.page(token) as alive, world.http.ws_connect(address, autoping=False) as silent:
        await silent.send_str(orjson.dumps({"hello": token}).decode())
        await alive.ask("open")
        chats = world.channel._board.chats
        await until(lambda: len(chats.all()[0].listeners) == 2)
        listening = asyncio.create_task(alive.socket.receive())
        await until(lambda: len(chats.all()[0].listeners) == 1)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert "ack" in await alive.ask("open")


async def test_so_many_sockets_a_minute_from_one_network(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SOCKETS_PER_NETWORK_A_MINUTE", 2)
    for _ in range(2):
        async with world.page() as page:
            assert "ack" in await page.ask("open")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with world.page():
            pass
    assert refused.value.status == 429


async def test_too_fast_is_said_and_sent_again_by_the_page(world: World) -> None:
    world.conversation.failures = [TooFast(first=True)]
    async with world.page(locale="en") as page:
        refused = await page.ask("text", text="hello")
    assert refused["error"]["again"] is True
    assert "Pause for a minute" in refused["error"]["text"]
