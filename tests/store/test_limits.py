"""What may be done how often, counted in the store under tags that the day takes with it."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from bot.store.connection import Store
from bot.store.limits import DAY, LIMITS, Limited, Limits, Who

# In 2100: what ends at a moment that has been is gone at once.
MIDNIGHT = 4_102_444_800
NOON = MIDNIGHT - DAY // 2


async def counted(limits: Limits, name: Limited, who: Who, times: int) -> None:
    for _ in range(times):
        await limits.count(name, who)


@pytest.mark.parametrize("name", LIMITS)
async def test_a_person_has_a_limit_and_nobody_else_bears_it(store: Store, name: Limited) -> None:
    limits, one, other = Limits(store, b"own"), Who("one"), Who("other")
    await counted(limits, name, one, LIMITS[name].per_person - 1)
    assert not await limits.reached(name, one)
    await limits.count(name, one)
    assert await limits.reached(name, one)
    assert not await limits.reached(name, other)


async def test_a_network_has_a_limit_whoever_is_behind_it(store: Store) -> None:
    name: Limited = "guesses"
    limits, most = Limits(store, b"own"), LIMITS[name].per_network
    for number in range(most - 1):
        await limits.count(name, Who(str(number), "192.0.2.0/24"))
    assert not await limits.reached(name, Who("one", "192.0.2.0/24"))
    await limits.count(name, Who("last", "192.0.2.0/24"))
    assert await limits.reached(name, Who("one", "192.0.2.0/24"))
    assert not await limits.reached(name, Who("one", "198.51.100.0/24"))
    assert not await limits.reached(name, Who("one"))


async def test_a_report_is_counted_for_its_person_and_beside_no_network(store: Store) -> None:
    commands = await Limits(store, b"own").counting("reports", Who("one", "192.0.2.0/24"))
    assert [command[0] for command in commands] == ["INCR", "EXPIREAT"]


async def test_all_together_have_a_limit_where_there_is_one(store: Store) -> None:
    limits = Limits(store, b"own")
    await limits.count("guesses", Who("one"))
    [everybody] = [
        name async for name in store.client.scan_iter("limit:guesses:*") if name.count(b":") == 2
    ]
    await store.write("SET", everybody, LIMITS["guesses"].in_all - 1, "KEEPTTL")
    assert not await limits.reached("guesses", Who("other"))
    await limits.count("guesses", Who("another"))
    assert await limits.reached("guesses", Who("other"))


async def test_all_processes_count_together(store: Store) -> None:
    one, other = Limits(store, b"own"), Limits(store, b"own")
    await counted(one, "guesses", Who("x"), LIMITS["guesses"].per_person - 1)
    await other.count("guesses", Who("x"))
    assert await one.reached("guesses", Who("x"))


async def test_the_store_alone_does_not_tell_whose_tag_it_is(store: Store) -> None:
    """Somebody who stole the day's key with the store still lacks the bot's own."""
    bot, thief = Limits(store, b"own"), Limits(store, b"guessed")
    await bot.count("reports", Who("4242"))
    before = {name async for name in store.client.scan_iter("limit:reports:*")}
    await thief.count("reports", Who("4242"))
    after = {name async for name in store.client.scan_iter("limit:reports:*")}
    assert len(before) == 1
    assert len(after) == 2


async def test_tomorrow_has_another_key_and_todays_goes_with_the_day(store: Store) -> None:
    limits = Limits(store, b"own")
    with patch("bot.store.limits.time.time", lambda: NOON):
        await counted(limits, "reports", Who("one"), LIMITS["reports"].per_person)
        assert await limits.reached("reports", Who("one"))
        today = [name async for name in store.client.scan_iter("limit:*")]
        assert {await store.read("PEXPIRETIME", name) for name in today} == {MIDNIGHT * 1000}
    with patch("bot.store.limits.time.time", lambda: NOON + DAY):
        assert not await limits.reached("reports", Who("one"))
    keys = [name async for name in store.client.scan_iter("limit:key:*")]
    assert len({await store.read("GET", name) for name in keys}) == 2
