"""A desk on loopback, as `desk.app` puts it together, with a clock that only tests move."""

import base64
from asyncio import Task, create_task, gather, get_running_loop, sleep
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from aiohttp import web
from jsonschema import Draft202012Validator

from desk import logins
from desk.context import Desk
from desk.database import Database, connect
from desk.sender import Pace, Sender
from desk.server import build_server
from desk.services import read_services
from desk.settings import Settings, read_settings
from desk.stopped import Stopped

START = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)  # noon in Asia/Shanghai
KEY = "the-key"
SECRETS = tuple("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
SCHEMAS = Path(__file__).with_name("schemas")
FAST = Pace(first=0.01, longest=0.05, refused_first=0.02, refused_longest=0.1, time_limit=0.5)


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Settings for a desk that lives in `folder`, on a port of the system's choice."""
    return {
        "DATA_DIR": str(folder),
        "DESK_PORT": "0",
        "OPEN311_API_KEY": KEY,
        "CASE_HOOK_SECRET": " ".join(SECRETS),
        "CASE_HOOK_URL": "http://127.0.0.1:9/hooks/case",
        **changes,
    }


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Poll until the condition holds; fails after `seconds`."""
    end = get_running_loop().time() + seconds
    while not await condition():
        assert get_running_loop().time() < end, "the condition did not come true"
        await sleep(0.01)


def validate(name: str, value: object) -> None:
    """Check a JSON answer against one of our schemas of the standard."""
    schema = orjson.loads((SCHEMAS / f"{name}.json").read_bytes())
    Draft202012Validator(schema).validate(value)


@dataclass
class RunningDesk:
    """Use with `async with`; its clock stands at `START` and `offset` seconds."""

    settings: Settings
    pace: Pace = FAST
    offset: int = 0
    url: str = ""
    api: str = ""
    database: Database = field(init=False)
    stopped: Stopped = field(init=False)
    http: aiohttp.ClientSession = field(init=False)
    _runner: web.AppRunner = field(init=False)
    _sending: Task[None] = field(init=False)
    _watching: Task[None] = field(init=False)

    @classmethod
    def at(cls, folder: Path, **changes: str) -> Self:
        return cls(read_settings(environment(folder, **changes)))

    async def __aenter__(self) -> Self:
        self.database = Database(connect(self.settings.database_path))
        sender = Sender(
            self.database,
            self.settings.case_hook_url,
            self.settings.case_hook_secrets[0],
            self.pace,
        )
        self.stopped = Stopped(
            self.settings.operators_url, self.settings.operator_key, every=0.05, time_limit=0.5
        )
        desk = Desk(
            settings=self.settings,
            database=self.database,
            sender=sender,
            stopped=self.stopped,
            services=read_services(),
            clock=self.now,
        )
        self._runner = web.AppRunner(build_server(desk), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._sending = create_task(sender.run())
        self._watching = create_task(self.stopped.watch())
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.api = f"{self.url}/open311/v2"
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in (self._sending, self._watching):
            task.cancel()
        await gather(self._sending, self._watching, return_exceptions=True)
        await self.http.close()
        await self._runner.cleanup()
        self.database.close()

    def now(self) -> int:
        return int(START.timestamp() + self.offset)

    async def open(self, **fields: str) -> str:
        """Open a case with whatever the form lacks filled in; returns its number."""
        form = {"api_key": KEY, "service_code": "fire", "address_string": "解放路 8 号", **fields}
        async with self.http.post(f"{self.api}/requests.json", data=form) as response:
            body = await response.json()
            assert response.status == 200, body
            validate("opened", body)
            return str(body[0]["service_request_id"])

    async def get(self, path: str, expected: int = 200, /, **query: str) -> Any:
        """A JSON answer of the server to a client that has the key."""
        return await self.get_public(path, expected, **{"api_key": KEY, **query})

    async def get_public(self, path: str, expected: int = 200, /, **query: str) -> Any:
        """A JSON answer of the server."""
        async with self.http.get(f"{self.api}/{path}", params=query) as response:
            body = await response.json()
            assert response.status == expected, body
            return body

    async def numbers(self, **query: str) -> list[str]:
        """The numbers of the cases that a filter finds, in the order of the answer."""
        return [row["service_request_id"] for row in await self.get("requests.json", **query)]

    async def link(self, name: str = "") -> str:
        """The path of a fresh login link."""
        return f"/login/{await self.database.run(logins.new_link, name, self.now())}"

    async def log_in(self, name: str = "") -> None:
        async with self.http.post(self.url + await self.link(name)) as response:
            assert response.status == 200, response.url

    async def page(self, path: str, expected: int = 200, /, **query: str) -> str:
        async with self.http.get(self.url + path, params=query) as response:
            assert response.status == expected, (response.status, await response.text())
            return await response.text()

    async def csrf(self) -> str:
        text = await self.page("/")
        return text.split('name="csrf" value="')[1].split('"')[0]

    async def move(
        self, number: str, version: int, status: str, note: str = "", expected: int = 200
    ) -> str:
        """Press a button of a case's page; returns the page that follows."""
        form: Mapping[str, str] = {
            "csrf": await self.csrf(),
            "version": str(version),
            "status": status,
            "note": note,
        }
        async with self.http.post(f"{self.url}/cases/{number}", data=form) as response:
            assert response.status == expected, (response.status, await response.text())
            return await response.text()
