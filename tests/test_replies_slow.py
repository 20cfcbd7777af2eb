"""One chat that a messenger makes wait holds up no other, and a stop takes nobody for dead."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot import replies
from bot.channels.contract import Shown
from bot.core.dialogue import Incoming, MadeSafe
from bot.replies import Replies, ReplyTo, seal_reply, written_reply
from bot.store.connection import Store
from bot.store.outbox import Outbox

KEY = b"b" * 32


class Slow:
    """Turns and a channel that go on as long as a test wants it, for the chat ``slow``."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = Outbox(store, "replies", b"f" * 32)
        self.replies = Replies(store, self.outbox, KEY, self, {"telegram": self})  # type: ignore[dict-item]
        self.turns_go_on = asyncio.Event()
        self.may_show = asyncio.Event()
        self.began: list[str] = []
        self.showing: list[str] = []
        self.shown: list[str] = []
        self.at_once: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        chat, event = incoming.address, incoming.event
        assert isinstance(event, MadeSafe)
        name = f"media:{event.media}"
        self.began.append(name)
        self.at_once[chat] += 1
        self.most_at_once[chat] = max(self.most_at_once[chat], self.at_once[chat])
        if chat == "slow":
            await self.turns_go_on.wait()
        await asyncio.sleep(0)
        self.at_once[chat] -= 1
        return (Shown(name, "ready", "zh"),)

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        raise AssertionError

    async def show(self, address: str, shown: tuple[Shown, ...]) -> None:
        self.showing.append(address)
        if address == "slow":
            await self.may_show.wait()
        self.shown.append(f"{address} {shown[0].screen}")

    async def put(self, chat: str, *media: str) -> None:
        sealed = seal_reply(KEY, ReplyTo("telegram", chat))
        for one in media:
            for command in self.outbox.add(one, written_reply(sealed, MadeSafe(one))):
                await self.store.write(*command)


async def until(condition: object, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


@pytest.fixture
def slow(store: Store, monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setattr(replies, "IDLE_SECONDS", 0.02)
    return Slow(store)


async def test_a_chat_that_has_to_wait_holds_up_no_other(slow: Slow) -> None:
    slow.turns_go_on.set()
    await slow.put("slow", "s1")
    slow.replies.start()
    await until(lambda: slow.showing == ["slow"])
    await slow.put("other", "o1")
    await until(lambda: slow.shown == ["other media:o1"])
    assert await slow.outbox.depth() == 0  # and nothing of it can be taken twice
    slow.may_show.set()
    await slow.replies.stop()
    assert slow.shown[1:] == ["slow media:s1"]


async def test_of_one_conversation_one_after_another(slow: Slow) -> None:
    names = [f"m{number}" for number in range(9)]
    await slow.put("one", *names)
    await slow.put("two", "n1", "n2")
    slow.replies.start()
    await until(lambda: len(slow.shown) == 11)
    await slow.replies.stop()
    assert slow.most_at_once == {"one": 1, "two": 1}
    assert [one for one in slow.began if ":m" in one] == [f"media:{name}" for name in names]
    assert [one for one in slow.shown if "one" in one] == [f"one media:{name}" for name in names]


async def test_only_so_many_screens_are_on_their_way(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "SHOWING_MOST", 2)
    slow.turns_go_on.set()
    await slow.put("slow", "s1", "s2", "s3")
    slow.replies.start()
    await until(lambda: len(slow.showing) == 2)
    assert await slow.outbox.depth() == 1
    slow.may_show.set()
    await until(lambda: len(slow.shown) == 3)
    await slow.replies.stop()


async def test_what_a_stop_cannot_wait_for_is_handed_back(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "STOP_SECONDS", 0.05)
    await slow.put("slow", "s1", "s2")
    slow.replies.start()
    await until(lambda: bool(slow.began))
    await slow.replies.stop()
    again = await slow.outbox.claim(8, 60)
    assert [(entry.id, entry.deaths) for entry in again] == [("s1", 0), ("s2", 0)]


async def test_what_is_in_hand_at_a_stop_is_finished(slow: Slow) -> None:
    await slow.put("slow", "s1")
    slow.replies.start()
    await until(lambda: bool(slow.began))
    stopping = asyncio.create_task(slow.replies.stop())
    slow.turns_go_on.set()
    slow.may_show.set()
    await stopping
    assert slow.shown == ["slow media:s1"]
    assert await slow.outbox.depth() == 0
