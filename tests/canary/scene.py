"""Two people whom nobody may find, one at Telegram, one at the web chat, and all about them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.contract.channels.telegram import AtTelegram
from tests.whole.city import City, city
from tests.whole.programme import Browser, Operator

NUMBER = 4_301_277_911_602_353
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
    """The programme, the two people, the operator, and what is known of them so far."""

    city: City
    resident: AtTelegram
    browser: Browser
    operator: Operator
    receipts: dict[str, str] = field(default_factory=dict)

    @property
    def people(self) -> dict[str, str | int]:
        """Who they are."""
        client = {f"header {name}": value for name, value in CLIENT.items()}
        return {
            "number": NUMBER,
            "phone": PHONE,
            "token": self.browser.token,
            "camera": CAMERA,
            "file name": FILE_NAME,
            **NAMES,
            **client,
        }

    @property
    def files(self) -> dict[str, str | int]:
        """What Telegram calls the files that were sent: of no use once they are fetched."""
        return {f"file {one[:6]}": one for one in self.city.server.world.files.names()}

    async def restart(self) -> None:
        """Kill every process and start again; the operator logs in anew."""
        await asyncio.to_thread(self.city.programme.kill_everything)
        await self.city.start()


@asynccontextmanager
async def scene(folder: Path, mode: str, log_format: str) -> AsyncIterator[Scene]:
    """Everything running, its temporary files in a folder of the test's, logs at their finest."""
    temporary = folder / "temporary"
    temporary.mkdir()
    settings = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": log_format, "TMPDIR": str(temporary)}
    async with city(folder, mode, **settings) as here:
        resident = here.resident("zh", NUMBER, **NAMES)
        browser = Browser(here.programme.url, secrets.token_urlsafe(32), **CLIENT)
        async with Operator(here.programme).logged_in() as operator:
            yield Scene(here, resident, browser, operator)


def picture(shift: int = 0) -> bytes:
    """A JPEG that says whose camera took it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Qanary", CAMERA
    target = BytesIO()
    colour = (90 + shift, 80, 70)
    Image.new("RGB", (640, 480), colour).save(target, "JPEG", exif=exif, comment=CAMERA.encode())
    return target.getvalue()
