"""What comes back to a conversation: in order, once, and nothing bad holds up the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot import replies
from bot.channels.contract import Shown
from bot.core.dialogue import Attached, Attachment, Incoming, MadeSafe, Refused, Text
from bot.core.errors import ChannelDown, GivenUp
from bot.replies import Replies, ReplyTo, _incoming, seal_reply, written_event, written_reply
from bot.store.connection import Store
from bot.store.outbox import Outbox

KEY, FETCH_KEY = b"b" * 32, b"f" * 32
TO = ReplyTo("telegram", "4242424242")


class World:
    """Turns and a channel that remember."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = Outbox(store, "replies", FETCH_KEY)
        self.taken: list[Incoming] = []
        self.shown: list[str] = []
        self.fails: Exception | None = None
        self.unreachable = False

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        if self.fails:
            raise self.fails
        self.taken.append(incoming)
        return (Shown("media", "ready", "zh"),)

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        raise AssertionError

    async def show(self, address: str, shown: tuple[Shown, ...]) -> None:
        if self.unreachable:
            raise ChannelDown("away")
        self.shown.append(address)

    async def put(self, name: str, body: bytes) -> None:
        for command in self.outbox.add(name, body):
            await self.store.write(*command)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        channels = {"telegram": self}
        work = Replies(self.store, self.outbox, KEY, self, channels)  # type: ignore[arg-type]
        work.start()
        yield
        await work.stop()

    async def drained(self) -> None:
        async with asyncio.timeout(10):
            while await self.outbox.depth():
                await asyncio.sleep(0.01)


@pytest.fixture
def world(store: Store, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(replies, "AGAIN_SECONDS", 0)
    monkeypatch.setattr(replies, "IDLE_SECONDS", 0.05)
    return World(store)


async def test_an_answer_becomes_a_turn_and_is_shown(world: World) -> None:
    sealed = seal_reply(KEY, TO)
    await world.put("m1", written_reply(sealed, MadeSafe("m1", (30.7, 111.3))))
    await world.put("m2", written_reply(sealed, Refused("m2", "broken")))
    async with world.running():
        await world.drained()
    assert {one.event for one in world.taken} == {
        MadeSafe("m1", (30.7, 111.3)),
        Refused("m2", "broken"),
    }
    assert world.shown == [TO.address] * 2


async def test_what_cannot_be_shown_is_committed_all_the_same(world: World) -> None:
    world.unreachable = True
    await world.put("m1", written_reply(seal_reply(KEY, TO), MadeSafe("m1")))
    async with world.running():
        await world.drained()
    assert len(world.taken) == 1


@pytest.mark.parametrize(
    "poison", [b"no json", b"[]", written_reply(seal_reply(b"x" * 32, TO), MadeSafe("m"))]
)
async def test_an_answer_that_nobody_can_read_is_parked_and_the_others_flow(
    world: World, poison: bytes
) -> None:
    await world.put("poison", poison)
    await world.put("good", written_reply(seal_reply(KEY, TO), MadeSafe("good")))
    async with world.running():
        await world.drained()
    assert [one.event for one in world.taken] == [MadeSafe("good")]
    assert set(await world.outbox.parked()) == {"poison"}


async def test_an_answer_that_has_no_name_ends_nothing(world: World) -> None:
    async with world.running():
        await world.store.write("ZADD", "outbox:replies", 0, b"\xff")
        async with asyncio.timeout(10):
            while not await world.store.read("HEXISTS", "outbox:replies:leases", b"\xff"):
                await asyncio.sleep(0.01)
        await world.put("m1", written_reply(seal_reply(KEY, TO), MadeSafe("m1")))
        async with asyncio.timeout(10):
            while not world.shown:
                await asyncio.sleep(0.01)


async def test_an_event_that_was_set_aside_gets_its_turn_when_it_is_put_back(world: World) -> None:
    picture = Attached((Attachment("m1", "source", 12),), "门锁着")
    events = [
        Incoming("telegram", TO.address, "u1", Text("隐私"), "zh", ("a receipt",), "192.0.2.0/24"),
        Incoming("telegram", TO.address, "u2", picture, "zh"),
    ]
    for incoming in events:
        name, body = written_event(KEY, incoming)
        for _ in range(2):  # as after a redelivery
            await world.outbox.set_aside(name, body, "KeyError at gateway.py:1")
    assert len(await world.outbox.parked()) == 2
    async with world.running():
        assert world.taken == []
        for name in await world.outbox.parked():
            assert await world.outbox.put_back(name)
        await world.drained()
    assert sorted(one.event_id for one in world.taken) == ["u1", "u2"]
    assert {one.event for one in world.taken} == {one.event for one in events}
    assert {one.network for one in world.taken} == {""}
    assert await world.outbox.parked() == {}


async def test_an_event_that_nobody_put_back_is_let_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.outbox.ASIDE_SECONDS", -2 * 3600)
    name, body = written_event(KEY, Incoming("telegram", TO.address, "u1", Text("x")))
    await world.outbox.set_aside(name, body, "KeyError")
    async with world.running(), asyncio.timeout(10):
        while await world.outbox.parked():
            await asyncio.sleep(0.01)
    assert world.taken == []


async def test_an_event_that_fails_again_is_parked_again(world: World) -> None:
    world.fails = KeyError("a bug")
    name, body = written_event(KEY, Incoming("telegram", TO.address, "u1", Text("x")))
    await world.outbox.set_aside(name, body, "KeyError")
    await world.outbox.put_back(name)
    async with world.running():
        await world.drained()
    assert await world.outbox.parked() == {name: "KeyError"}


async def test_what_the_gateway_gave_up_is_not_tried_again(world: World) -> None:
    """It was set aside by then, under another name."""
    world.fails = GivenUp("a reason")
    await world.put("m1", written_reply(seal_reply(KEY, TO), MadeSafe("m1")))
    async with world.running():
        await world.drained()
    assert await world.outbox.parked() == {}


def test_events_of_one_name_are_kept_apart_by_person() -> None:
    """A page makes its own names."""
    names = {
        written_event(KEY, Incoming(channel, address, "u1", Text("x")))[0]
        for channel in ("telegram", "webchat")
        for address in ("1", "2")
    }
    assert len(names) == 4


async def test_nobody_but_the_bot_can_read_what_was_set_aside(world: World, store: Store) -> None:
    name, body = written_event(KEY, Incoming("telegram", TO.address, "u1", Text("隐私")))
    await world.outbox.set_aside(name, body, "KeyError")
    await world.outbox.put_back(name)
    [entry] = await world.outbox.claim(1, 60)  # with the key that the media worker has as well
    for secret in (TO.address.encode(), "隐私".encode(), TO.address.encode().hex().encode()):
        assert secret not in entry.body
        assert secret not in await store.read("HGET", "outbox:replies:bodies", name)
    assert TO.address not in name
    assert "u1" not in name


def test_an_answer_is_no_event_that_tells_which_picture_it_is_about() -> None:
    """The conversation remembers the names of its events; a report names its pictures."""
    media = "P" * 22
    names = set()
    for _ in range(2):
        sealed = seal_reply(KEY, ReplyTo("telegram", "4711"))
        body = written_reply(sealed, MadeSafe(media))
        first, again = (_incoming(KEY, body).event_id for _ in range(2))
        assert first == again  # what comes twice is known
        assert media not in first
        names.add(first)
    assert len(names) == 2
