"""Work that the gateway gave up and an operator must look at: asked for over HTTP, and put back.

How much there is is asked for again and again in the background, so that no page waits for it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import structlog

from desk.errors import KeyRefused, NoAnswer, NoKey, NotInDoubt, NotStopped, StoppedUnknown

EVERY_SECONDS = 10.0
TIME_LIMIT = 3.0  # seconds, in which an answer must be there as a whole

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Work:
    """One piece of work; `reason` is what the gateway noted when it gave up."""

    kind: str
    id: str
    reason: str

    @property
    def in_doubt(self) -> bool:
        """Whether the case system may have the case already, by the gateway's own word for it."""
        return self.kind == "push" and self.reason.startswith("CaseInDoubt")


@dataclass(frozen=True)
class Found:
    """How many there are of each kind, and some of each."""

    counts: Mapping[str, int]
    works: list[Work]


class Stopped:
    """`count` is how many there were a moment ago; None when nobody can say."""

    def __init__(
        self, url: str, key: str, *, every: float = EVERY_SECONDS, time_limit: float = TIME_LIMIT
    ) -> None:
        self.count: int | None = None
        self._url = url
        self._key = key
        self._every = every
        self._time_limit = aiohttp.ClientTimeout(total=time_limit)
        self._known = False

    async def watch(self) -> None:
        """Keep `count` true until cancelled."""
        while self._key:
            with suppress(StoppedUnknown):
                await self.look()
            # The gateway starts beside us: until it answers, a second is soon enough.
            await asyncio.sleep(self._every if self.count is not None else min(1.0, self._every))

    async def look(self) -> Found:
        """What is stopped now. Raises `StoppedUnknown`."""
        try:
            status, body = await self._ask("GET")
            if status != 200:  # noqa: PLR2004
                raise NoAnswer(f"HTTP {status}")
            found = _read(body)
        except StoppedUnknown as error:
            self._tell(None, type(error).__name__)
            raise
        self._tell(sum(found.counts.values()), "")
        return found

    async def put_back(
        self, kind: str, name: str, *, anew: bool = False, drop: bool = False
    ) -> int:
        """Have one tried again, or all of a kind where `name` is empty; answers how many. A report
        in doubt is sent `anew`, or is over (`drop`), as somebody looked and found.

        Raises `NotPutBack`, and `StoppedUnknown` where nobody knows whether it was.
        """
        wish: dict[str, object] = {
            "kind": kind,
            "id": name,
            "anew": anew,
            "drop": drop,
            "all": not name,
        }
        status, body = await self._ask("POST", orjson.dumps(wish))
        if status == 404:  # noqa: PLR2004
            raise NotStopped
        if status == 409:  # noqa: PLR2004
            raise NotInDoubt
        if status != 200:  # noqa: PLR2004
            raise NoAnswer(f"HTTP {status}")
        _log.info("stopped work put back", kind=kind, anew=anew, drop=drop)
        return _count(body)

    async def _ask(self, method: str, body: bytes | None = None) -> tuple[int, bytes]:
        if not self._key:
            raise NoKey
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._time_limit) as http,
                http.request(
                    method, self._url, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                if response.status == 401:  # noqa: PLR2004
                    raise KeyRefused
                return response.status, await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise NoAnswer(type(error).__name__) from None

    def _tell(self, count: int | None, problem: str) -> None:
        """Remember the count; say in the log when it can no longer be known, and only then."""
        if count is None and self._known:
            _log.warning("stopped work unknown", problem=problem)
        self._known = count is not None
        self.count = count


def _read(body: bytes) -> Found:
    try:
        answer: Mapping[str, Any] = orjson.loads(body)
        counts = {str(kind): int(count) for kind, count in answer["counts"].items()}
        works = [
            Work(str(row["kind"]), str(row["id"]), str(row["reason"])) for row in answer["parked"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoAnswer("not the gateway's") from None
    return Found(counts, works)


def _count(body: bytes) -> int:
    try:
        return int(orjson.loads(body)["put_back"])
    except (ValueError, KeyError, TypeError):
        raise NoAnswer("not the gateway's") from None
