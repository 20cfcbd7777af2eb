"""People whom nobody may find, at Telegram and at the web chat, and all that is known of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.canary import evidence
from tests.canary.traffic import Traffic, tapped
from tests.contract.channels.telegram import AtTelegram
from tests.whole.city import City, city
from tests.whole.programme import Browser, Operator
from tests.workers.media.samples import video

NUMBER = 4_301_277_911_602_353
# Their numbers lie close together, so that whoever tries one after the other meets all of them.
APART = 7
NAMES = {"first_name": "Qanaryfirst", "last_name": "Qanarylast", "username": "qanary_user_77"}
PHONE = "+8613977551234"
CLIENT = {
    "X-Forwarded-For": "203.0.113.177",
    "X-Real-IP": "203.0.113.178",
    "User-Agent": "QanaryBrowser/7.31",
    "Accept-Language": "qnr-Qanaryland",
    "Referer": "https://qanary-portal.example/staff",
}
CAMERA, FILE_NAME = "QanaryCam serial 90210-77", "IMG_Qanary_0717.jpg"


@dataclass
class Scene:
    """The programme, the people, the operator, and what is known of them so far.

    `receipts` has every receipt by a name for it; those named in `gone` lead to nobody any more.
    """

    city: City
    operator: Operator
    traffic: Traffic
    residents: dict[str, AtTelegram] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    @property
    def resident(self) -> AtTelegram:
        """The one at Telegram who goes most of the ways."""
        return self.at_telegram("resident")

    @property
    def browser(self) -> Browser:
        """The one at the web chat who does."""
        return self.at_webchat("browser")

    def at_telegram(self, name: str) -> AtTelegram:
        """Somebody at Telegram, new if nobody was called so before."""
        if name not in self.residents:
            number = NUMBER + APART * len(self.residents)
            self.residents[name] = self.city.resident("zh", number, **NAMES)
        return self.residents[name]

    def at_webchat(self, name: str) -> Browser:
        """Somebody at the web chat, each from a network of their own."""
        if name not in self.browsers:
            peer = f"127.77.{100 + len(self.browsers)}.9"
            url, token = self.city.programme.url, secrets.token_urlsafe(32)
            self.browsers[name] = Browser(url, token, peer=peer, **CLIENT)
        return self.browsers[name]

    @property
    def people(self) -> dict[str, str | int]:
        """Who they are."""
        found: dict[str, str | int] = {"phone": PHONE, "camera": CAMERA, "file name": FILE_NAME}
        found |= NAMES | {f"header {name}": value for name, value in CLIENT.items()}
        for name, resident in self.residents.items():
            found[f"number of {name}"] = resident.person.id
        for name, browser in self.browsers.items():
            found[f"token of {name}"] = browser.token
            found[f"address of {name}"] = browser.peer
            # However much of it is cut off: 127.77.100.0/24 begins so too.
            found[f"network of {name}"] = browser.peer.rpartition(".")[0] + ".0"
        return found

    @property
    def files(self) -> dict[str, str | int]:
        """What Telegram calls the files that were sent: of no use once they are fetched."""
        return {f"file {one[:6]}": one for one in self.city.server.world.files.names()}

    async def case(self, seen: str) -> str:
        """The number of the case whose description has these words, once it is there."""
        numbers: set[str] = set()
        async with asyncio.timeout(60):
            while True:
                for number in set(await self.operator.cases()) - numbers:
                    if seen in await self.operator.case(number):
                        return number
                    numbers.add(number)
                await asyncio.sleep(0.1)

    async def restart(self) -> None:
        """Kill every process and start again, once what was erased has left the store's file."""
        await asyncio.to_thread(evidence.erased, self.city.programme)
        await asyncio.to_thread(self.city.programme.kill_everything)
        await self.city.start()


@asynccontextmanager
async def scene(folder: Path, mode: str, log_format: str) -> AsyncIterator[Scene]:
    """Everything running, its temporary files in a folder of the test's, logs at their finest."""
    temporary = folder / "temporary"
    temporary.mkdir()
    settings = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": log_format, "TMPDIR": str(temporary)}
    async with tapped() as traffic, city(folder, mode, **settings, **traffic.settings) as here:
        # Nothing goes over the wires before there is a report.
        traffic.cases.target, traffic.news.target = here.programme.desk_port, here.programme.port
        async with Operator(here.programme).logged_in() as operator:
            yield Scene(here, operator, traffic)


def picture(shift: int = 0) -> bytes:
    """A JPEG that says whose camera took it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Qanary", CAMERA
    target = BytesIO()
    colour = (90 + shift, 80, 70)
    Image.new("RGB", (640, 480), colour).save(target, "JPEG", exif=exif, comment=CAMERA.encode())
    return target.getvalue()


def film() -> bytes:
    """Two seconds with sound that say the same."""
    said = [word for tag in ("title", "comment") for word in ("-metadata", f"{tag}={CAMERA}")]
    with TemporaryDirectory() as folder:
        return video(Path(folder) / "film.mp4", *said).read_bytes()
