"""By polling nothing is confirmed before it is committed, and nobody holds up anybody else."""

import asyncio
import logging
from collections import Counter
from pathlib import Path

import pytest

from bot.core.dialogue import Incoming, Text
from bot.core.errors import GivenUp, StoreRefused, StoreUnavailable, TooFast
from tests.channels.telegram.stage import Mode, Script, running, until
from tests.fakes.telegram import TelegramServer


def texts(taken: list[Incoming], address: int | None = None) -> list[str]:
    """What was said, by one chat or by all."""
    wanted = [one for one in taken if address is None or one.address == str(address)]
    return [one.event.text for one in wanted if isinstance(one.event, Text)]


async def test_what_is_said_is_taken_once_shown_and_confirmed(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person(language_code="zh-hans")
    number = resident.says("路灯坏了")
    turns = Script()
    async with running(server, turns, tmp_path):
        await resident.sees("路灯坏了")
        await server.drained()
    expected = Incoming("telegram", str(resident.id), str(number), Text("路灯坏了"), "zh-hans")
    assert turns.taken == [expected]


async def test_what_was_not_committed_comes_again(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    stuck = Script(gate=asyncio.Event())
    number = resident.says("路灯坏了")
    async with running(server, stuck, tmp_path) as channel:
        await until(lambda: stuck.begun)
        for task in channel._tasks:
            task.cancel()  # so that stopping need not wait for what will never end
        await asyncio.gather(*channel._tasks, return_exceptions=True)
        assert server.waiting() == [number]
    assert server.waiting() == [number]
    turns = Script()
    async with running(server, turns, tmp_path):
        await server.drained()
    assert texts(turns.taken) == ["路灯坏了"]


async def test_chats_keep_their_order_side_by_side(server: TelegramServer, tmp_path: Path) -> None:
    people = [server.person() for _ in range(20)]
    for number in range(5):
        for person in people:
            person.says(str(number))
    turns = Script()
    async with running(server, turns, tmp_path):
        await server.drained()
    for person in people:
        assert texts(turns.taken, person.id) == ["0", "1", "2", "3", "4"]
    assert len(turns.taken) == 100


async def test_one_that_fails_holds_up_nobody_else_and_is_given_up_aloud(
    server: TelegramServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unlucky, others = server.person(), [server.person() for _ in range(150)]

    def fail(incoming: Incoming) -> None:
        if incoming.address == str(unlucky.id):
            raise KeyError("隐私")

    number = unlucky.says("隐私")
    for one in others:
        one.says("好")
    turns = Script(fail=fail)
    async with running(server, turns, tmp_path):
        await until(lambda: len(turns.taken) >= 99)
        assert number in server.waiting()
        await unlucky.sees("telegram.failed", timeout=10)
        await server.drained()
        assert len(turns.taken) == 150
    tries = Counter(one.address for one in turns.begun)
    assert tries[str(unlucky.id)] == 5
    assert set(tries.values()) == {1, 5}
    given_up = [line for line in caplog.messages if "given up" in line]
    assert len(given_up) == 1
    assert "KeyError at test_polling.py" in given_up[0]
    assert "隐私" not in caplog.text
    [(aside, reason)] = turns.aside
    assert aside.event == Text("隐私")
    assert "隐私" not in reason
    assert str(unlucky.id) not in caplog.text


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_what_the_gateway_gave_up_is_acknowledged_at_once_and_aloud(
    server: TelegramServer, tmp_path: Path, mode: Mode
) -> None:
    def fail(incoming: Incoming) -> None:
        if incoming.event == Text("隐私"):
            raise GivenUp("a reason")

    unlucky = server.person()
    turns = Script(fail=fail)
    async with running(server, turns, tmp_path, mode):
        unlucky.says("隐私")
        unlucky.says("路灯坏了")
        await unlucky.sees("telegram.failed")
        await unlucky.sees("路灯坏了")
        await server.drained()
    assert texts(turns.begun) == ["隐私", "路灯坏了"]
    assert turns.aside == []


async def test_a_store_that_is_away_is_waited_for(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    away = True

    def fail(_incoming: Incoming) -> None:
        if away:
            raise StoreUnavailable

    turns = Script(fail=fail)
    number = resident.says("路灯坏了")
    async with running(server, turns, tmp_path):
        await until(lambda: len(turns.begun) > 2)
        assert server.waiting() == [number]
        away = False
        await resident.sees("路灯坏了")
        await server.drained()
    assert len(turns.taken) == 1


async def test_who_waits_for_the_store_is_told_once_in_their_language_and_by_chat(
    server: TelegramServer, tmp_path: Path
) -> None:
    away = True

    def fail(_incoming: Incoming) -> None:
        if away:
            raise StoreUnavailable

    people = [server.person(language_code=code) for code in ("zh-hans", "en-GB", "fr", None)]
    for one in people:
        one.says("第一条")
        one.says("第二条")
    turns = Script(fail=fail)
    async with running(server, turns, tmp_path):
        for one, locale in zip(people, ("zh", "en", "zh", "zh"), strict=True):
            await one.sees(f"[{locale}] error.not_saved")
        await until(lambda: min(Counter(one.address for one in turns.begun).values()) > 4)
        away = False
        for one in people:
            await one.sees("第二条", timeout=10)
        await server.drained()
    for one in people:
        assert texts(turns.taken, one.id) == ["第一条", "第二条"]
        assert one.screen().count("error.not_saved") == 1
        # What they wait for stands beneath what they were told, though nobody wrote meanwhile.
        assert "第二条" in one.messages[-1].text


async def test_a_turn_that_the_store_will_never_take_is_given_up_and_holds_up_nobody(
    server: TelegramServer, tmp_path: Path
) -> None:
    unlucky, other = server.person(), server.person()

    def fail(incoming: Incoming) -> None:
        if incoming.address == str(unlucky.id):
            raise StoreRefused

    unlucky.says("路灯坏了")
    other.says("好")
    turns = Script(fail=fail)
    async with running(server, turns, tmp_path):
        await unlucky.sees("telegram.failed", timeout=10)
        await server.drained()
    assert Counter(one.address for one in turns.begun)[str(unlucky.id)] == 5
    assert [aside.event for aside, _ in turns.aside] == [Text("路灯坏了")]
    assert "error.not_saved" not in unlucky.screen()


async def test_a_hiccup_that_the_second_try_heals_is_nobody_s_business(
    server: TelegramServer, tmp_path: Path
) -> None:
    def fail(_incoming: Incoming) -> None:
        if len(turns.begun) == 1:
            raise StoreUnavailable

    resident = server.person()
    resident.says("路灯坏了")
    turns = Script(fail=fail)
    async with running(server, turns, tmp_path):
        await resident.sees("路灯坏了")
        await server.drained()
    assert "error.not_saved" not in resident.screen()


async def test_after_the_next_outage_it_is_said_again(
    server: TelegramServer, tmp_path: Path
) -> None:
    away = True

    def fail(_incoming: Incoming) -> None:
        if away:
            raise StoreUnavailable

    resident = server.person()
    async with running(server, Script(fail=fail), tmp_path):
        for number in (1, 2):
            away = True
            resident.says(f"第{number}条")
            await until(lambda: resident.screen().count("error.not_saved") == number)  # noqa: B023
            away = False
            await resident.sees(f"第{number}条", timeout=10)
            await server.drained()


async def test_an_update_that_nobody_can_read_is_passed_over(
    server: TelegramServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    resident = server.person()
    resident.sends(
        pinned_message={"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 0}
    )
    resident.says("路灯坏了")
    turns = Script()
    with caplog.at_level(logging.WARNING):
        async with running(server, turns, tmp_path):
            await resident.sees("路灯坏了")
            await server.drained()
    assert len(turns.taken) == 1
    assert "passed over" in caplog.text


async def test_stopping_finishes_what_is_in_hand_and_confirms_it(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    turns = Script(gate=asyncio.Event())
    resident.says("路灯坏了")
    async with running(server, turns, tmp_path) as channel:
        await until(lambda: turns.begun)
        stopping = asyncio.create_task(channel.stop())
        await asyncio.sleep(0)
        assert turns.gate is not None
        turns.gate.set()
        await stopping
        assert len(turns.taken) == 1
        assert server.waiting() == []
        assert "路灯坏了" in resident.screen().split("me ")[-1]


async def test_somebody_else_who_polls_is_told_of_and_outlasted(
    server: TelegramServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.channels.telegram.polling._SLOW_SECONDS", 0.05)
    server.fail("getUpdates", 409, "Conflict: terminated by other getUpdates request", times=2)
    resident = server.person()
    resident.says("路灯坏了")
    async with running(server, Script(), tmp_path):
        await resident.sees("路灯坏了")
    assert "another programme receives" in caplog.text


@pytest.mark.parametrize("fault", ["page", "reset", "refused"])
async def test_a_telegram_that_stumbles_is_asked_again_and_the_token_stays_secret(
    server: TelegramServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr("bot.channels.telegram.polling._FAILED_SECONDS", 0.05)
    if fault == "page":
        server.fail_with_page("getUpdates", 502)
    elif fault == "reset":
        server.reset("getUpdates")
    else:
        server.fail("getUpdates", 500, "Internal Server Error")
    resident = server.person()
    resident.says("路灯坏了")
    with caplog.at_level(logging.INFO, "bot"):
        async with running(server, Script(), tmp_path):
            await resident.sees("路灯坏了")
    assert "no updates from Telegram" in caplog.text
    assert server.token not in caplog.text


async def test_an_active_webhook_is_taken_away_first(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    resident.says("路灯坏了")
    async with running(server, Script(), tmp_path):
        await resident.sees("路灯坏了")
    methods = [
        call.method for call in server.calls if "pdates" in call.method or "W" in call.method
    ]
    assert methods[:2] == ["deleteWebhook", "getUpdates"]


async def test_a_flood_is_told_once_and_holds_up_nobody(
    server: TelegramServer, tmp_path: Path
) -> None:
    flooder, other = server.person(), server.person()
    refused = 0

    def fail(incoming: Incoming) -> None:
        nonlocal refused
        if incoming.address == str(flooder.id):
            refused += 1
            raise TooFast(first=refused == 1)

    for number in range(120):
        flooder.says(str(number))
    other.says("好")
    turns = Script(fail=fail)
    async with running(server, turns, tmp_path):
        await server.drained()
        await flooder.sees("error.too_fast", timeout=10)
    assert refused == 120
    assert texts(turns.taken, other.id) == ["好"]
    told = [call for call in server.calls_of("sendMessage") if call.params["chat_id"] == flooder.id]
    assert len(told) == 1
