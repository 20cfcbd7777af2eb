"""A primary that dies, hangs or is cut off, and whoever has to come to the new one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import pytest
from redis import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from bot.bells import Bells, bell_key, ring_once
from bot.core.errors import StoreUnavailable
from bot.store.address import blocking_client
from bot.store.check import ALONE, StoreUnfit, check_store
from bot.store.connection import Store, spelled
from bot.store.lifetimes import end_after
from bot.store.listening import heard
from bot.store.outbox import Entry, LeaseLost, Outbox
from tests.sentinels import SERVICE, City, city
from tests.whole.programme import free_port
from workers.__main__ import LISTENING_SECONDS, BellWorker, KnownJob
from workers.sweep import Sweep

T = TypeVar("T")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with city(tmp_path_factory.mktemp("city")) as whole:
        yield whole


@pytest.fixture
async def store(stores: City) -> AsyncIterator[Store]:
    opened = Store.at(stores.url, replicas=1)
    await opened.client.flushall()
    yield opened
    await opened.close()


async def until_taken(asked: Callable[[], Awaitable[T]]) -> T:
    """Ask until the store answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await asked()
            except StoreUnavailable:
                await asyncio.sleep(0.05)


async def commits(store: Store, key: str) -> object:
    words = (b"", b"v" * 20, end_after(60), *spelled([("INCR", "work")]))
    return await store.script("commit", (key,), words, on_disk=True)


async def test_what_was_on_disk_is_there_after_a_failover_and_all_goes_on(
    stores: City, store: Store
) -> None:
    assert await commits(store, "before") == 1
    bells = Bells(store, stores.url)
    sweep = Sweep(stores.url, "push")
    with blocking_client(stores.url) as blocking:
        assert not sweep.sweep(blocking)
        await asyncio.to_thread(stores.fails_over)
        # The scripts are not there; each of these comes to the new primary by itself.
        assert await until_taken(lambda: commits(store, "after")) == 1
        assert await store.read("GET", "before") == b"v" * 20
        assert await until_taken(lambda: store.write("SET", "plain", "1")) == b"OK"
        assert await store.read("GET", "work") == b"2"
        for command in Outbox(store, "push").add("one"):
            await store.write(*command)
        assert await asyncio.to_thread(until_swept, sweep, blocking)
        assert Queue("push", connection=blocking, serializer=JSONSerializer).count == 1
    await store.write("DEL", bell_key("media"))
    async with asyncio.timeout(30):
        while not await store.client.exists("rq:queue:media"):
            bells.ring(["media"])
            await bells.rung()
            await store.write("DEL", bell_key("media"))
    await bells.close()


def until_swept(sweep: Sweep, connection: Redis) -> bool:
    """As its thread does: a connection that was lost fails once."""
    while True:
        with contextlib.suppress(RedisError):
            return sweep.sweep(connection)


async def test_who_waits_for_news_and_bells_hears_them_from_the_new_primary(
    stores: City, store: Store
) -> None:
    async with store.client.pubsub() as news, listening(stores.url) as rung:
        await news.subscribe("news")
        assert (await heard(news, 5))["type"] == "subscribe"
        while not (await store.client.info("clients"))["blocked_clients"]:
            await asyncio.sleep(0.02)
        await asyncio.to_thread(stores.fails_over)
        async with asyncio.timeout(30):
            while await heard_or_lost(news) != b"said":
                await until_taken(lambda: store.write("PUBLISH", "news", "said"))
            with blocking_client(stores.url) as blocking:
                ring_once(blocking, "push")
            assert await rung


async def heard_or_lost(news: PubSub) -> object:
    try:
        return (await heard(news, 0.2)).get("data")
    except RedisError:
        return None


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[asyncio.Future[object]]:
    """A worker that waits for one bell, as ours do."""
    worker = BellWorker(
        ["push"],
        connection=blocking_client(url),
        job_class=KnownJob,
        serializer=JSONSerializer,
        worker_ttl=LISTENING_SECONDS,
    )
    took = asyncio.to_thread(worker.dequeue_job_and_maintain_ttl, worker.dequeue_timeout)
    yield asyncio.ensure_future(took)
    worker.connection.close()


async def test_a_primary_that_hangs_is_left_in_time(stores: City, store: Store) -> None:
    """Its connections stay open, and silent."""
    await store.write("SET", "before", "1")
    async with store.client.pubsub() as news:
        await news.subscribe("news")
        await heard(news, 5)
        hangs = stores.primary
        stores.signal(hangs, signal.SIGSTOP)
        try:
            with (
                patch("bot.store.connection.ANSWER_SECONDS", 1),
                patch("bot.store.listening.ANSWER_SECONDS", 0.5),
            ):
                with pytest.raises(StoreUnavailable):
                    await store.read("GET", "before")
                await asyncio.to_thread(stores.until_promoted, 1 - hangs)
                assert await until_taken(lambda: store.write("SET", "after", "1")) == b"OK"
                with pytest.raises(Exception, match="nothing is heard"):
                    await heard(news, 0.1)
                assert (await heard(news, 5))["type"] == "subscribe"
                await store.write("PUBLISH", "news", "said")
                assert (await heard(news, 5))["data"] == b"said"
        finally:
            stores.kill(hangs)
            await asyncio.to_thread(stores.comes_back, hangs)


async def test_a_claim_that_the_new_primary_never_heard_of_counts_for_nothing(
    stores: City, store: Store
) -> None:
    """Its fence is counted out again, to somebody else."""
    outbox = Outbox(store, "push")
    for command in outbox.add("one"):
        await store.on_disk(*command)
    await asyncio.to_thread(lambda: stores.cuts_off(stores.replica))
    [lost] = await outbox.claim(1, 60, name="old")
    with patch("bot.store.connection.ON_DISK_MS", 300), pytest.raises(StoreUnavailable):
        await outbox.hold(lost, 60, [("SET", "sent:one", "1")])
    await asyncio.to_thread(stores.fails_over)
    assert await until_taken(lambda: store.read("EXISTS", "sent:one")) == 0
    [newer] = await until_taken(lambda: outbox.claim(1, 60, name="new"))
    assert newer.attempts == 1, "nothing was sent on the strength of the claim that was lost"
    assert newer.fence // 10**9 == lost.fence // 10**9
    with pytest.raises(LeaseLost):
        await outbox.hold(lost, 60, [])
    assert not await outbox.done(lost)
    assert await outbox.renew([lost], 60) == set()
    await until_taken(lambda: outbox.hold(newer, 60, [("SET", "sent:one", "1")]))
    await asyncio.to_thread(stores.fails_over)
    assert await until_taken(lambda: store.read("EXISTS", "sent:one")) == 1
    [later] = await until_taken(lambda: claim_now(outbox, store))
    assert later.attempts == 2, "what was held is known to be tried"


async def claim_now(outbox: Outbox, store: Store) -> list[Entry]:
    await store.write("ZADD", "outbox:push", "XX", 0, "one")
    return await outbox.claim(1, 60, name="newest")


async def test_a_store_that_may_be_alone_is_named(stores: City, store: Store) -> None:
    assert check_store(stores.url) == ALONE
    url = f"redis://127.0.0.1:{stores.port(stores.primary)}/0"
    assert check_store(url) == ""
    assert check_store(url, replicas=1) == ALONE
    await store.client.config_set("min-replicas-to-write", "1")
    try:
        assert check_store(stores.url, replicas=1) == ""
    finally:
        await store.client.config_set("min-replicas-to-write", "0")


def test_sentinels_that_do_not_help_are_named(stores: City, tmp_path: Path) -> None:
    with pytest.raises(StoreUnfit) as refused:
        check_store(f"redis+sentinel://127.0.0.1:{free_port()}/{SERVICE}")
    assert str(refused.value) == "REDIS_URL: no Sentinel answers there."
    with pytest.raises(StoreUnfit) as refused:
        check_store(stores.url.replace(f"/{SERVICE}/", "/town/"))
    assert str(refused.value) == "REDIS_URL: the Sentinels watch no service of this name."
    with pytest.raises(StoreUnfit) as refused:
        check_store(f"{stores.url}?sentinel_username=nobody&sentinel_password=wrong")
    assert "sentinel_password" in str(refused.value)


def test_one_sentinel_that_is_away_is_passed_over(stores: City) -> None:
    one = f"redis+sentinel://127.0.0.1:{free_port()},"
    assert check_store(stores.url.replace("redis+sentinel://", one)) == ALONE
