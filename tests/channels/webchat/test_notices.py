"""News reach a chat once: at once where its page is open, on the next visit where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.channels.contract import Notice
from bot.channels.webchat import Sender, limits
from bot.channels.webchat.identity import tag_of
from bot.channels.webchat.inbox import Inbox
from bot.core.errors import ChannelDown
from tests.channels.webchat.world import World, hearing, new_token, until


def notice(number: int = 1) -> Notice:
    return Notice(f"notice-{number}", f"已核实 {number}", "zh")


async def test_a_notice_waits_for_the_next_visit(world: World, client: Redis) -> None:
    token, sender = new_token(), Sender(world.surroundings)
    await sender.send(token, notice())
    await sender.send(token, notice())
    async with world.page(token) as page:
        frame = await page.hear()
        assert frame["notice"]["id"] == "notice-1"
        assert frame["notice"]["text"] == "已核实 1"
        assert frame["notice"]["locale"] == "zh"
        await page.ask("open")
        assert [one for one in page.heard if "notice" in one] == [frame]
        await page.send({"seen": ["notice-1"]})
        await until(lambda: _gone(client, token))
    await sender.close()


async def test_a_notice_comes_at_once_where_the_page_is_open(
    world: World, client: Redis, tmp_path: Path
) -> None:
    async with World(client, tmp_path) as elsewhere, world.page() as page:
        await page.ask("open")
        await until(lambda: hearing(client, 2))
        sender = Sender(elsewhere.surroundings)
        await sender.send(page.token, notice(1))
        assert (await page.hear())["notice"]["id"] == "notice-1"
        await sender.send(page.token, notice(2))
        assert (await page.hear())["notice"]["id"] == "notice-2"


async def test_news_for_no_chat_end_the_news_of_none(world: World, client: Redis) -> None:
    async with world.page() as page:
        await page.ask("open")
        await until(lambda: hearing(client))
        await client.publish(b"webchat:\xff", b"")
        await Sender(world.surroundings).send(page.token, notice())
        assert (await page.hear())["notice"]["id"] == "notice-1"


async def test_what_was_not_seen_comes_again_on_every_visit(world: World) -> None:
    token = new_token()
    await Sender(world.surroundings).send(token, notice())
    for _ in range(2):
        async with world.page(token) as page:
            assert (await page.hear())["notice"]["id"] == "notice-1"


async def test_notices_come_in_the_order_they_were_sent(world: World, client: Redis) -> None:
    token = new_token()
    for number in range(20):
        await Sender(world.surroundings).send(token, notice(number))
    waiting = await Inbox(client, token).waiting()
    assert [one.at for one in waiting] == sorted(one.at for one in waiting)
    assert {one.id for one in waiting} == {f"notice-{number}" for number in range(20)}


@pytest.mark.parametrize(("sent", "kept"), [(3, 3), (4, 3)])
async def test_so_many_are_kept_and_the_newest_of_them(
    world: World, client: Redis, monkeypatch: pytest.MonkeyPatch, sent: int, kept: int
) -> None:
    monkeypatch.setattr(limits, "INBOX_MOST", 3)
    token = new_token()
    sender = Sender(world.surroundings)
    for number in range(sent):
        await sender.send(token, notice(number))
        await until(lambda: _clock_moved(client))
    waiting = await Inbox(client, token).waiting()
    assert len(waiting) == kept
    assert waiting[-1].id == f"notice-{sent - 1}"


async def test_the_store_shows_neither_person_nor_words(world: World, client: Redis) -> None:
    token = new_token()
    await Sender(world.surroundings).send(token, notice())
    key = f"inbox:{tag_of(token)}"
    kept = await client.hgetall(key)
    everything = key.encode() + b"".join(
        bytes(name) + bytes(sealed)  # type: ignore[arg-type]
        for name, sealed in kept.items()
    )
    for secret in (token.encode(), b"notice-1", "已核实".encode()):
        assert secret not in everything
    assert limits.INBOX_KEPT_FOR - 60 < await client.ttl(key) <= limits.INBOX_KEPT_FOR + 3600
    assert await client.pexpiretime(key) % 3_600_000 == 0, "it tells when the notice came"


async def test_another_token_opens_nothing(world: World, client: Redis) -> None:
    token, thief = new_token(), new_token()
    await Sender(world.surroundings).send(token, notice())
    await client.rename(f"inbox:{tag_of(token)}", f"inbox:{tag_of(thief)}")
    assert await Inbox(client, thief).waiting() == []


async def test_a_store_that_does_not_answer_is_tried_again_later(tmp_path: Path) -> None:
    async with (
        Redis(port=1, retry=Retry(NoBackoff(), 0)) as nowhere,
        World(nowhere, tmp_path) as world,
    ):
        with pytest.raises(ChannelDown):
            await Sender(world.surroundings).send(new_token(), notice())
        with pytest.raises(ChannelDown):
            await world.channel.show(new_token(), ())


async def test_a_gap_in_hearing_is_made_good(world: World, client: Redis) -> None:
    async with world.page() as page:
        await page.ask("open")
        await until(lambda: hearing(client))
        await client.client_kill_filter(_type="pubsub")
        frames = [await page.hear()]
        assert frames == [{"again": True}]
        await until(lambda: hearing(client))
        await Sender(world.surroundings).send(page.token, notice())
        assert (await page.hear())["notice"]["id"] == "notice-1"


async def _gone(client: Redis, token: str) -> bool:
    return not await client.exists(f"inbox:{tag_of(token)}")


async def _clock_moved(client: Redis) -> bool:
    """A round trip: the next notice is sent in another millisecond."""
    seconds, micros = await client.time()
    return micros % 1000 > 500 and seconds > 0
