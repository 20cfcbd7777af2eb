"""Work that is given up is told to operators, and comes back whole or not at all."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from bot.core.errors import StoreRefused
from bot.store import outbox as outboxes
from bot.store.connection import Command, Store, Word
from bot.store.outbox import DEATHS_MOST, Outbox, OutcomeRefused


async def put(store: Store, outbox: Outbox, entry_id: str, body: bytes = b"") -> None:
    for command in outbox.add(entry_id, body):
        await store.write(*command)


async def test_whoever_parks_what_workers_die_of_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "log", structlog.get_logger())  # whatever was set up before
    outbox = Outbox(store, "push")
    await put(store, outbox, "poison")
    with capture_logs() as logs:
        for _ in range(DEATHS_MOST):
            assert await outbox.claim(10, 0)
        assert logs == []
        assert await outbox.claim(10, 0) == []
        assert await outbox.claim(10, 0) == []
    reason = f"nobody who took it up came back, {DEATHS_MOST} times"
    assert logs == [
        {"event": "drain.parked", "kind": "push", "log_level": "error", "reason": reason}
    ]


async def test_waiting_between_its_deaths_saves_nothing(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "poison")
    for deaths in range(DEATHS_MOST):
        [entry] = await outbox.claim(10, 60)
        assert (entry.deaths, entry.attempts) == (deaths, deaths + 1)
        await outbox.wait(entry, 0)
        assert await outbox.claim(10, 0)
    assert await outbox.claim(10, 0) == []
    assert set(await outbox.parked()) == {"poison"}


async def test_only_somebody_else_can_tell_a_death(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    found = [await outbox.claim(1, 0, name=name) for name in ("me", "me", "you", "you", "", "")]
    assert [entry.deaths for [entry] in found] == [0, 0, 1, 1, 2, 3]
    [entry] = await outbox.claim(1, 60, name="me")
    await outbox.wait(entry, 0)
    [again] = await outbox.claim(1, 60, name="me")
    assert (again.deaths, again.attempts) == (4, 7)


class Counting(Store):
    """A store that counts how often it is asked."""

    asked = 0

    async def read(self, *command: Word) -> object:
        self.asked += 1
        return await super().read(*command)

    async def write(self, *command: Word) -> object:
        self.asked += 1
        return await super().write(*command)


@pytest.mark.parametrize("anew", [False, True])
async def test_putting_back_is_one_step(store: Store, valkey_url: str, anew: bool) -> None:
    """So that no death in between leaves it both parked and due, or tried and forgotten."""
    outbox = Outbox(store, "push")
    await put(store, outbox, "a", b"body")
    [entry] = await outbox.claim(1, 60)
    await outbox.park(entry, "a reason")
    counting = Counting.at(valkey_url)
    assert isinstance(counting, Counting)
    assert await Outbox(counting, "push").put_back("a", anew=anew)
    assert counting.asked == 0  # nothing but the script
    await counting.close()
    [again] = await outbox.claim(1, 60)
    assert (again.body, again.attempts) == (b"body", 1 if anew else 2)
    assert await outbox.parked() == {}


async def test_two_operators_put_back_once(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    [entry] = await outbox.claim(1, 60)
    await outbox.park(entry, "a reason")
    put_back = await asyncio.gather(*(outbox.put_back("a") for _ in range(4)))
    assert sorted(put_back) == [False, False, False, True]


async def test_what_is_put_back_while_it_stands_changes_nothing(store: Store) -> None:
    """An event that was set aside again while it was due keeps its lease."""
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    [entry] = await outbox.claim(1, 60)
    parked: Command = ("HSET", "outbox:push:parked", "a", "set aside")
    await store.write(*parked)
    assert await outbox.put_back("a")
    assert await outbox.claim(1, 60) == []
    assert await outbox.done(entry)


# What the store does not carry out, because something stands there of another type.
NO_SET: Command = ("ZADD", "no:set", 0, "x")


async def test_what_cannot_be_made_due_stays_parked(store: Store) -> None:
    outbox = Outbox(store, "push")
    await outbox.set_aside("a", b"body", "why")
    await store.write("SET", "outbox:push", "no set")
    with pytest.raises(StoreRefused):
        await outbox.put_back("a")
    assert await outbox.parked() == {"a": "why"}
    await store.write("DEL", "outbox:push")
    assert await outbox.put_back("a")


async def test_what_cannot_be_dropped_with_all_that_follows_stays_parked(store: Store) -> None:
    outbox = Outbox(store, "push")
    await outbox.set_aside("a", b"body", "why")
    await store.write("SET", "no:set", "x")
    with pytest.raises(StoreRefused):
        await outbox.drop("a", [NO_SET])
    assert await outbox.parked() == {"a": "why"}
    await store.write("DEL", "no:set")
    assert await outbox.drop("a", [NO_SET])


async def test_what_cannot_end_with_all_that_follows_is_still_to_be_done(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "AWAY_SECONDS", 0)
    outbox = Outbox(store, "push")
    await put(store, outbox, "a", b"body")
    [entry] = await outbox.claim(1, 60)
    await store.write("SET", "no:set", "x")
    with pytest.raises(OutcomeRefused):
        await outbox.done(entry, [NO_SET])
    assert await outbox.stands("a")
    await store.write("DEL", "no:set")
    assert await outbox.done(entry, [NO_SET])


async def test_what_was_set_aside_goes_in_the_end_and_not_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(store, "replies")
    await outbox.set_aside("young", b"body", "why")
    monkeypatch.setattr("bot.store.outbox.ASIDE_SECONDS", -2 * 3600)
    for name in ("old", "put back"):
        await outbox.set_aside(name, b"body", "why")
    assert await outbox.put_back("put back")
    assert await outbox.let_go() == 1
    assert await outbox.parked() == {"young": "why"}
    assert set(await store.read("HKEYS", "outbox:replies:bodies")) == {b"young", b"put back"}
    assert [entry.id for entry in await outbox.claim(9, 60)] == ["put back"]
    assert await outbox.let_go() == 0
