"""A script that is not allowed all of it does none of it; and every role works as its own user."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from bot import valkey
from bot.channels.telegram.pace import SENT, Pacer, Rank
from bot.channels.telegram.pacing import PAUSE, Pauses
from bot.core.errors import StoreUnavailable
from bot.store.connection import Store, spelled
from bot.store.erasure import ERASED, REWRITING, REWRITTEN, erased, rewrite
from bot.store.lifetimes import end_after
from bot.store.outbox import UNDELIVERABLE, Outbox
from bot.store.reports import Reports, Standing
from bot.vault.access import OPERATOR, ROLES, access_file, new_passwords
from bot.vault.keys import KeyMissing
from tests.whole.programme import Programme
from workers.undeliverable import undeliverable


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address of one store for each user."""
    folder, passwords = tmp_path_factory.mktemp("access"), new_passwords()
    process = subprocess.Popen(valkey.command(folder, access_file(passwords)))
    try:
        url = valkey.wait_until_ready(process, folder)
        yield {user: valkey.address_for(url, user, passwords[user]) for user in passwords}
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
async def intake(urls: dict[str, str]) -> AsyncIterator[Store]:
    opened = Store.at(urls["bot"])
    yield opened
    await opened.close()


@pytest.fixture
def operator(urls: dict[str, str]) -> Iterator[Redis]:
    with Redis.from_url(urls[OPERATOR]) as client:
        client.flushall()
        yield client


@pytest.mark.parametrize("refused", [("DEL", "vault:x"), ("APPEND", "vault:x", "v")])
async def test_a_commit_with_one_refused_command_writes_nothing(
    intake: Store, operator: Redis, refused: tuple[str, ...]
) -> None:
    operator.set("vault:x", "sealed")
    allowed = ("SET", "vault:y", "sealed")
    words = ("", "draft" * 3, end_after(60), *spelled([allowed, refused]))
    with pytest.raises(StoreUnavailable):
        await intake.script("commit", ("c:x",), words)
    assert operator.keys() == [b"vault:x"]
    assert operator.get("vault:x") == b"sealed"
    assert await intake.script("commit", ("c:x",), words[: 3 + 4]) == 1
    assert sorted(operator.keys()) == [b"c:x", b"vault:x", b"vault:y"]


async def test_a_refused_outcome_leaves_its_entry_leased(
    urls: dict[str, str], operator: Redis
) -> None:
    store = Store.at(urls["push"])
    outbox = Outbox(store, "push")
    for command in outbox.add("one"):
        await store.write(*command)
    [entry] = await outbox.claim(1, 60)
    with pytest.raises(StoreUnavailable):
        await outbox.done(entry, [("DEL", "report:x"), ("DEL", "vault:x")])
    assert operator.zcard("outbox:push") == 1
    assert await outbox.done(entry, [("DEL", "report:x")])
    assert operator.zcard("outbox:push") == 0
    await store.close()


@pytest.mark.parametrize("role", ["push", "media", "delivery"])
async def test_who_does_what_cannot_be_undone_may_wait_for_the_disk(
    urls: dict[str, str], operator: Redis, role: str
) -> None:
    operator.zadd(f"outbox:{role}", {"one": 0})
    store = Store.at(urls[role])
    outbox = Outbox(store, role)
    [entry] = await outbox.claim(1, 60)
    await outbox.hold(entry, 60, [])
    assert await outbox.done(entry, on_disk=True)
    await store.close()


@pytest.mark.parametrize("kind", ["push", "media", "notices", "delivery", "replies"])
async def test_the_bot_may_put_back_what_an_operator_wants_tried_again(
    intake: Store, operator: Redis, kind: str
) -> None:
    outbox = Outbox(intake, kind)
    for anew, lease in ((False, b"0:3:0"), (True, None)):
        operator.hset(f"outbox:{kind}:parked", "one", "KeyError")
        operator.hset(f"outbox:{kind}:leases", "one", "0:3:0")
        operator.zrem(f"outbox:{kind}", "one")
        assert await outbox.put_back("one", anew=anew)
        assert await outbox.parked() == {}
        assert operator.zrange(f"outbox:{kind}", 0, -1) == [b"one"]
        assert operator.hget(f"outbox:{kind}:leases", "one") == lease


@pytest.mark.parametrize("role", ["notices", "delivery"])
async def test_a_custodian_may_shred_and_count(
    urls: dict[str, str], operator: Redis, role: str
) -> None:
    operator.set("vault:x", "sealed")
    store = Store.at(urls[role])
    outbox = Outbox(store, role)
    operator.zadd(f"outbox:{role}", {"one": 0})
    [entry] = await outbox.claim(1, 60)
    lost = undeliverable(KeyMissing("2026-11", "outer", "private"))
    assert await outbox.done(entry, [("DEL", "vault:x"), *erased(), *lost])
    assert operator.exists("vault:x") == 0
    assert operator.get(ERASED) == operator.hget(UNDELIVERABLE, "2026-11") == b"1"
    await store.close()


@pytest.mark.parametrize("role", ["bot", "delivery"])
async def test_who_sends_over_telegram_may_keep_its_pace(
    urls: dict[str, str], operator: Redis, role: str
) -> None:
    store = Store.at(urls[role])
    pauses = Pauses(store.client)
    await Pacer(store.client, pauses, Rank.NOTICES).wait(1)
    assert operator.llen(SENT) == 1
    await pauses.refused(None, 30)
    assert operator.exists(PAUSE)
    await store.close()


async def test_the_notices_worker_may_have_the_file_written_anew(
    urls: dict[str, str], operator: Redis
) -> None:
    store = Store.at(urls["notices"])
    assert await rewrite(store)
    assert operator.get(REWRITING) == b"0"
    while operator.info("persistence")["aof_rewrite_in_progress"]:
        await asyncio.sleep(0.01)
    assert not await rewrite(store)
    assert operator.get(REWRITTEN) == b"0"
    await store.close()


def test_the_programme_runs_each_role_as_its_own_user(tmp_path: Path) -> None:
    """Passwords stand in the environment of their role and in no title or line of output."""
    programme = Programme(tmp_path)
    programme.start()
    try:
        data = tmp_path / "data"
        password = (data / "keys" / "store").read_text()
        url = valkey.address_for(f"unix://{valkey.socket_path(data)}", OPERATOR, password)
        with Redis.from_url(url) as operator:
            wait_for(lambda: users(operator) == {*ROLES, OPERATOR})
        family = programme.family()
        for words in (titles(programme), programme.output.read_text()):
            assert re.search("[0-9a-f]{64}", words) is None
        [desk] = [one for one in family if one.cmdline()[-1] == "desk"]
        assert "REDIS_URL" not in desk.environ()
    finally:
        assert programme.stop() == 0


def titles(programme: Programme) -> str:
    """What anybody on the machine can read of its processes."""
    return " ".join(word for one in programme.family() for word in one.cmdline())


def users(operator: Redis) -> set[str]:
    """Who is connected."""
    return {str(client["user"]) for client in operator.client_list()}


def wait_for(condition: Callable[[], bool]) -> None:
    """Poll until it holds."""
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


async def test_the_notices_worker_may_keep_a_way_back_longer_or_shorter(
    urls: dict[str, str], operator: Redis
) -> None:
    operator.set("vault:x", "sealed", ex=60)
    operator.zadd("outbox:notices", {"one": 0})
    store = Store.at(urls["notices"])
    outbox, standing = Outbox(store, "notices"), Standing("R", "x", "fire", datetime.now(UTC))
    [entry] = await outbox.claim(1, 60)
    assert await outbox.done(entry, Reports(store).kept(standing, 24 * 3600))
    assert 24 * 3600 <= operator.ttl("vault:x") + 60 <= 25 * 3600 + 60
    await store.close()
