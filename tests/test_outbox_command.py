"""Parked work in an operator's hands."""

from __future__ import annotations

import asyncio
import re

import pytest
from pydantic import SecretStr

from bot.core.errors import CaseThrottled
from bot.outbox_command import outbox
from bot.store.case_system import PAUSE
from bot.store.connection import Store
from bot.store.outbox import Outbox
from config.settings import Settings
from workers.cases.breaker import Breaker


async def parked(store: Store, *names: str) -> None:
    work = Outbox(store, "push")
    for name in names:
        for command in work.add(name, b"body"):
            await store.write(*command)
    for entry in await work.claim(10, 60):
        await work.park(entry, f"CaseRefused: HTTP 400: no {entry.id}")


async def run(url: str, *words: str) -> int:
    settings = Settings(_env_file=None, redis_url=SecretStr(url))  # type: ignore[call-arg]
    return await asyncio.to_thread(outbox, list(words), settings)


async def test_what_is_parked_is_listed_and_put_back(
    store: Store, valkey_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await parked(store, "a", "b", "c")
    assert await run(valkey_url, "list") == 0
    assert capsys.readouterr().out.splitlines()[1] == "push  b  CaseRefused: HTTP 400: no b"
    assert await run(valkey_url, "put-back", "push", "b") == 0
    [entry] = await Outbox(store, "push").claim(10, 60)
    assert (entry.id, entry.body, entry.attempts) == ("b", b"body", 2)
    assert await run(valkey_url, "put-back", "push", "--all") == 0
    assert "2 put back" in capsys.readouterr().out
    assert await Outbox(store, "push").parked() == {}
    assert await Outbox(store, "push").depth() == 3


async def test_what_is_put_back_anew_was_never_tried(store: Store, valkey_url: str) -> None:
    """For a report in doubt, once an operator has looked and found no case."""
    await parked(store, "a")
    assert await run(valkey_url, "put-back", "push", "a", "--anew") == 0
    [entry] = await Outbox(store, "push").claim(10, 60)
    assert (entry.body, entry.attempts) == (b"body", 1)


async def test_what_is_not_parked_cannot_be_put_back(
    store: Store, valkey_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(valkey_url, "put-back", "push", "nobody") == 1
    assert "Nothing of that name" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("put-back",), ("put-back", "nonsense", "a"), ("lists",)])
async def test_anything_else_is_refused_with_the_usage(
    valkey_url: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(valkey_url, *words) == 2
    assert "Usage" in capsys.readouterr().err


async def test_a_store_that_is_away_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("unix:///nowhere/valkey.sock", "list") == 2
    assert "is the gateway running" in capsys.readouterr().err


async def test_what_waits_is_counted_and_nothing_stopped_is_said(
    store: Store, valkey_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(valkey_url, "list") == 0
    assert capsys.readouterr().out.splitlines() == ["Nothing is stopped."]
    for command in Outbox(store, "push").add("a"):
        await store.write(*command)
    assert await run(valkey_url, "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "push  1 waiting, to be tried (again) by themselves",
        "Nothing is stopped.",
    ]


async def test_a_case_system_that_takes_nothing_is_said(
    store: Store, valkey_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    breaker = Breaker(store, 20)
    with pytest.raises(CaseThrottled):
        async with breaker.watched(await breaker.admit()):
            raise CaseThrottled(3600)
    assert await run(valkey_url, "list") == 0
    said = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"The case system .* tried again in (35\d\d|3600) s\. .*", said[-1])
    await store.write("DEL", PAUSE)
    async with breaker.watched(await breaker.admit()):
        pass
    capsys.readouterr()  # the log of its being back
    assert await run(valkey_url, "list") == 0
    assert capsys.readouterr().out.splitlines() == ["Nothing is stopped."]


async def test_what_waits_is_tried_now_and_a_pause_is_over(
    store: Store, valkey_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One report waits, one is in somebody's hands, one was given up."""
    work, breaker = Outbox(store, "push"), Breaker(store, 20)
    await parked(store, "parked")
    for name in ("waits", "held"):
        for command in work.add(name):
            await store.write(*command)
    with pytest.raises(CaseThrottled):
        async with breaker.watched(await breaker.admit()):
            raise CaseThrottled(24 * 3600)
    for entry in await work.claim(10, 3600):
        if entry.id == "waits":
            await work.retry(entry, 24 * 3600)
    assert await run(valkey_url, "try-now") == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("within seconds: 1.")
    assert [entry.id for entry in await work.claim(10, 60)] == ["waits"]
    assert list(await work.parked()) == ["parked"]
    assert (await breaker.admit()).failed == 0  # the probe
