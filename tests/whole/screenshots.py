"""Takes the README's pictures from the running programme: ``python -m tests.whole.screenshots``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, async_playwright

from tests.whole.programme import ROOT, Programme
from tests.whole.walk import Phone, desk_phone

IMAGES = ROOT / "docs" / "images"
NOTE = {
    "zh-CN": "现场属实，已责令两日内清理。感谢您的提醒！",
    "en-GB": "Confirmed on site; the owner has two days to clear it. Thank you!",
}


async def take(chromium: Browser, folder: Path, locale: str, images: Path) -> None:
    """One walk in one language, on a programme of its own."""
    programme = Programme(folder)
    await asyncio.to_thread(programme.start)
    language = locale[:2]
    try:
        phone = await Phone.open(chromium, programme.url, locale, folder)
        await phone.reports()
        await phone.receipt()
        await phone.page.screenshot(path=images / f"receipt-{language}.png")
        desk = await desk_phone(chromium, programme.login_link(), locale)
        await desk.opens_first_case()
        await desk.page.go_back()
        await desk.page.screenshot(path=images / f"desk-list-{language}.png")
        await desk.opens_first_case()
        await desk.moves("verified", NOTE[locale])
        await desk.page.evaluate("window.scrollTo(0, 0)")
        await desk.page.screenshot(path=images / f"desk-case-{language}.png")
        await phone.sees(NOTE[locale])
        await phone.page.screenshot(path=images / f"chat-{language}.png")
    finally:
        await asyncio.to_thread(programme.stop)


async def main(images: Path) -> None:
    """Both languages, one after the other."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for locale in NOTE:
            with TemporaryDirectory() as folder:
                await take(chromium, Path(folder), locale, images)
        await chromium.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))
