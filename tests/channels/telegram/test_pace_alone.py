"""A store that is away, or does not answer, leaves a pace all the same."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.channels.telegram import pace
from bot.channels.telegram.pace import SENT, Rank
from bot.channels.telegram.pacing import Even
from tests.channels.telegram.stage import Script, running
from tests.channels.telegram.test_pace import pacer, sends
from tests.fakes.telegram import TelegramServer


@asynccontextmanager
async def nowhere() -> AsyncIterator[Redis]:
    """A store that is away."""
    async with Redis(port=1, retry=Retry(NoBackoff(), 0)) as client:
        yield client


async def test_without_a_store_each_process_keeps_a_small_part_of_the_pace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A second's worth at once, the rest at an even pace; two bots and three workers stay below."""
    slept: list[float] = []

    async def noted(seconds: float) -> None:
        slept.append(seconds)

    async with nowhere() as client:
        mine = pacer(client)
        monkeypatch.setattr("bot.channels.telegram.pace.asyncio.sleep", noted)
        began = time.monotonic()
        await sends(mine, 15)
        passed = time.monotonic() - began
    assert sum(seconds > 0 for seconds in slept) >= 9 - 5 * passed
    assert max(slept) <= 2
    assert len([line for line in caplog.messages if "pace of its own" in line]) == 1
    assert 2 * (Rank.ANSWERS + Rank.MOMENTS) + 3 * Rank.NOTICES <= 30 * pace.ALONE_PART


async def test_without_a_store_people_are_answered_all_the_same(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = server.person()
    async with nowhere() as client:
        monkeypatch.setattr("tests.channels.telegram.stage.STORE", client)
        async with running(server, Script(), tmp_path):
            resident.says("路灯坏了")
            await resident.sees("路灯坏了")


async def test_a_store_that_comes_back_is_asked_again(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = pacer(client)
    take = mine._take
    async with nowhere() as away:
        mine._take = away.register_script("return 0")
        await sends(mine, 1)
    mine._take = take
    await sends(mine, 1)
    assert await client.llen(SENT) == 0, "it was asked before its time"
    monkeypatch.setattr(mine, "_alone_until", time.monotonic() - 1)
    await sends(mine, 1)
    assert await client.llen(SENT) == 1


async def test_a_store_that_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with Redis(port=port, socket_timeout=3600) as client, asyncio.timeout(30):
            await sends(pacer(client), 2)


def test_an_even_pace_has_a_second_s_worth_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("bot.channels.telegram.pacing.time.monotonic", lambda: now)
    even = Even(8)
    assert [even.taken() for _ in range(10)] == [True] * 9 + [False]
    now += 0.125
    assert [even.taken(), even.taken()] == [True, False]
    assert even.take() > 0
