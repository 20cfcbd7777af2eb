"""Posts what stands in the outbox to the gateway, signed, until each message is taken.

One loop looks for what is due and starts at most `AT_ONCE` posts, never two of one case. It sleeps
until a change rings, a post ends, or the next delay is over. Delays go by the monotonic clock: they
end with the process, and a clock that is put back makes none of them an hour longer.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import structlog
from standardwebhooks.webhooks import Webhook

from desk import outbox
from desk.database import Database
from desk.outbox import Message

AT_ONCE = 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds: `first` doubles up to `longest` after each failure; a refusal (4xx) is slower."""

    first: float = 1.0
    longest: float = 60.0
    refused_first: float = 60.0
    refused_longest: float = 3600.0
    time_limit: float = 10.0

    def delay(self, attempts: int, *, refused: bool) -> float:
        """The wait after `attempts` failures before this one, shortened at random by up to half."""
        first, longest = (
            (self.refused_first, self.refused_longest) if refused else (self.first, self.longest)
        )
        full = min(longest, first * 2.0 ** min(attempts, 30))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


class Sender:
    """`run` until cancelled; what is under way then is sent again at the next start."""

    def __init__(self, database: Database, url: str, secret: str, pace: Pace) -> None:
        self._database = database
        self._url = url
        self._signer = Webhook(secret)
        self._pace = pace
        self._bell = asyncio.Event()
        self._busy: set[int] = set()  # cases with a post under way

    def ring(self) -> None:
        """Say that the outbox has something new."""
        self._bell.set()

    async def run(self) -> None:
        """Send what is due, for ever; raises what the database raises."""
        await self._database.run(outbox.try_all_now)
        limit = aiohttp.ClientTimeout(total=self._pace.time_limit)
        async with aiohttp.ClientSession(timeout=limit) as http, asyncio.TaskGroup() as posts:
            while True:
                self._bell.clear()
                for message in await self._due():
                    self._busy.add(message.case_id)
                    posts.create_task(self._deliver(http, message))
                await self._wait()

    async def _due(self) -> list[Message]:
        free = AT_ONCE - len(self._busy)
        return await self._database.run(outbox.due, time.monotonic(), free, tuple(self._busy))

    async def _wait(self) -> None:
        """Until the bell, or until a delay is over when there is room for another post."""
        soonest = await self._database.run(outbox.next_try, tuple(self._busy))
        full = len(self._busy) >= AT_ONCE
        left = None if soonest is None or full else max(0.0, soonest - time.monotonic())
        try:
            async with asyncio.timeout(left):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _deliver(self, http: aiohttp.ClientSession, message: Message) -> None:
        status, problem = await self._post(http, message)
        if problem:
            delay = self._pace.delay(message.attempts, refused=400 <= status < 500)  # noqa: PLR2004
            again = time.monotonic() + delay
            await self._database.run(outbox.failed, message, problem, again)
            _log.warning(
                "update not taken", case=message.case_id, problem=problem, again_in=round(delay, 1)
            )
        else:
            await self._database.run(outbox.delivered, message, int(time.time()))
        self._busy.discard(message.case_id)
        self._bell.set()

    async def _post(self, http: aiohttp.ClientSession, message: Message) -> tuple[int, str]:
        """One try; answers the HTTP status (0: none came) and what went wrong ("": nothing)."""
        try:
            async with http.post(
                self._url,
                data=message.body.encode(),
                headers=self._headers(message),
                allow_redirects=False,
            ) as response:
                taken = 200 <= response.status < 300  # noqa: PLR2004 - HTTP's own ranges
                return response.status, "" if taken else f"HTTP {response.status}"
        except TimeoutError:
            return 0, "timeout"
        except (aiohttp.ClientError, OSError) as error:
            return 0, type(error).__name__

    def _headers(self, message: Message) -> dict[str, str]:
        """Signed anew for each try: receivers refuse an old timestamp."""
        now = datetime.now(UTC)
        return {
            "Content-Type": "application/json",
            "webhook-id": message.webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.webhook_id, now, message.body),
        }
