"""Whoever waits for long hears so once; nobody else does, and never at the cost of answers."""

from __future__ import annotations

import asyncio
from math import inf
from pathlib import Path

import pytest

from bot.channels.telegram.decode import Received, decode
from bot.core.dialogue import Incoming
from bot.core.errors import StoreUnavailable
from tests.channels.telegram.stage import Mode, Script, running, until
from tests.channels.telegram.test_webhook import Door, door, said
from tests.fakes.telegram import TelegramServer

MOMENT = "telegram.one_moment"
MODES: list[Mode] = ["polling", "webhook"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody waits for long at once."""
    monkeypatch.setattr("bot.channels.telegram.replies.PATIENCE_SECONDS", 0.0)


def received(chat: int, kind: str = "private") -> Received:
    """What somebody said."""
    update = said(1, chat=chat)
    update["message"]["chat"]["type"] = kind
    found = decode(update)
    assert found is not None
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.usefixtures("impatient")
async def test_who_waits_is_told_once_in_their_language_and_then_answered(
    server: TelegramServer, tmp_path: Path, mode: Mode
) -> None:
    people = {server.person(language_code=code): code for code in ("zh-hans", "en-GB")}
    turns = Script(gate=asyncio.Event())
    async with running(server, turns, tmp_path, mode):
        for one, code in people.items():
            one.says("路灯坏了")
            await one.sees(f"[{code[:2]}] {MOMENT}")
        assert turns.gate is not None
        turns.gate.set()
        for one in people:
            await one.sees("路灯坏了")
        await server.drained()
    for one in people:
        assert one.screen().count(MOMENT) == 1
        assert "路灯坏了" in one.messages[-1].text


@pytest.mark.parametrize("mode", MODES)
async def test_a_turn_of_usual_length_is_nobody_s_business(
    server: TelegramServer, tmp_path: Path, mode: Mode
) -> None:
    resident = server.person()
    async with running(server, Script(), tmp_path, mode):
        for number in range(3):
            resident.says(f"第{number}条")
            await resident.sees(f"第{number}条")
        await server.drained()
    assert MOMENT not in resident.screen()


@pytest.mark.usefixtures("impatient")
async def test_patience_ends_with_the_turn(server: TelegramServer, tmp_path: Path) -> None:
    """The timer of the first is due before that of the second, had it not been taken away."""
    quick, slow = server.person(), server.person()
    async with running(server, Script(), tmp_path) as channel:
        with channel._replies.patience(received(quick.id)):
            pass
        with channel._replies.patience(received(slow.id)):
            await slow.sees(MOMENT)
    assert quick.messages == []


async def test_the_answer_that_was_quicker_is_not_followed_by_it(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident, room = server.person(), asyncio.Event()

    async def wait(chat: int) -> None:
        await room.wait()

    async with running(server, Script(), tmp_path) as channel:
        monkeypatch.setattr(channel._replies._moments, "wait", wait)
        channel._replies.one_moment(received(resident.id))
        resident.says("路灯坏了")
        await resident.sees("路灯坏了")
        room.set()
        await until(lambda: not channel._replies._background)
    assert MOMENT not in resident.screen()


async def test_once_the_store_is_known_to_be_away_that_is_said_and_nothing_less_after_it(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True

    def fail(_incoming: Incoming) -> None:
        if away:
            raise StoreUnavailable

    resident = server.person()
    turns = Script(fail=fail, gate=asyncio.Event())
    async with running(server, turns, tmp_path) as channel:
        resident.says("路灯坏了")
        await until(lambda: turns.begun)
        channel._replies.one_moment(received(resident.id))
        await resident.sees(MOMENT)
        assert turns.gate is not None
        turns.gate.set()
        await resident.sees("error.not_saved")
        channel._replies.one_moment(received(resident.id))
        away = False
        await resident.sees("路灯坏了", timeout=10)
        await server.drained()
    assert resident.screen().count(MOMENT) == 1
    assert resident.screen().count("error.not_saved") == 1


async def test_answers_leave_no_room_for_it(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    async with running(server, Script(), tmp_path) as channel:
        channel._replies._moments._full_until = inf
        channel._replies.one_moment(received(resident.id))
        assert not channel._replies._background
        channel._replies._moments._full_until = 0
        channel._replies.one_moment(received(resident.id))
        await resident.sees(MOMENT)


@pytest.mark.parametrize("most", [2, 4])
async def test_half_of_what_goes_on_in_the_background_is_for_others(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("bot.channels.telegram.replies._IN_BACKGROUND_MOST", most)
    server.hang("sendMessage", times=1000)
    async with running(server, Script(), tmp_path) as channel:
        for _ in range(most):
            channel._replies.one_moment(received(server.person().id))
        assert len(channel._replies._background) == most // 2
        await server.called("sendMessage", most // 2)
        for task in channel._replies._background:
            task.cancel()


async def test_a_group_is_not_told(server: TelegramServer, tmp_path: Path) -> None:
    async with running(server, Script(), tmp_path) as channel:
        channel._replies.one_moment(received(server.person().id, "group"))
        assert not channel._replies._background


async def test_whom_a_full_webhook_turns_away_is_told_once_and_answered_later(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.webhook._IN_HAND_MOST", 1)
    turns, resident = Script(gate=asyncio.Event()), server.person(language_code="en")
    async with door(server, turns, tmp_path) as telegram:
        first = await first_in_hand(telegram, turns)
        for _ in range(3):
            assert (await telegram.post(said(2, "later", chat=resident.id))) == (503, None)
        await resident.sees(MOMENT)
        assert (await telegram.post(b"{")) == (503, None)
        assert turns.gate is not None
        turns.gate.set()
        assert (await first)[0] == 200
        assert (await telegram.post(said(2, "later", chat=resident.id)))[0] == 200
        await resident.sees("later")
    assert resident.screen().count(MOMENT) == 1


async def test_of_those_who_are_turned_away_only_some_are_read(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.webhook._IN_HAND_MOST", 1)
    turns, (told, other) = Script(gate=asyncio.Event()), (server.person(), server.person())
    async with door(server, turns, tmp_path) as telegram:
        first = await first_in_hand(telegram, turns)
        webhook = telegram.channel._webhook
        assert webhook is not None
        webhook._turned_away._due = inf
        assert (await telegram.post(said(2, chat=other.id)))[0] == 503
        webhook._turned_away._due = 0.0
        assert (await telegram.post(said(3, chat=told.id)))[0] == 503
        await told.sees(MOMENT)
        assert turns.gate is not None
        turns.gate.set()
        await first
    assert MOMENT not in other.screen()


async def first_in_hand(telegram: Door, turns: Script) -> asyncio.Task[tuple[int, object]]:
    """Somebody's update that fills the webhook."""
    task = asyncio.create_task(telegram.post(said(1)))
    await until(lambda: turns.begun)
    return task
