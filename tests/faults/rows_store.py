"""What fails is the store: away, cut off, killed, full, read-only, or with its file cut short."""

from __future__ import annotations

import asyncio
import random
import resource
import signal
from collections.abc import Callable
from pathlib import Path

from bot import valkey
from bot.store.connection import ANSWER_SECONDS
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, Ledger, crowds
from tests.faults.proxy import Verdict, When
from tests.faults.rows_bot import outcome
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, stage, until


@row("the store is down when the bot starts")
async def store_down_at_start(folder: Path, scale: Scale, seed: int) -> Count:
    """The bot says so in a sentence and is started again by whoever keeps it."""
    ledger = Ledger(seed)
    async with stage(folder, store=False) as here:
        bot = here.bot()
        bot.start()
        bot.held = True
        await until(lambda: not bot.runs, 30)
        assert "no Redis or Valkey answers" in bot.said()
        here.start_store()
        await here.until_ready_again()
        here.worker("push").start()
        await submits(here, ledger, "d", 3)
        await here.settled()
        return outcome(here, ledger, 1)


async def _under(here: Stage, ledger: Ledger, trouble: asyncio.Task[None]) -> None:
    """People report as long as there is trouble, and until all of them have a receipt."""
    await crowds([here.url()], ledger, trouble)
    await trouble


@row(
    "{cuts} × all connections to the store break at random, in turns and in pushes", cuts=(200, 15)
)
async def store_cut_off(folder: Path, scale: Scale, seed: int) -> Count:
    """Whoever lost a connection asks again; the version in the store tells what was kept."""
    ledger, chance, cuts = Ledger(seed), random.Random(seed), scale["cuts"]

    async with stage(folder) as here:

        async def cutting() -> None:
            for _ in range(cuts):
                await asyncio.sleep(chance.uniform(0.02, 0.3))
                here.proxy.up = chance.random() < 0.7
                here.proxy.cut()
                await asyncio.sleep(chance.uniform(0.01, 0.2))
                here.proxy.up = True

        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        await _under(here, ledger, asyncio.create_task(cutting()))
        await here.settled()
        return outcome(here, ledger, cuts, f"{len(ledger.receipts)} receipts")


BREAKS: tuple[tuple[When, Verdict], ...] = (("before", "cut"), ("after", "cut"), ("after", "half"))


def _breaks(here: Stage, script: str, broken: tuple[When, Verdict], kind: str = "") -> None:
    when, verdict = broken
    here.proxy.on(script, when, lambda _: verdict, kind)


@row(
    "the connection breaks at EXEC of a submit: before it is carried out, after, and after half of "
    "the answer; {times} × each",
    times=(25, 3),
)
async def store_cut_at_exec(folder: Path, scale: Scale, seed: int) -> Count:
    """Unknown is resolved by asking: the receipt is that of the one report there is."""
    ledger, tried = Ledger(seed), 0
    async with stage(folder) as here:
        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        for number in range(scale["times"]):
            for place, broken in enumerate(BREAKS):
                async with AtPage([here.url()], ledger, f"x{number}-{place}") as person:
                    await person.reaches("summary")
                    _breaks(here, "commit", broken)
                    await person.step()
                    tried += 1
                    assert here.proxy.unmet == []
        await here.settled()
        assert len(ledger.receipts) == tried
        return outcome(here, ledger, tried)


@row(
    "the connection breaks while the push worker claims and marks: before, after, after half of "
    "the answer; {times} × each",
    times=(5, 1),
)
async def store_cut_at_push(folder: Path, scale: Scale, seed: int) -> Count:
    """A mark that was not heard is found by its fence, a claim by its lease."""
    played = await asyncio.gather(
        *(
            _cut_at(folder / f"{script}-{place}", script, broken, scale, seed)
            for script in ("claim", "settle")
            for place, broken in enumerate(BREAKS)
        )
    )
    return sum(played, Count())


async def _cut_at(
    folder: Path, script: str, broken: tuple[When, Verdict], scale: Scale, seed: int
) -> Count:
    ledger, times = Ledger(seed), scale["times"]
    async with stage(folder) as here:
        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        for number in range(times):
            _breaks(here, script, broken, "push")
            await submits(here, ledger, f"q{number}-", 2)
            await until(lambda: not here.proxy.unmet, 60)
            if scale.short:
                here.time_passes("push")
            await here.settled()
        return outcome(here, ledger, 2 * times)


@row("kill -9 of the store at {kills} random moments", kills=(50, 4))
async def store_killed(folder: Path, scale: Scale, seed: int) -> Count:
    """What it answered was on disk; what it did not answer is asked for again."""
    ledger, chance, kills = Ledger(seed), random.Random(seed), scale["kills"]
    async with stage(folder) as here:

        async def killing() -> None:
            for number in range(kills):
                await asyncio.sleep(chance.uniform(0.05, 0.6))
                # Now and then it hits a write by itself, too rarely to be tried in each run.
                here.kill_store(writing=number % 5 == 1)
                await asyncio.sleep(chance.uniform(0.0, 0.3))
                here.start_store()

        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        await _under(here, ledger, asyncio.create_task(killing()))
        await here.settled()
        note = f"{len(ledger.receipts)} receipts, {here.torn} kills in the midst of a write"
        return outcome(here, ledger, kills, note)


@row("the store stalls for {seconds} s, {stalls} ×, and goes on", seconds=(20, 17), stalls=(5, 1))
async def store_stalls(folder: Path, scale: Scale, seed: int) -> Count:
    """People are told, nobody is told wrongly, and what was sent late counts once."""
    ledger, stalls = Ledger(seed), scale["stalls"]
    assert scale["seconds"] > ANSWER_SECONDS
    async with stage(folder) as here:

        async def stalling() -> None:
            for number in range(stalls):
                await ledger.another()
                told = ledger.told
                here.proxy.flows.clear()
                await asyncio.sleep(scale["seconds"])
                assert ledger.told > told, f"nobody was told in stall {number}"
                here.proxy.flows.set()
                ledger.fault_over()

        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        await _under(here, ledger, asyncio.create_task(stalling()))
        await here.settled()
        note = f"{len(ledger.receipts)} receipts, told {ledger.told} times"
        return outcome(here, ledger, stalls, note)


def _without_memory(here: Stage) -> None:
    here.store.config_set("maxmemory", "1mb")


def _with_memory(here: Stage) -> None:
    here.store.config_set("maxmemory", "0")


def _read_only(here: Stage) -> None:
    here.store.replicaof("127.0.0.1", "1")


def _writable(here: Stage) -> None:
    here.store.replicaof("NO", "ONE")


def disk_full(here: Stage) -> None:
    """A limit on the file's length does to a write what a full disk does."""
    here.kill_store()
    longest = max(map(len, valkey.contents(here.folder / "data").values()))

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest + 100, longest + 100))

    here.start_store(before=limited)


def disk_free(here: Stage) -> None:
    here.kill_store()
    here.start_store()


TROUBLES: dict[str, tuple[Callable[[Stage], None], Callable[[Stage], None]]] = {
    "maxmemory": (_without_memory, _with_memory),
    "read-only": (_read_only, _writable),
    "disk-full": (disk_full, disk_free),
}


@row("disk full, maxmemory, read-only store")
async def store_full(folder: Path, scale: Scale, seed: int) -> Count:
    """The person is told, nothing is half there, and it goes on once there is room."""
    ledger, tried = Ledger(seed), 0
    async with stage(folder) as here:
        here.bot()
        await here.until_ready_again()
        for name, (begins, ends) in TROUBLES.items():
            async with AtPage([here.url()], ledger, name) as person:
                await person.reaches("summary")
                before = len(here.store.keys("report:*"))
                begins(here)
                submitting = asyncio.create_task(person.step())
                await person.until_told()
                assert not submitting.done()
                if here.store_runs:
                    assert len(here.store.keys("report:*")) == before, "half a state"
                    assert here.store.zcard("outbox:push") == before
                ends(here)
                await submitting
                tried += 1
        here.worker("push").start()
        ledger.fault_over()
        await here.settled()
        assert len(ledger.receipts) == tried
        return outcome(here, ledger, tried, "told each time")
