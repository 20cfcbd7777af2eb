"""Messages that take the bot down with them, each time, by every way in."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

from bot.channels.telegram.reception import TRIES_MOST
from bot.core.dialogue import Message
from bot.store.connection import Store
from bot.store.outbox import Outbox
from locales.catalogue import Catalogues
from tests.contract.channels.telegram import AtTelegram
from tests.fakes.telegram import TelegramServer
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, AtPhone, Ledger, RefusedForGood
from tests.faults.role import Role
from tests.faults.rows_bot import at_telegram, outcome
from tests.faults.stage import Stage, stage, until
from tests.whole.programme import free_port

# How a poisonous message ends the bot. What runs out first decides whether an exception comes of
# too little memory, or the end of the process.
KINDS: dict[str, int | None] = {"segfault": -signal.SIGSEGV, "memory": None, "loop": 1}
GIVEN_UP_SECONDS = 240.0
FAULT = (
    "poison by {way}: a message that segfaults, one that eats all memory and one that loops "
    "endlessly ({{kinds}} of them, at most {{deaths}} deaths each), each among {{count}} people "
    "who report; what was parked is put back {{backs}} ×"
)

Report = Callable[[str], Coroutine[None, None, None]]
# Says something poisonous until it is given up, and then reports as anybody does.
Poison = Callable[[], Coroutine[None, None, None]]


@row(
    FAULT.format(way="Telegram, polling"), deaths=(5, 3), count=(20, 4), kinds=(3, 1), backs=(1, 0)
)
async def poison_by_polling(folder: Path, scale: Scale, seed: int) -> Count:
    """The offset passes it in the end, and whoever came behind it waits no longer than that."""
    return await _by_all_kinds(folder, scale, seed, "polling")


@row(
    FAULT.format(way="Telegram, webhook"), deaths=(5, 3), count=(20, 4), kinds=(3, 1), backs=(1, 0)
)
async def poison_by_webhook(folder: Path, scale: Scale, seed: int) -> Count:
    """It is answered 200 in the end, and Telegram brings it no more."""
    return await _by_all_kinds(folder, scale, seed, "webhook")


@row(FAULT.format(way="the page"), deaths=(5, 3), count=(20, 4), kinds=(3, 3), backs=(1, 0))
async def poison_by_page(folder: Path, scale: Scale, seed: int) -> Count:
    """The page is told not to send it again, and goes on with what comes after it."""
    return await _by_all_kinds(folder, scale, seed, "page")


async def _by_all_kinds(folder: Path, scale: Scale, seed: int, way: str) -> Count:
    kinds = [*KINDS][: scale["kinds"]]
    played = [_city(folder / how, how, scale, seed, way) for how in kinds]
    return sum(await asyncio.gather(*played), Count())


async def _city(folder: Path, how: str, scale: Scale, seed: int, way: str) -> Count:
    ledger, people = Ledger(seed), scale["count"]
    async with stage(folder) as here:
        here.ports["bot"] = free_port()
        async with _people(here, ledger, way) as (report, poison):
            words = ("tests.faults.poisoned_bot", how, str(scale["deaths"]))
            bot = here.role("bot", *words, PORT=str(here.ports["bot"]))
            here.worker("push").start()
            await here.until_ready_again()
            async with asyncio.TaskGroup() as group:
                group.create_task(poison())
                for number in range(people):
                    group.create_task(report(f"g{number}"))
            ledger.fault_over()
            await here.settled()
            assert len(ledger.receipts) == people + 1
            note = f"{how}: {_given_up(here, bot, how, scale['deaths'], way)}"
            for _ in range(scale["backs"]):
                await _put_back(here, bot, scale["deaths"])
            return outcome(here, ledger, people + 1, note)


def _given_up(here: Stage, bot: Role, how: str, deaths: int, way: str) -> str:
    """After what it was given up, and that it was parked for it."""
    parked: list[bytes] = here.store.hvals("outbox:replies:parked")  # type: ignore[assignment]
    died = f"nobody who took it up came back, {deaths} times".encode()
    end = KINDS[how]
    if end is not None or died in parked:
        assert parked == [died]
        assert end is None or bot.ends == [end] * deaths, bot.ends
        return f"parked after {deaths} deaths"
    assert len(bot.ends) < deaths
    if way == "page":  # it is refused at its first error, and kept by the page
        assert parked == []
        return "refused at its first error"
    [reason] = parked
    assert reason.startswith(b"MemoryError at ")
    return f"parked after {TRIES_MOST} errors"


async def _put_back(here: Stage, bot: Role, deaths: int) -> None:
    """An operator has it tried again: it comes to no better end, and to that one only once."""
    store, before = Store.at(here.store_url), len(bot.ends)
    outbox = Outbox(store, "replies")
    names = await outbox.parked()
    for name in names:
        assert await outbox.put_back(name)

    async def parked_again() -> bool:
        if not bot.runs:
            here.time_passes("replies")
        return len(await outbox.parked()) == len(names)

    await until(parked_again, GIVEN_UP_SECONDS)
    assert await outbox.depth() == 0
    assert len(bot.ends) - before <= deaths
    await store.close()


@asynccontextmanager
async def _people(here: Stage, ledger: Ledger, way: str) -> AsyncIterator[tuple[Report, Poison]]:
    """Those who report, and the one who says something poisonous, by that way in."""
    if way == "page":
        yield _at_pages(here, ledger)
        return
    async with TelegramServer() as server:
        here.extra = at_telegram(server, way, here.url())
        yield _at_phones(server, ledger)
        assert server.violations == []


def _at_pages(here: Stage, ledger: Ledger) -> tuple[Report, Poison]:
    async def report(name: str) -> None:
        async with AtPage([here.url()], ledger, name) as person:
            await person.reports()

    async def poison() -> None:
        failed = Catalogues.load().say("zh", Message("web.error.failed"))
        async with AtPage([here.url()], ledger, "unlucky") as person:
            await person.does("open")
            try:
                await person.does("text", text="poison")
            except RefusedForGood as refused:
                assert refused.said == failed
            else:
                raise AssertionError("it was taken")
            await person.reports()

    return report, poison


def _at_phones(server: TelegramServer, ledger: Ledger) -> tuple[Report, Poison]:
    async def report(name: str) -> None:
        await AtPhone(AtTelegram("zh", server), ledger, name).reports()

    async def poison() -> None:
        phone = AtTelegram("zh", server)
        await phone.says("poison")
        failed = phone.words(Message("telegram.failed"))
        await until(lambda: _told(phone, failed), GIVEN_UP_SECONDS)
        await AtPhone(phone, ledger, "unlucky").reports()

    return report, poison


def _told(phone: AtTelegram, sentence: str) -> bool:
    return any(one.text == sentence for one in phone.person.messages)
