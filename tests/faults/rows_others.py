"""The workers besides the push worker: killed at every point, and given a bomb."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.telegram import TelegramServer
from tests.faults.events import event, signed, tell
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, Ledger
from tests.faults.pictures import bomb
from tests.faults.proxy import Hook, Verdict, When
from tests.faults.rows_bot import at_telegram, outcome, report_by_phone
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, stage, until
from tests.whole.programme import free_port

OTHERS = ("media", "notices", "delivery")
# A claim that is not answered is before the effect; a mark that does not arrive is after it.
POINTS: tuple[tuple[str, When], ...] = (
    ("claim", "before"),
    ("claim", "after"),
    ("settle", "before"),
    ("settle", "after"),
)


@row(
    "kill -9 of the media, notices and delivery workers before and after claim and mark, "
    "{times} × each",
    times=(3, 1),
)
async def others_killed_at_points(folder: Path, scale: Scale, seed: int) -> Count:
    """Each picture is safe and goes with its report; each notice is in the inbox once."""
    ledger, version = Ledger(seed), 0
    async with stage(folder) as here:
        here.bot()
        for kind in ("push", *OTHERS):
            here.worker(kind).start()
        await here.until_ready_again()
        await submits(here, ledger, "told")
        await here.settled()
        told = here.cases.cases[0].reference
        for number in range(scale["times"]):
            for script, when in POINTS:
                version += 1
                for kind in OTHERS:
                    here.proxy.on(script, when, _killing(here, kind), kind)
                await submits(here, ledger, f"{script}-{when}-{number}-", pictures=True)
                body = event(told, version, "verifying", f"note {version}")
                assert await tell(here.url(), body, signed(body, datetime.now(UTC))) == 200
                await _all_struck(here, hurry=scale.short)
                ledger.fault_over()
                await here.until_done("media", "notices", "delivery", "push")
        assert ledger.without_picture(here.cases) == []
        [inbox] = here.store.keys("inbox:*")
        notices = int(here.store.hlen(inbox))
        every = len(OTHERS) * version
        await until(lambda: _ends(here) == [-signal.SIGKILL] * every, 30)
        found = outcome(here, ledger, every)
        found.lost += max(0, version - notices)
        found.duplicated += max(0, notices - version)
        found.note = f"{len(ledger.pictured)} pictures made safe, {notices} notices"
        return found


def _ends(here: Stage) -> list[int]:
    return [end for kind in OTHERS for end in here.roles[kind].ends]


def _killing(here: Stage, kind: str) -> Hook:
    def strike(_: bytes) -> Verdict:
        here.roles[kind].signal(signal.SIGKILL)  # whoever keeps it starts it again
        return "cut"

    return strike


async def _all_struck(here: Stage, *, hurry: bool) -> None:
    """Until each worker died once more. In a hurry, what it had in hand is due at once."""
    met: set[str] = set()

    def all_met() -> bool:
        unmet = {about.decode() for _, _, about in here.proxy.unmet}
        for kind in OTHERS:
            if f"outbox:{kind}\r" not in unmet and kind not in met:
                met.add(kind)
                if hurry:
                    here.time_passes(kind)
        return not unmet

    await until(all_met, 120)


# What Telegram had done when the worker died.
SENDS = ("has got it", "has sent it on", "has answered")


@row(
    "kill -9 of the delivery worker inside a send, when Telegram has got the call, has sent the "
    "notice on, and has answered and nothing is marked yet, {times} × each",
    times=(5, 1),
)
async def delivery_killed_in_a_send(folder: Path, scale: Scale, seed: int) -> Count:
    """Each notice arrives, and twice at most: sending and marking are two systems."""
    ledger, version = Ledger(seed), 0
    async with TelegramServer() as server, stage(folder) as here:
        here.ports["bot"] = free_port()
        here.extra = at_telegram(server, "webhook", here.url())
        here.bot()
        for kind in ("push", "notices", "delivery"):
            here.worker(kind).start()
        await here.until_ready_again()
        await report_by_phone(server, ledger, 1)
        await here.settled()
        for _ in range(scale["times"]):
            for when in SENDS:
                version += 1
                striking = asyncio.create_task(_killed_in_a_send(here, server, when, version))
                body = event(here.cases.cases[0].reference, version, "verifying", _news(version))
                assert await tell(here.url(), body, signed(body, datetime.now(UTC))) == 200
                await striking
                if scale.short:
                    here.time_passes("delivery")
                await here.until_done("notices", "delivery")
        assert here.roles["delivery"].ends == [-signal.SIGKILL] * version
        arrived = [_arrived(server, number) for number in range(1, version + 1)]
        found = outcome(here, ledger, version)
        found.lost += arrived.count(0)
        found.duplicated += sum(max(0, times - 2) for times in arrived)
        found.note = f"{version} notices, {arrived.count(2)} of them twice"
        return found


async def _killed_in_a_send(here: Stage, server: TelegramServer, when: str, version: int) -> None:
    """Kill the worker as it sends this news, and wait for its end."""
    calls, worker = len(server.calls_of("sendMessage")), here.roles["delivery"]
    if when == "has answered":
        here.proxy.on("arrived", "before", _killing(here, "delivery"))
        await until(lambda: not here.proxy.unmet, 60)
    else:
        server.hang("sendMessage", carried_out=when == "has sent it on")
        await until(lambda: any(one.params for one in server.calls_of("sendMessage")[calls:]), 60)
        worker.signal(signal.SIGKILL)
    assert _arrived(server, version) == (when != "has got it")
    await until(lambda: not worker.runs or len(worker.ends) == version, 60)


def _news(version: int) -> str:
    """What the case system says, in words that it says no other time."""
    return f"消息 {version}。"


def _arrived(server: TelegramServer, version: int) -> int:
    """How often this news is in a chat."""
    chats = server.world.chats.values()
    said = [one.text for chat in chats for one in chat.messages if one.from_bot]
    return sum(_news(version) in text for text in said)


@row(
    "a picture that takes a decoder more memory than there is, {bombs} × among {count} good ones",
    bombs=(20, 2),
    count=(100, 6),
)
async def decoder_bombed(folder: Path, scale: Scale, seed: int) -> Count:
    """The decoder dies, the worker does not; who sent it is told, and reports without it."""
    ledger, bombs = Ledger(seed), scale["bombs"]
    async with stage(folder) as here:
        here.bot()
        media = here.worker("media")
        media.start()
        here.worker("push").start()
        await here.until_ready_again()
        async with asyncio.TaskGroup() as people:
            people.create_task(submits(here, ledger, "good", scale["count"], pictures=True))
            people.create_task(_bombs(here, ledger, bombs))
        await here.until_done("media", "push")
        assert media.runs
        assert media.ends == []
        assert len(ledger.pictured) == scale["count"]
        assert ledger.without_picture(here.cases) == []
        assert here.store.hlen("outbox:media:parked") == 0
        return outcome(here, ledger, len(ledger.receipts), f"{bombs} refused")


async def _bombs(here: Stage, ledger: Ledger, count: int) -> None:
    """People who send a bomb, wait until it is refused, and report without a picture."""
    content = bomb()
    for number in range(count):
        async with AtPage([here.url()], ledger, f"bomb{number}") as person:
            await person.reaches("media")
            await person.sends(content)
            assert "done" in person.choices
            async with asyncio.timeout(60):
                while "done" in person.choices:
                    await person.does("open")
                    await asyncio.sleep(0.2)
            await person.goes_on_to("receipt")
