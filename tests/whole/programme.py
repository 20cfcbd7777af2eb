"""The whole programme in processes of its own, and people who use it over its real edges."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import psutil

ROOT = Path(__file__).parents[2]
READY_SECONDS = 40.0


def free_port() -> int:
    """A port that nobody listens on.

    It lies below those that the system gives away: while its server is down, somebody else who
    wants any port may be given one of these, even whoever knocks at it, and the server finds it
    taken.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def newest_file(data: Path) -> Path:
    """The file in a data folder that the embedded store appends to."""
    folder = data / "valkey" / "appendonlydir"
    return max(folder.glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))


def leave_half_a_change(data: Path) -> None:
    """Leave in the file what a store leaves there that is killed in the midst of a write."""
    with newest_file(data).open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$9\r\nprog")


class Programme:
    """``python -m bot`` on one data folder, to be started, killed and started again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port, self.desk_port = free_port(), free_port()
        self.settings = settings
        self.words: tuple[str, ...] = ()
        self.process: subprocess.Popen[bytes] | None = None
        self.output = folder / "output.txt"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def desk_url(self) -> str:
        return f"http://127.0.0.1:{self.desk_port}"

    def start(self) -> None:
        """Start it and wait for the line that gives the chat's address."""
        environment = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")
        } | {
            "DATA_DIR": str(self.folder / "data"),
            "PORT": str(self.port),
            "DESK_PORT": str(self.desk_port),
            "PYTHONPATH": str(ROOT),
            **self.settings,
        }
        if self.output.exists():
            self.output.rename(self.folder / f"output-{time.time_ns()}.txt")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", *self.words],
                env=environment,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._until(lambda: b"Chat: " in self.output.read_bytes())

    def login_link(self) -> str:
        """The desk's one-time link of this start."""
        found = re.search(rb"Desk: (\S+)", self.output.read_bytes())
        assert found, self.output.read_text()
        return found[1].decode()

    def family(self) -> list[psutil.Process]:
        """This process and all that it started, without those that have just ended."""
        assert self.process
        parent = psutil.Process(self.process.pid)
        return [parent, *filter(_lives, parent.children(recursive=True))]

    def kill_everything(self) -> None:
        """SIGKILL for every process, store and desk included."""
        family = self.family()
        for one in family:
            one.kill()
        assert self.process
        self.process.wait()
        _, alive = psutil.wait_procs(family[1:], timeout=10)
        assert not alive

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does; the exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(30)

    def _until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_SECONDS
        while not condition():
            assert self.process
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < until, self.output.read_text()
            time.sleep(0.05)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one of these
        return False


class Browser:
    """What the page does, without the page: one socket, numbered messages, uploads."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        locale: str = "zh",
        *,
        peer: str = "127.0.0.1",
        **headers: str,
    ) -> None:
        """`peer` is the network address that it comes from."""
        self.url = url
        self.peer = peer
        self.token = token or secrets.token_urlsafe(32)
        self.locale = locale
        self.headers = {"Origin": url, **headers}
        self.count = 0
        self.device = secrets.token_hex(4)
        self.screen: dict[str, Any] = {}
        self.screens: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []

    @asynccontextmanager
    async def online(self) -> AsyncIterator[Browser]:
        """Connected for as long as the block runs."""
        async with (
            self.knocks() as self.session,
            self.session.ws_connect(f"{self.url}/chat/socket") as self.socket,
        ):
            hello = {"hello": self.token, "locale": self.locale, "device": self.device}
            await self.socket.send_str(orjson.dumps(hello).decode())
            yield self

    def knocks(self) -> aiohttp.ClientSession:
        """Requests from this browser's address, with its headers."""
        connector = aiohttp.TCPConnector(local_addr=(self.peer, 0))
        return aiohttp.ClientSession(headers=self.headers, connector=connector)

    async def does(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a message and wait for its acknowledgement; the newest screen."""
        self.count += 1
        name = f"{self.device}-{self.count}"
        message = {"id": name, "type": kind, **fields}
        await self.socket.send_str(orjson.dumps(message).decode())
        await self.hears(lambda frame: frame.get("ack") == name)
        return self.screen

    async def presses(self, choice: str, **fields: Any) -> dict[str, Any]:
        """Press a choice that the screen offers."""
        offered = [button["id"] for row in self.screen["rows"] for button in row]
        assert choice in offered, (choice, offered)
        return await self.does("press", choice=choice, serial=self.screen["serial"], **fields)

    async def hears(
        self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 30
    ) -> dict[str, Any]:
        """Wait for a frame; all before it are taken in as well."""
        async with asyncio.timeout(seconds):
            while True:
                frame: dict[str, Any] = orjson.loads((await self.socket.receive_str()).encode())
                assert "error" not in frame, frame
                for shown in frame.get("shown", ()):
                    self.screens.append(shown)
                    self.screen = shown
                if "notice" in frame:
                    self.notices.append(frame["notice"])
                if wanted(frame):
                    return frame

    async def uploads(self, *bodies: bytes, video: bool = False) -> dict[str, Any]:
        """Upload files and attach them as one answer."""
        attachments = []
        for body in bodies:
            answer = await self.session.post(
                f"{self.url}/chat/uploads", data=body, headers={"X-Chat": self.token}
            )
            assert answer.status == 200, await answer.text()
            attachments.append(await answer.json() | {"video": video})
        return await self.does("attach", attachments=attachments, caption="")


class Operator:
    """Somebody at the desk."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme

    @asynccontextmanager
    async def logged_in(self) -> AsyncIterator[Operator]:
        """Logged in by the one-time link."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as self.session:
            link = self.programme.login_link()
            page = await (await self.session.get(link)).text()
            await self.session.post(link, data=_hidden(page))
            yield self

    async def cases(self) -> list[str]:
        """Numbers of the cases on the list, newest first."""
        page = await (await self.session.get(self.programme.desk_url + "/")).text()
        return list(dict.fromkeys(re.findall(r"/cases/(\d+)", page)))

    async def waits_for_cases(self, count: int, seconds: float = 40) -> list[str]:
        """Poll the list until so many cases are there."""
        async with asyncio.timeout(seconds):
            while len(found := await self.cases()) < count:
                await asyncio.sleep(0.1)
        return found

    async def case(self, number: str) -> str:
        """The page of a case."""
        answer = await self.session.get(f"{self.programme.desk_url}/cases/{number}")
        return await answer.text()

    async def moves(self, number: str, status: str, note: str = "") -> None:
        """Press the button of a status, with a note to the reporter."""
        fields = _hidden(await self.case(number)) | {"status": status, "note": note}
        url = f"{self.programme.desk_url}/cases/{number}"
        answer = await self.session.post(
            url, data=fields, headers={"Origin": self.programme.desk_url}
        )
        assert answer.status == 200, await answer.text()


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
