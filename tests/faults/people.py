"""People who do not give up: they say everything again until it was heard, as pages do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

import aiohttp
import orjson

from tests.contract.channels.driver import KNOWN_BY, Screen
from tests.contract.channels.telegram import AtTelegram
from tests.fakes.cases import GeoReportServer
from tests.faults.stage import clock

_AGAIN_SECONDS = 1.5


@dataclass
class Ledger:
    """What people were promised, to be compared with what there is."""

    receipts: dict[str, str] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)
    submitted: set[str] = field(default_factory=set)

    def promised(self, words: str, receipt: str) -> None:
        """Somebody saw a receipt for a report with these words."""
        if words not in self.receipts:
            self.receipts[words] = receipt
            self.at[words] = clock()
        assert self.receipts[words] == receipt, "two receipts for one report"

    def lost(self, cases: GeoReportServer) -> int:
        """Reports that were promised and are nowhere."""
        there = _said(cases)
        return sum(not any(words in one for one in there) for words in self.receipts)

    def duplicated(self, cases: GeoReportServer) -> int:
        """Cases beyond one for each report that was confirmed, promised or not."""
        there = _said(cases)
        return sum(
            max(0, sum(words in one for one in there) - 1) for words in self.submitted
        ) + sum(not any(words in one for words in self.submitted) for one in there)


def _said(cases: GeoReportServer) -> list[str]:
    """All that stands in each case."""
    return [" ".join(case.form.values()) for case in cases.cases]


def next_step(screen: str, words: str) -> tuple[str, str] | None:
    """What somebody does at a screen: ("press", choice) or ("text", words)."""
    return {
        "menu": ("press", "report"),
        "receipt": ("press", "menu"),
        "category": ("press", "fire"),
        "hazard": ("press", "blocked_exit"),
        # With the words, for a text that is said again after all may end up at the next step.
        "location": ("text", f"解放路 12 号 {words}"),
        "media": ("press", "skip"),
        "description": ("text", words),
        "danger": ("press", "danger:no"),
        "summary": ("press", "submit"),
        "resume": ("press", "go_on"),
    }.get(screen)


class AtPage:
    """Somebody at the page: what was not acknowledged is said again, over a new socket."""

    def __init__(self, urls: Sequence[str], ledger: Ledger, name: str) -> None:
        self._urls = urls
        self._ledger = ledger
        self._name = name
        self._token = secrets.token_urlsafe(32)
        self._count = 0
        self._address = str(IPv4Address(secrets.randbits(32)))  # everybody has their own network
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._session: aiohttp.ClientSession
        self.screen: dict[str, Any] = {}
        self.words = ""
        self.heard_trouble = 0

    async def __aenter__(self) -> AtPage:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._hangs_up()
        await self._session.close()

    async def does(self, kind: str, **fields: Any) -> None:
        """Say something until it is acknowledged; the newest screen is then in `screen`."""
        self._count += 1
        name = f"{self._name}-{self._count}"
        frame = orjson.dumps({"id": name, "type": kind, **fields}).decode()
        tries = 0
        while True:
            try:
                async with asyncio.timeout(20):
                    if await self._said(frame, name):
                        return
            except (aiohttp.ClientError, OSError, TimeoutError, TypeError):
                await self._hangs_up()
            tries += 1
            await asyncio.sleep(min(1.0, 0.02 * 2**tries) * random.uniform(0.5, 1))

    async def _said(self, frame: str, name: str) -> bool:
        socket = self._socket or await self._connected()
        await socket.send_str(frame)
        while True:
            heard = orjson.loads((await socket.receive_str()).encode())
            if heard.get("ack") == name:
                self.screen = heard["shown"][-1]
                return True
            if "error" in heard and heard.get("id") == name:
                self.heard_trouble += 1
                assert heard["error"]["again"], heard
                return False

    async def _hangs_up(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                await self._socket.close()
            self._socket = None

    async def _connected(self) -> aiohttp.ClientWebSocketResponse:
        url = random.choice(self._urls)
        headers = {"Origin": url, "X-Forwarded-For": self._address}
        self._socket = await self._session.ws_connect(f"{url}/chat/socket", headers=headers)
        await self._socket.send_str(orjson.dumps({"hello": self._token, "locale": "zh"}).decode())
        return self._socket

    async def until_told(self) -> None:
        """Until an error was shown."""
        async with asyncio.timeout(20):
            while not self.heard_trouble:
                await asyncio.sleep(0.02)

    async def reaches(self, wanted: str) -> None:
        """Go on until this screen."""
        await self.does("open")
        while self.screen["screen"] != wanted:
            await self.step()

    async def step(self) -> None:
        """One step of the way."""
        screen = self.screen["screen"]
        if screen in ("menu", "receipt"):
            self.words = f"{self._name} {secrets.token_hex(6)}"
        if screen == "summary":
            self._ledger.submitted.add(self.words)
        action = next_step(screen, self.words)
        assert action, self.screen
        kind, what = action
        if kind == "text":
            await self.does("text", text=what)
        else:
            await self.does("press", choice=what, serial=self.screen["serial"])
        if self.screen["screen"] == "receipt":
            self._ledger.promised(self.words, self.screen["receipt"])

    async def reports(self) -> None:
        """One whole report, to its receipt."""
        await self.does("open")
        await self.step()
        while self.screen["screen"] != "receipt":
            await self.step()


async def crowds(urls: Sequence[str], ledger: Ledger, trouble: asyncio.Task[None]) -> None:
    """People report as long as there is trouble, six at a time; nobody is too fast."""

    async def one_after_the_other(name: str) -> None:
        while not trouble.done():
            async with AtPage(urls, ledger, name) as person:
                await person.reports()

    await asyncio.gather(*(one_after_the_other(f"p{number}") for number in range(6)))


class AtPhone:
    """Somebody at Telegram: what brings nothing new is pressed or written again."""

    def __init__(self, resident: AtTelegram, ledger: Ledger, name: str) -> None:
        self._resident = resident
        self._ledger = ledger
        self._name = name
        self.words = ""

    async def reports(self) -> None:
        """One whole report, to its receipt."""
        self.words = f"{self._name} {secrets.token_hex(6)}"
        before = set(self._ledger.receipts)
        while self.words not in self._ledger.receipts:
            await self._step()
        assert set(self._ledger.receipts) > before

    async def _step(self) -> None:
        screen = self._resident.screen()
        name = self._name_of(screen)
        revision = self._resident.person.chat.revision
        action = next_step(name, self.words)
        if not action:
            await self._resident.commands("start")
        elif action[0] == "text":
            await self._resident.says(action[1])
        else:
            if name == "summary":
                self._ledger.submitted.add(self.words)
            with contextlib.suppress(AssertionError, TimeoutError):
                self._resident.presses_and_looks_away(action[1])
        await self._changes(lambda: self._resident.person.chat.revision > revision + 1, screen)
        self._look_for_receipt()

    async def _changes(self, moved: Callable[[], bool], before: Screen) -> None:
        """Until the screen is another one, or long enough for anybody to press again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_SECONDS):
                while not moved() or self._resident.screen() == before:
                    await asyncio.sleep(0.01)

    def _look_for_receipt(self) -> None:
        for message in self._resident.person.messages:
            found = _receipt(message.text) if message.from_bot else None
            if found and found not in self._ledger.receipts.values():
                self._ledger.promised(self.words, found)

    def _name_of(self, screen: Screen) -> str:
        return next((name for name in KNOWN_BY if self._resident.shows(screen, name)), "")


def _receipt(text: str) -> str | None:
    found = re.search(r"([0-9A-Z]{4}-){4}[0-9A-Z]{4}", text)
    return found[0] if found else None
