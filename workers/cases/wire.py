"""One HTTP exchange with a case system: what comes back whole is an `Answer`, the rest is down.

No error from here carries an address or a body: addresses may hold a key, bodies what a resident
wrote. That is why errors are raised anew, without the library's own behind them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from bot.core.errors import CaseSystemDown
from config.settings import SettingRefused

ANSWER_MOST = 16 * 1024 * 1024  # bytes: a thousand cases with the longest descriptions fit
# Several servers close an idle connection after two seconds, and a POST on it would be in doubt.
IDLE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for one exchange, and for several in a row; to connect; between looks at a token."""

    total: float = 20.0
    connect: float = 5.0
    token_waits: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0)


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; `retry_after` is the header as it came, empty without one."""

    status: int
    body: bytes
    retry_after: str = ""

    @property
    def good(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own range


class Wire:
    """Keeps at most `limit` connections; the session belongs to the loop of the first exchange."""

    def __init__(self, limit: int, patience: Patience) -> None:
        self._limit = limit
        self._patience = patience
        self._late = f"no whole answer within {patience.total:g} s"
        self._opened: ClientSession | None = None

    @staticmethod
    def now() -> float:
        """Seconds by the running loop's clock."""
        return asyncio.get_running_loop().time()

    @asynccontextmanager
    async def deadline(self, started: float) -> AsyncIterator[None]:
        """Ends what follows `total` seconds after `started` (`now`) with `CaseSystemDown`.

        An exchange alone keeps its own time, which costs a tenth of a request less.
        """
        timer = asyncio.timeout_at(started + self._patience.total)
        try:
            async with timer:
                yield
        except TimeoutError:
            if not timer.expired():
                raise
        if timer.expired():
            raise CaseSystemDown(self._late)

    async def exchange(
        self,
        method: str,
        url: URL,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send once and read the whole answer. Raises `CaseSystemDown`, `unanswered` unless nothing
        was sent.
        """
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, allow_redirects=False
            ) as response:
                body = await _read(response)
                if body is not None:
                    retry_after = response.headers.get("Retry-After", "")
                    return Answer(response.status, body, retry_after)
                problem = f"the answer is longer than {ANSWER_MOST} bytes"
        except ClientConnectorError as error:
            reason = error.strerror or "connection failed"
            raise CaseSystemDown(f"cannot connect: {reason}") from None
        except TimeoutError as error:
            problem = type(error).__name__ if isinstance(error, ClientError) else self._late
        except (ClientError, OSError) as error:
            problem = type(error).__name__
        raise CaseSystemDown(problem, unanswered=True)

    async def close(self) -> None:
        """Close the connections, if there were any."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    @property
    def _session(self) -> ClientSession:
        if self._opened is None:
            self._opened = ClientSession(
                connector=TCPConnector(limit=self._limit, keepalive_timeout=IDLE_SECONDS),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": "Suishoupai"},
                timeout=ClientTimeout(
                    total=self._patience.total, sock_connect=self._patience.connect
                ),
            )
        return self._opened


def web_address(name: str, value: str) -> URL:
    """The setting as an address. Raises `SettingRefused` unless it is http or https."""
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingRefused(f"{name}: write a web address such as https://cases.example/api.")
    return url


async def _read(response: ClientResponse) -> bytes | None:
    """The whole body, or None where it is longer than `ANSWER_MOST`."""
    body = bytearray()
    while not response.content.at_eof() and len(body) <= ANSWER_MOST:
        body += await response.content.readany()
    return bytes(body) if len(body) <= ANSWER_MOST else None
