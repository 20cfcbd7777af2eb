"""What dies is the bot, in the midst of conversations."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable
from pathlib import Path

from bot.supervisor import STOP_SECONDS
from tests.contract.channels.telegram import AtTelegram
from tests.fakes.telegram import TelegramServer
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, AtPhone, Ledger, crowds
from tests.faults.proxy import Verdict
from tests.faults.role import Role
from tests.faults.stage import Stage, clock, stage, until
from tests.whole.programme import free_port

# Long enough for whoever holds a phone, who waits longer than a page before they say it again, and
# for what was in hand at two ends, which pauses for a second before its turn.
LIVES_SECONDS = 1.5


async def killing(
    here: Stage,
    kills: int,
    chance: random.Random,
    polls: Callable[[], int | None] = lambda: None,
) -> None:
    """Kill the bot at a moment of chance, again and again, and start it each time.

    `polls` counts how often it asked for updates, where it has to before it hears anything.
    """
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.01, LIVES_SECONDS))
        here.roles["bot"].kill()
        before = polls()
        await here.until_ready_again()
        if before is not None:
            await until(lambda: polls() != before, 30)  # noqa: B023 - waited for before it changes


def outcome(here: Stage, ledger: Ledger, tried: int, note: str = "") -> Count:
    """What was promised beside what there is."""
    return Count(
        tried=tried,
        sent=len(here.cases.cases),
        lost=ledger.lost(here.cases),
        duplicated=ledger.duplicated(here.cases),
        worst=ledger.worst(here.cases),
        note=note,
    )


def at_telegram(server: TelegramServer, mode: str, url: str) -> dict[str, str]:
    """The settings of a bot at Telegram that is reached at `url`."""
    return {
        "BOT_TOKEN": server.token,
        "TELEGRAM_API_URL": server.url,
        "TELEGRAM_MODE": mode,
        "TELEGRAM_WEBHOOK_SECRET": "a-secret_of-ours",
        "PUBLIC_URL": url,
    }


async def _at_telegram(folder: Path, mode: str, kills: int, seed: int) -> Count:
    chance, ledger = random.Random(seed), Ledger(seed)
    async with TelegramServer() as server, stage(folder) as here:
        here.ports["bot"] = free_port()
        here.extra = at_telegram(server, mode, here.url())
        here.bot()
        here.worker("push").start()
        await here.until_ready_again()

        def polls() -> int | None:
            return len(server.calls_of("getUpdates")) if mode == "polling" else None

        over = asyncio.create_task(killing(here, kills, chance, polls))
        while not over.done():  # with others each time: one person has so many reports a day
            await report_by_phone(server, ledger)
        await over
        await here.settled()
        assert server.violations == []
        return outcome(here, ledger, kills, f"{len(ledger.receipts)} receipts")


async def report_by_phone(server: TelegramServer, ledger: Ledger, people: int = 6) -> None:
    """So many new people at Telegram report, each once."""
    nth = len(ledger.receipts)
    phones = [
        AtPhone(AtTelegram("zh", server), ledger, f"t{nth + number}") for number in range(people)
    ]
    await asyncio.gather(*(person.reports() for person in phones))


@row(
    "kill -9 of the bot at {kills} random points of conversations, Telegram by polling",
    kills=(100, 3),
)
async def bot_killed_polling(folder: Path, scale: Scale, seed: int) -> Count:
    """The offset never passes what was not committed."""
    return await _at_telegram(folder, "polling", scale["kills"], seed)


@row(
    "kill -9 of the bot at {kills} random points of conversations, Telegram by webhook",
    kills=(100, 3),
)
async def bot_killed_webhook(folder: Path, scale: Scale, seed: int) -> Count:
    """200 is answered after the commit alone."""
    return await _at_telegram(folder, "webhook", scale["kills"], seed)


@row(
    "kill -9 of the bot at {kills} random points of conversations, web chat, with pictures",
    kills=(100, 4),
)
async def bot_killed_webchat(folder: Path, scale: Scale, seed: int) -> Count:
    """The page repeats what was not acknowledged."""
    chance, ledger, kills = random.Random(seed), Ledger(seed), scale["kills"]
    async with stage(folder) as here:
        here.bot()
        here.worker("push").start()
        here.worker("media").start()
        await here.until_ready_again()
        over = asyncio.create_task(killing(here, kills, chance))
        await crowds([here.url()], ledger, over, pictures=True)
        await over
        await here.settled()
        assert ledger.without_picture(here.cases) == []
        note = f"{len(ledger.receipts)} receipts, {len(ledger.pictured)} with a picture"
        return outcome(here, ledger, kills, note)


@row(
    "kill -9 of the bot as a submit reaches the store, and as its answer returns, {times} × each",
    times=(10, 1),
)
async def bot_killed_at_submit(folder: Path, scale: Scale, seed: int) -> Count:
    """Before: nothing was submitted. After: it was, and the receipt is the one that was kept."""
    ledger, tried = Ledger(seed), 0
    async with stage(folder) as here:
        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        for number in range(scale["times"]):
            for when in ("before", "after"):
                async with AtPage([here.url()], ledger, f"s{number}{when}") as person:
                    await person.reaches("summary")
                    here.proxy.on("commit", when, lambda _: _killed(here))
                    submitting = asyncio.create_task(person.step())
                    await until(lambda: not here.roles["bot"].runs, 10)
                    await here.until_ready_again()
                    await submitting
                    tried += 1
        await here.settled()
        assert len(ledger.receipts) == tried
        return outcome(here, ledger, tried)


def _killed(here: Stage) -> Verdict:
    here.roles["bot"].kill()
    return "pass"


@row(
    "rolling restart, {rounds} ×: SIGTERM of two bots, two push workers and a media worker in "
    "turn, while people report",
    rounds=(5, 1),
)
async def rolling_restart(folder: Path, scale: Scale, seed: int) -> Count:
    """Nothing is lost, and each is gone before whoever runs it would kill it."""
    ledger, took = Ledger(seed), [0.0]
    async with stage(folder) as here:
        bots = ("bot", "bot2")
        workers = {"push": "push", "push2": "push", "media": "media"}
        for name in bots:
            here.bot(name)
            await here.until_ready_again(name)
        for name, kind in workers.items():
            here.worker(kind, name).start()

        async def restarting() -> None:
            for _ in range(scale["rounds"]):
                for name in (*bots, *workers):
                    await ledger.another()
                    took.append(await _stopped(here.roles[name]))
                    here.roles[name].start()
                    if name in bots:
                        await here.until_ready(name)

        trouble = asyncio.create_task(restarting())
        await crowds([here.url(name) for name in bots], ledger, trouble, pictures=True)
        await trouble
        await here.settled()
        assert ledger.without_picture(here.cases) == []
        assert {end for role in here.roles.values() for end in role.ends} == {0}
        note = f"{len(ledger.receipts)} receipts; each stopped within {max(took):.1f} s"
        return outcome(here, ledger, len(took) - 1, note)


async def _stopped(role: Role) -> float:
    """SIGTERM, and wait for its end; the seconds that it took."""
    began, role.held = clock(), True
    role.signal(signal.SIGTERM)
    await until(lambda: not role.runs, STOP_SECONDS)
    return clock() - began


@row("SIGTERM of the bot with 50 turns in flight")
async def bot_stopped_in_flight(folder: Path, scale: Scale, seed: int) -> Count:
    """What is in hand is finished or never acknowledged."""
    ledger, count = Ledger(seed), 50
    async with stage(folder) as here:
        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        people = [AtPage([here.url()], ledger, f"f{number}") for number in range(count)]
        for person in people:
            await person.__aenter__()
        await asyncio.gather(*(person.reaches("summary") for person in people))
        here.proxy.delay = 0.05
        submitting = [asyncio.create_task(person.step()) for person in people]
        await asyncio.sleep(0.02)
        took = await _stopped(here.roles["bot"])
        here.proxy.delay = 0
        await here.until_ready_again()
        await asyncio.gather(*submitting)
        for person in people:
            await person.__aexit__()
        await here.settled()
        assert len(ledger.receipts) == count
        return outcome(here, ledger, count, f"stopped within {took:.1f} s")
