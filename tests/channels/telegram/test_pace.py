"""One pace for all processes of a bot: never too much, and who is more urgent goes first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from aiogram.methods import SendMessage
from redis.asyncio import Redis

from bot.channels.contract import Notice
from bot.channels.telegram import Sender, pace
from bot.channels.telegram.api import Api
from bot.channels.telegram.pace import SENT, TURN, WINDOW_MS, Pacer, Rank
from bot.channels.telegram.pacing import CHATS_BEFORE_EVERYBODY, PAUSE, Pauses
from bot.core.errors import Throttled
from tests.channels.telegram.stage import settings, surroundings, until
from tests.fakes.telegram import Call, TelegramServer
from tests.fakes.telegram.person import Person

CHAT = 1
# Long enough that nothing in it is over before a test is.
LONG_MS = 600_000


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that does not end while a test runs, so that no test depends on how fast it is."""
    monkeypatch.setattr(pace, "WINDOW_MS", LONG_MS)


def pacer(client: Redis, rank: Rank = Rank.ANSWERS) -> Pacer:
    """One process's."""
    return Pacer(client, Pauses(client), rank)


async def sends(pacer: Pacer, times: int) -> None:
    """So many messages may go out at once."""
    for _ in range(times):
        await pacer.wait(CHAT)


@asynccontextmanager
async def waiting(pacer: Pacer) -> AsyncIterator[asyncio.Task[None]]:
    """Somebody who found no room and waits."""
    task = asyncio.create_task(pacer.wait(CHAT))
    await until(lambda: not pacer.free())
    assert not task.done()
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def watched(client: Redis) -> AsyncIterator[list[int]]:
    """When messages may have gone, in ms by the store's clock, as the store wrote it down."""
    taken: list[int] = []

    async def listen() -> None:
        async for seen in monitor.listen():
            words = seen["command"].split()
            if words[0] == "LPUSH" and words[1] == SENT:
                taken.append(int(float(words[2])))
            if words == ["ECHO", "end"]:
                return

    async with client.monitor() as monitor:
        listening = asyncio.create_task(listen())
        yield taken
        await client.echo("end")
        await listening


@pytest.mark.parametrize("rank", Rank)
@pytest.mark.usefixtures("endless")
async def test_each_rank_may_send_so_many_and_not_one_more(client: Redis, rank: Rank) -> None:
    mine = pacer(client, rank)
    await sends(mine, rank)
    assert mine.free()
    async with waiting(mine):
        assert await client.llen(SENT) == rank


@pytest.mark.parametrize(("first", "then"), list(pairwise(sorted(Rank))))
@pytest.mark.usefixtures("endless")
async def test_who_is_more_urgent_finds_room_where_the_less_urgent_wait(
    client: Redis, first: Rank, then: Rank
) -> None:
    await sends(pacer(client, first), first)
    async with waiting(pacer(client, first)):
        await sends(pacer(client, then), then - first)
        async with waiting(pacer(client, then)):
            assert await client.llen(SENT) == then


@pytest.mark.parametrize(("less", "more"), list(pairwise(sorted(Rank))))
@pytest.mark.usefixtures("endless")
async def test_room_that_comes_back_is_for_the_more_urgent(
    client: Redis, less: Rank, more: Rank
) -> None:
    await sends(pacer(client, more), more)
    async with waiting(pacer(client, more)):
        await client.delete(SENT)
        async with waiting(pacer(client, less)):
            assert await client.llen(SENT) == 0
            await sends(pacer(client, more), 1)
            await client.delete(TURN)
            await sends(pacer(client, less), 1)


async def test_the_whole_bot_stays_within_its_window_whatever_the_processes(
    client: Redis, server: TelegramServer
) -> None:
    """Two bots and three delivery workers, all of them with more to say than there is room for."""
    ranks = [Rank.ANSWERS] * 2 + [Rank.NOTICES] * 3
    resident, began = server.person(), time.monotonic()
    async with watched(client) as taken:
        await asyncio.gather(*(talks(client, server, resident, rank, 20) for rank in ranks))
    assert len(taken) == len(server.calls_of("sendMessage")) == 100
    assert crowded(taken) == []
    # Nothing reached Telegram before its time: by then, so many windows had passed.
    for number, call in enumerate(sorted(server.calls_of("sendMessage"), key=at)):
        assert at(call) - began >= number // 30 * WINDOW_MS / 1000 - 0.01


async def talks(
    client: Redis, server: TelegramServer, resident: Person, rank: Rank, times: int
) -> None:
    """A process that sends, all at once if it may."""
    pauses = Pauses(client)
    mine, api = Pacer(client, pauses, rank), Api(settings(server), pauses)

    async def send(number: int) -> None:
        await mine.wait(resident.id)
        await api.call(SendMessage(chat_id=resident.id, text=str(number)), resident.id)

    await asyncio.gather(*(send(number) for number in range(times)))
    await api.close()


def at(call: Call) -> float:
    return call.time


def crowded(taken: list[int]) -> list[int]:
    """How long 31 messages took, wherever that was less than the window."""
    spans = [last - first for first, last in zip(taken, taken[30:], strict=False)]
    return [span for span in spans if span < WINDOW_MS]


async def test_under_a_flood_of_answers_notices_wait_and_then_come(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "OVERSLEPT_MS", LONG_MS)
    answers, notices = pacer(client), pacer(client, Rank.NOTICES)
    order: list[str] = []

    async def say(mine: Pacer, name: str) -> None:
        await mine.wait(CHAT)
        order.append(name)

    async with asyncio.TaskGroup() as flood:
        for _ in range(90):
            flood.create_task(say(answers, "answer"))
        await until(lambda: order.count("answer") == 30)
        for _ in range(5):
            flood.create_task(say(notices, "notice"))
        await until(lambda: order.count("answer") == 90, 60)
        assert "notice" not in order
        await client.delete(TURN)
    assert order[90:] == ["notice"] * 5


async def test_who_waits_longest_goes_first(client: Redis) -> None:
    mine, order = pacer(client), list[int]()

    async def say(number: int) -> None:
        await mine.wait(CHAT)
        order.append(number)

    await asyncio.gather(*map(say, range(40)))
    assert order == list(range(40))


async def test_only_one_of_those_who_wait_asks(client: Redis) -> None:
    """A herd of them would cost the store more than the messages do."""
    mine = pacer(client)
    before = await asked(client)
    await asyncio.gather(*(mine.wait(CHAT) for _ in range(60)))
    assert await asked(client) - before <= 60 + 10


async def asked(client: Redis) -> int:
    """How many scripts the store ran."""
    stats = await client.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])


@pytest.mark.usefixtures("endless")
async def test_a_notice_waits_so_long_and_goes_back_to_the_outbox(
    client: Redis, server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.sender.PATIENCE_SECONDS", 0.05)
    await sends(pacer(client), 20)
    sender = Sender(surroundings(settings(server), tmp_path))
    resident = server.person()
    with pytest.raises(Throttled) as caught:
        await sender.send(str(resident.id), Notice("n1", "已核实", "zh"))
    assert caught.value.retry_after <= 2
    assert server.calls_of("sendMessage") == []
    await client.delete(SENT, TURN)
    monkeypatch.setattr("bot.channels.telegram.sender.PATIENCE_SECONDS", 60)
    await sender.send(str(resident.id), Notice("n1", "已核实", "zh"))
    assert len(resident.messages) == 1
    await sender.close()


@pytest.mark.usefixtures("endless")
async def test_a_store_whose_clock_was_put_back_holds_nobody_up(client: Redis) -> None:
    seconds, _ = await client.time()
    await client.rpush(SENT, *[(seconds + 3600) * 1000] * 30)
    await sends(pacer(client), 1)


async def test_a_turn_from_before_the_clock_was_put_back_is_nobodys(client: Redis) -> None:
    longest = WINDOW_MS + pace.OVERSLEPT_MS
    await client.set(TURN, int(Rank.ANSWERS), px=longest + 3_600_000)
    await asyncio.wait_for(pacer(client, Rank.NOTICES).wait(CHAT), 10)
    await client.set(TURN, int(Rank.ANSWERS), px=longest)
    with pytest.raises(Throttled):
        await pacer(client, Rank.NOTICES).wait(CHAT, 0.01)


@pytest.mark.usefixtures("endless")
async def test_nothing_of_it_stays_and_nothing_is_put_on_disk(client: Redis) -> None:
    """When somebody was written to would tell when they wrote."""
    before = (await client.info("persistence"))["aof_current_size"]
    mine = pacer(client)
    await sends(mine, 30)
    with pytest.raises(Throttled):
        await mine.wait(CHAT, 0.01)
    assert await client.exists(SENT, TURN) == 2
    assert 0 < await client.pttl(SENT) <= LONG_MS
    assert 0 < await client.pttl(TURN) <= LONG_MS + pace.OVERSLEPT_MS
    assert (await client.info("persistence"))["aof_current_size"] == before


async def test_a_pause_for_everybody_is_kept_by_all_processes(
    client: Redis, server: TelegramServer, tmp_path: Path
) -> None:
    refused = CHATS_BEFORE_EVERYBODY + 1
    server.fail(
        "sendMessage", 429, "Too Many Requests: retry after 30", times=refused, retry_after=30
    )
    senders = [Sender(surroundings(settings(server), tmp_path)) for _ in range(2)]
    for _ in range(refused):
        with pytest.raises(Throttled):
            await senders[0].send(str(server.person().id), Notice("n1", "已核实", "zh"))
    with pytest.raises(Throttled) as caught:
        await senders[1].send(str(server.person().id), Notice("n1", "已核实", "zh"))
    assert 20 < caught.value.retry_after <= 30
    assert len(server.calls_of("sendMessage")) == refused
    await client.delete(PAUSE)
    with pytest.raises(Throttled):
        await senders[1].send(str(server.person().id), Notice("n1", "已核实", "zh"))
    for one in senders:
        await one.close()


async def test_a_pause_for_one_chat_is_not_in_the_store(
    client: Redis, server: TelegramServer, tmp_path: Path
) -> None:
    server.fail("sendMessage", 429, "Too Many Requests: retry after 30", retry_after=30)
    sender = Sender(surroundings(settings(server), tmp_path))
    with pytest.raises(Throttled):
        await sender.send(str(server.person().id), Notice("n1", "已核实", "zh"))
    assert await client.keys("telegram:pause*") == []
    await sender.close()


@pytest.mark.parametrize(("noted", "then", "left"), [(10, 30, 30), (30, 10, 30)])
async def test_of_two_pauses_the_longer_one_counts(
    client: Redis, noted: int, then: int, left: int
) -> None:
    for seconds in (noted, then):
        await Pauses(client).refused(None, seconds)
    assert left - 5 < await client.pttl(PAUSE) / 1000 <= left


async def test_a_short_pause_is_waited_for(client: Redis) -> None:
    await client.set(PAUSE, "", px=300)
    await pacer(client).wait(CHAT)
    assert not await client.exists(PAUSE)
