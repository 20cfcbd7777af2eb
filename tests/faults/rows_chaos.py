"""Everything at once, at random."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import aiohttp
from redis.exceptions import RedisError

from tests.fakes.cases.georeport import Case
from tests.fakes.telegram import TelegramServer
from tests.faults.disasters import ASLEEP, Disasters
from tests.faults.events import event, signed, tell
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import Ledger, crowds
from tests.faults.proxy import Proxy
from tests.faults.rows_bot import at_telegram, outcome, report_by_phone
from tests.faults.stage import Stage, clock, stage

BOTS = ("bot", "bot2")
KINDS = ("push", "media", "notices", "delivery")


@row(
    "two bots behind a balancer, {pushes} push workers and one of each other kind, page and "
    "Telegram, pictures and notices, one store: all of the above at random for {seconds} s",
    pushes=(4, 2),
    seconds=(600, 12),
)
async def all_at_once(folder: Path, scale: Scale, seed: int) -> Count:
    """Nothing lost, nothing twice; a notice in Telegram twice at most for each death in a send."""
    ledger, chance = Ledger(seed), random.Random(seed)
    which = random.Random(seed + 1)
    async with TelegramServer() as server, stage(folder) as here:
        async with Proxy(lambda: here.ports[which.choice(BOTS)]) as balancer:
            url = f"http://127.0.0.1:{balancer.port}"
            here.extra = at_telegram(server, "webhook", url)
            await _started(here, scale["pushes"])
            disasters = Disasters(here, server, chance, hurry=scale.short)
            over = asyncio.create_task(_striking(disasters, chance, scale["seconds"]))
            telling = asyncio.create_task(_telling(here, url, over))
            async with asyncio.TaskGroup() as people:
                people.create_task(crowds([url], ledger, over, pictures=True))
                people.create_task(_phones(server, ledger, over))
            await over
            ledger.fault_over()
            await here.until_done("media", "push", seconds=180)
            told = await telling
            await here.until_done("notices", "delivery", seconds=180)
            assert [role for role in here.roles.values() if "drain.parked" in role.said()] == []
            assert server.violations == []
            assert ledger.without_picture(here.cases) == []
            notices, again = _notices(here, server, told)
            deaths = len(here.roles["delivery"].ends) + disasters.count[ASLEEP]
            assert again <= deaths, f"{again} notices came again, with {deaths} deaths"
        note = (
            f"{len(ledger.receipts)} receipts, {len(ledger.pictured)} with a picture, {notices} "
            f"notices, {again} of them twice"
        )
        return outcome(here, ledger, disasters.count.total(), note)


# What somebody at Telegram says of a hazard; words that were said again may stand before it.
_BY_PHONE = re.compile(r"\bt\d+ [0-9a-f]{12}\b")


async def _started(here: Stage, pushes: int) -> None:
    for name in BOTS:
        here.bot(name)
        await here.until_ready_again(name)
    for number in range(pushes):
        here.worker("push", f"push{number}").start()
    for kind in KINDS[1:]:
        here.worker(kind).start()


async def _striking(disasters: Disasters, chance: random.Random, seconds: float) -> None:
    end = clock() + seconds
    while clock() < end:
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        await disasters.strike()
    await disasters.over()


async def _phones(server: TelegramServer, ledger: Ledger, over: asyncio.Task[None]) -> None:
    """As long as it goes on, people at Telegram report, two at a time."""
    while not over.done():
        await report_by_phone(server, ledger, 2)


async def _telling(here: Stage, url: str, over: asyncio.Task[None]) -> list[Case]:
    """The case system has news of each case once, and says it until it is heard; those cases."""
    told: list[Case] = []
    while True:
        last = over.done() and _pushed(here)
        for case in here.cases.cases[len(told) :]:
            while not await _heard(url, case):
                await asyncio.sleep(0.3)
            told.append(case)
        if last:
            return told
        await asyncio.sleep(0.3)


def _pushed(here: Stage) -> bool:
    try:
        return not here.store.zcard("outbox:push")
    except RedisError:
        return False


async def _heard(url: str, case: Case) -> bool:
    body = event(case.reference, 1, "verifying", _news(case))
    try:
        return await tell(url, body, signed(body, datetime.now(UTC))) == HTTPStatus.OK
    except (aiohttp.ClientError, OSError):
        return False


def _news(case: Case) -> str:
    """What the case system says of it, in words that no other case has."""
    return f"消息 {case.id}。"


def _notices(here: Stage, server: TelegramServer, told: list[Case]) -> tuple[int, int]:
    """How many notices there are, and how many at Telegram came again; asserts that none is lost.

    On the page there is one for each, at Telegram one or more.
    """
    at_phones = [_news(case) for case in told if _BY_PHONE.search(case.description)]
    in_chats = Counter(
        news
        for chat in server.world.chats.values()
        for message in chat.messages
        for news in at_phones
        if message.from_bot and news in message.text
    )
    assert set(in_chats) == set(at_phones), set(at_phones) - set(in_chats)
    inboxes = sum(int(here.store.hlen(inbox)) for inbox in here.store.scan_iter("inbox:*"))
    assert inboxes == len(told) - len(at_phones), (inboxes, len(told), len(at_phones))
    return len(told), in_chats.total() - len(at_phones)
