"""People who do not give up: they say everything again until it was heard, as pages do.

What a person chooses, and how long they wait, follows from the ledger's seed and their name; so a
name is used once in a ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count
from typing import Any

import aiohttp
import orjson

from tests.contract.channels.driver import KNOWN_BY, Screen
from tests.contract.channels.telegram import AtTelegram
from tests.fakes.cases import GeoReportServer
from tests.fakes.cases.georeport import Case
from tests.faults.pictures import picture
from tests.faults.stage import clock, until

_AGAIN_SECONDS = 1.5
# Longer than any fault of the matrix keeps anybody waiting for one acknowledgement.
_LONGEST_SECONDS = 900.0
# A report has nine screens, and some come twice.
_STEPS_MOST = 60


@dataclass
class Ledger:
    """What people were promised, to be compared with what there is.

    `seed` decides what they choose; `pictured` are the reports that went with a picture; `told`
    counts how often somebody was told that something is not saved yet.
    """

    seed: int = 0
    receipts: dict[str, str] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)
    submitted: set[str] = field(default_factory=set)
    pictured: set[str] = field(default_factory=set)
    told: int = 0
    _overs: list[float] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def chance_of(self, name: str) -> random.Random:
        """What decides for the person of this name."""
        assert name not in self._names, f"{name} is here already"
        self._names.add(name)
        return random.Random(f"{self.seed} {name}")

    async def another(self) -> None:
        """Until somebody was promised something more."""
        before = len(self.receipts)
        await until(lambda: len(self.receipts) > before, 60)

    def fault_over(self) -> None:
        """From now on nothing stands in the way: the delay of what waits counts from here."""
        self._overs.append(clock())

    def promised(self, words: str, receipt: str) -> None:
        """Somebody saw a receipt for a report with these words."""
        if words not in self.receipts:
            self.receipts[words] = receipt
            self.at[words] = clock()
        assert self.receipts[words] == receipt, "two receipts for one report"

    def worst(self, cases: GeoReportServer) -> float | None:
        """The longest from a receipt, or the end of the fault if that was later, to its case."""
        there = _said(cases)
        delays = [
            case.opened - max([at, *(over for over in self._overs if over <= case.opened)])
            for words, at in self.at.items()
            for said, case in there
            if words in said
        ]
        return max([0.0, *delays]) if delays else None

    def without_picture(self, cases: GeoReportServer) -> list[str]:
        """Reports that were sent with a picture and whose case has none."""
        bare = [said for said, case in _said(cases) if not case.form.get("media_url")]
        return [words for words in self.pictured for said in bare if words in said]

    def lost(self, cases: GeoReportServer) -> int:
        """Reports that were promised and are nowhere."""
        there = [said for said, _ in _said(cases)]
        return sum(not any(words in one for one in there) for words in self.receipts)

    def duplicated(self, cases: GeoReportServer) -> int:
        """Cases beyond one for each report that was confirmed, promised or not."""
        there = [said for said, _ in _said(cases)]
        return sum(
            max(0, sum(words in one for one in there) - 1) for words in self.submitted
        ) + sum(not any(words in one for words in self.submitted) for one in there)


def _said(cases: GeoReportServer) -> list[tuple[str, Case]]:
    """Each case with all that stands in it."""
    return [(" ".join(case.form.values()), case) for case in cases.cases]


def next_step(screen: str, words: str, choices: Sequence[str] = ()) -> tuple[str, str] | None:
    """What somebody does at a screen: ("press", choice) or ("text", words)."""
    if screen == "media" and "done" in choices:
        return "press", "done"
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


class RefusedForGood(AssertionError):
    """The page was told not to send it again; `said` is the sentence for the person."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class AtPage:
    """Somebody at the page: what was not acknowledged is said again, over a new socket.

    With `pictures` each of their reports has one.
    """

    def __init__(
        self, urls: Sequence[str], ledger: Ledger, name: str, *, pictures: bool = False
    ) -> None:
        self._urls = urls
        self._ledger = ledger
        self._name = name
        self._pictures = pictures
        self._chance = ledger.chance_of(name)
        self._token = urlsafe_b64encode(self._chance.randbytes(32)).decode().rstrip("=")
        self._count = 0
        # Everybody has their own network.
        self._address = str(IPv4Address(self._chance.getrandbits(32)))
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
        """Say something until it is acknowledged; the newest screen is then in `screen`.

        TimeoutError if it never is, `RefusedForGood` if it is not to be said again.
        """
        async with asyncio.timeout(_LONGEST_SECONDS):
            await self._does(kind, fields)

    async def _does(self, kind: str, fields: dict[str, Any]) -> None:
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
            await asyncio.sleep(min(1.0, 0.02 * 2 ** min(tries, 6)) * self._chance.uniform(0.5, 1))

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
                self._ledger.told += 1
                if not heard["error"]["again"]:
                    raise RefusedForGood(heard["error"]["text"])
                return False

    async def _hangs_up(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                await self._socket.close()
            self._socket = None

    async def _connected(self) -> aiohttp.ClientWebSocketResponse:
        url = self._chance.choice(self._urls)
        headers = {"Origin": url, "X-Forwarded-For": self._address}
        self._socket = await self._session.ws_connect(f"{url}/chat/socket", headers=headers)
        await self._socket.send_str(orjson.dumps({"hello": self._token, "locale": "zh"}).decode())
        return self._socket

    @property
    def choices(self) -> list[str]:
        """What can be pressed."""
        return [button["id"] for row in self.screen.get("rows", ()) for button in row]

    async def until_told(self) -> None:
        """Until an error was shown."""
        async with asyncio.timeout(20):
            while not self.heard_trouble:
                await asyncio.sleep(0.02)

    async def reaches(self, wanted: str) -> None:
        """Go on until this screen."""
        await self.does("open")
        await self.goes_on_to(wanted)

    async def goes_on_to(self, wanted: str) -> None:
        """From the screen that is there to this one."""
        for _ in range(_STEPS_MOST):
            if self.screen["screen"] == wanted:
                return
            await self.step()
        raise AssertionError(f"{self._name} never comes to {wanted}: {self.screen}")

    async def step(self) -> None:
        """One step of the way."""
        screen = self.screen["screen"]
        if screen in ("menu", "receipt"):
            self.words = f"{self._name} {self._chance.randbytes(6).hex()}"
        if screen == "summary":
            self._ledger.submitted.add(self.words)
        if screen == "media" and self._pictures and "done" not in self.choices:
            self._ledger.pictured.add(self.words)
            await self.sends(picture(self._chance))
            return
        action = next_step(screen, self.words, self.choices)
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
        await self.goes_on_to("receipt")

    async def sends(self, body: bytes) -> None:
        """Upload a file until it is taken, as the page does, and attach it."""
        async with asyncio.timeout(_LONGEST_SECONDS):
            while (kept := await self._uploaded(body)) is None:
                await asyncio.sleep(self._chance.uniform(0.1, 0.5))
        await self.does("attach", attachments=[kept], caption="")

    async def _uploaded(self, body: bytes) -> dict[str, Any] | None:
        url = self._chance.choice(self._urls)
        headers = {"Origin": url, "X-Chat": self._token, "X-Forwarded-For": self._address}
        try:
            async with self._session.post(
                f"{url}/chat/uploads", data=body, headers=headers
            ) as answer:
                kept: dict[str, Any] = await answer.json()
                assert answer.status in (200, 503), kept
                return kept if answer.status == 200 else None
        except (aiohttp.ClientError, OSError):
            return None


async def crowds(
    urls: Sequence[str], ledger: Ledger, trouble: asyncio.Task[None], *, pictures: bool = False
) -> None:
    """People report as long as there is trouble, six at a time; nobody is too fast.

    With `pictures` two of the six send one each time. Trouble that breaks off ends it with its
    error: nobody may wait for what then never comes.
    """

    async def until_over() -> None:
        await trouble

    async def one_after_the_other(place: int) -> None:
        for number in count():
            if trouble.done():
                return
            name, sends = f"p{place}-{number}", pictures and place < 2
            async with AtPage(urls, ledger, name, pictures=sends) as person:
                await person.reports()

    async with asyncio.TaskGroup() as group:
        group.create_task(until_over())
        for place in range(6):
            group.create_task(one_after_the_other(place))


class AtPhone:
    """Somebody at Telegram: what brings nothing new is pressed or written again.

    With `pictures` each of their reports has one.
    """

    def __init__(
        self, resident: AtTelegram, ledger: Ledger, name: str, *, pictures: bool = False
    ) -> None:
        self._resident = resident
        self._ledger = ledger
        self._name = name
        self._pictures = pictures
        self._chance = ledger.chance_of(name)
        self.words = ""

    async def reports(self) -> None:
        """One whole report, to its receipt. TimeoutError if that never comes."""
        self.words = f"{self._name} {self._chance.randbytes(6).hex()}"
        before = set(self._ledger.receipts)
        async with asyncio.timeout(_LONGEST_SECONDS):
            while self.words not in self._ledger.receipts:
                await self._step()
        assert set(self._ledger.receipts) > before

    async def _step(self) -> None:
        screen = self._resident.screen()
        name = self._name_of(screen)
        revision = self._resident.person.chat.revision
        action = next_step(name, self.words, screen.choices)
        if not action:
            await self._resident.commands("start")
        elif name == "media" and self._pictures and "done" not in screen.choices:
            self._ledger.pictured.add(self.words)
            await self._resident.sends(picture(self._chance))
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
