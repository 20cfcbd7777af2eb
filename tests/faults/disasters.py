"""What may happen to a city at any time, each for a moment, by chance."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import Callable, Coroutine

from bot.valkey import ValkeyNotStarted
from tests.fakes.cases.base import Fault
from tests.fakes.telegram import TelegramServer
from tests.faults.role import Role
from tests.faults.rows_store import disk_free, disk_full
from tests.faults.stage import Stage

# Longer than any worker's lease.
ASLEEP_SECONDS = 22.0
ASLEEP = "SIGSTOP beyond a lease"
FAULTS = (
    Fault(how="reset"),
    Fault(how="reset", opens=True),
    Fault(status=500, opens=True),
    Fault(status=503),
    Fault(how="half body", opens=True),
)


class Disasters:
    """Strikes a stage; `count` counts by name. In a `hurry`, leases run out by hand."""

    def __init__(
        self, here: Stage, telegram: TelegramServer, chance: random.Random, *, hurry: bool
    ) -> None:
        self._here = here
        self._telegram = telegram
        self._chance = chance
        self._hurry = hurry
        self._sleeping: asyncio.Task[None] | None = None
        self._ways: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "SIGKILL": self._kill,
            "SIGTERM": self._terminate,
            "SIGSTOP": self._pause,
            ASLEEP: self._sleep,
            "store cut off": self._cut_off,
            "store killed": self._kill_store,
            "disk full": self._fill_disk,
            "case system": self._break_cases,
            "Telegram": self._break_telegram,
        }
        self.count: Counter[str] = Counter()

    async def strike(self) -> None:
        """One of them, each as often as any other."""
        # In turn first, so that even a short time sees them all.
        unseen = [name for name in self._ways if not self.count[name]]
        name = self._chance.choice(unseen or list(self._ways))
        await self._ways[name]()
        self.count[name] += 1

    async def over(self) -> None:
        """Nothing strikes any more; whoever sleeps wakes."""
        if self._sleeping is not None:
            await self._sleeping

    def _any(self) -> Role:
        return self._here.roles[self._chance.choice(list(self._here.roles))]

    async def _moment(self, longest: float) -> None:
        await asyncio.sleep(self._chance.uniform(longest / 10, longest))

    async def _kill(self) -> None:
        self._any().signal(signal.SIGKILL)  # whoever keeps it starts it again

    async def _terminate(self) -> None:
        self._any().signal(signal.SIGTERM)

    async def _pause(self) -> None:
        role = self._any()
        role.signal(signal.SIGSTOP)
        await self._moment(2)
        role.signal(signal.SIGCONT)

    async def _sleep(self) -> None:
        """One sleeps at a time, while other things go on."""
        if self._sleeping is None or self._sleeping.done():
            self._sleeping = asyncio.create_task(self._asleep(self._any()))

    async def _asleep(self, role: Role) -> None:
        role.signal(signal.SIGSTOP)
        if self._hurry:
            await asyncio.sleep(1)
            self._here.time_passes("push", "media", "notices", "delivery")
            await asyncio.sleep(1)
        else:
            await asyncio.sleep(ASLEEP_SECONDS)
        role.signal(signal.SIGCONT)

    async def _cut_off(self) -> None:
        self._here.proxy.up = False
        self._here.proxy.cut()
        await self._moment(0.5)
        self._here.proxy.up = True

    async def _kill_store(self) -> None:
        self._here.kill_store()
        await self._moment(0.3)
        self._here.start_store()

    async def _fill_disk(self) -> None:
        # Its first write may end it before it was seen to be there.
        with contextlib.suppress(ValkeyNotStarted):
            disk_full(self._here)
        await self._moment(1.5)
        disk_free(self._here)

    async def _break_cases(self) -> None:
        """For a moment: while all workers together send one probe, faults that wait for somebody to
        meet them would make an outage of minutes.
        """
        self._here.cases.fail(self._chance.choice(FAULTS), times=self._chance.randrange(1, 6))
        await self._moment(2)
        self._here.cases.mend()

    async def _break_telegram(self) -> None:
        self._telegram.fail_with_page("sendMessage", times=2)
