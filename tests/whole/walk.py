"""A resident's and an operator's way through the pages, in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.whole.scenes import PLACE, film, photo

SCREEN = {"width": 390, "height": 844}
WORDS = {
    True: ("我要举报", "消防", "堵", "解放路 12 号地下车库", "安全出口被纸箱堵住，门推不开。"),
    False: (
        "Report a hazard",
        "Fire",
        "locked",
        "12 Liberation Road, basement car park",
        "Boxes are piled up in front of the emergency exit; the door does not open.",
    ),
}


class Phone:
    """The chat on a phone."""

    def __init__(self, page: Page, locale: str, folder: Path) -> None:
        self.page = page
        self.chinese = locale.startswith("zh")
        self.folder = folder
        self.complaints: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @classmethod
    async def open(cls, browser: Browser, url: str, locale: str, folder: Path) -> Phone:
        """A new phone at the chat's address."""
        north, east = PLACE
        context = await browser.new_context(
            viewport={"width": SCREEN["width"], "height": SCREEN["height"]},
            device_scale_factor=2,
            locale=locale,
            geolocation={"latitude": north, "longitude": east},
            permissions=["geolocation"],
            reduced_motion="reduce",
        )
        phone = cls(await context.new_page(), locale, folder)
        await phone.page.goto(url)
        return phone

    async def presses(self, choice: str) -> None:
        """Press the button of that choice under the newest prompt."""
        await self.page.locator(f'#log [data-choice="{choice}"]').last.click()

    async def writes(self, words: str) -> None:
        """Type and send."""
        await self.page.locator("#words").fill(words)
        await self.page.locator("#send").click()

    async def sees(self, words: str) -> None:
        """Wait until these words stand in the chat."""
        await expect(self.page.locator("#log").get_by_text(words).last).to_be_visible(
            timeout=30_000
        )

    async def reports(self) -> None:
        """The whole report up to the receipt."""
        *_, address, seen = WORDS[self.chinese]
        await self.presses("report")
        await self.presses("fire")
        await self.presses("blocked_exit")
        await self.writes(address)
        await self.attaches()
        await self.presses("done")
        await self.writes(seen)
        await self.presses("danger:no")
        await self.presses("offered")
        await expect(self.page.locator('#log [data-choice="offered"]')).to_have_count(0)
        await self.presses("submit")

    async def attaches(self) -> None:
        """Two pictures, one of them with a position, and a video, all at once."""
        files = [self.folder / "one.jpg", self.folder / "two.jpg"]
        files[0].write_bytes(photo(position=True))
        files[1].write_bytes(photo(60))
        files.append(film(self.folder / "three.mp4"))
        await self.page.locator("#gallery").set_input_files([str(file) for file in files])
        await self.presses("sound:drop")
        pictures = self.page.locator("#log img[src*='/media/thumbnail/']")
        await expect(pictures.last).to_be_visible(timeout=30_000)
        await expect(pictures).to_have_count(3, timeout=30_000)

    async def receipt(self) -> str:
        """The receipt on the screen."""
        code = self.page.locator("#log .card .code").last
        return (await code.inner_text(timeout=30_000)).strip().replace("\n", "")

    async def overflow(self) -> int:
        """How many pixels the page is too wide."""
        script = "document.documentElement.scrollWidth - window.innerWidth"
        return max(0, int(await self.page.evaluate(script)))


class Desk:
    """The desk's pages."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def opens_first_case(self) -> None:
        """Wait for a case on the list and open it."""
        first = self.page.locator("a[href^='/cases/']").first
        await self._until_there()
        await first.click()

    async def _until_there(self) -> None:
        async def look() -> bool:
            await self.page.reload()
            return await self.page.locator("a[href^='/cases/']").count() > 0

        for _ in range(60):
            if await look():
                return
            await self.page.wait_for_timeout(250)
        raise AssertionError("no case came to the desk")

    async def pictures(self) -> int:
        """How many pictures and videos the case shows."""
        return await self.page.locator("main img, main video").count()

    async def moves(self, status: str, note: str) -> None:
        """Write a note and press the button of a status."""
        await self.page.locator("#note").fill(note)
        await self.page.locator(f"button[name=status][value={status}]").click()
        await expect(self.page.get_by_text(note).first).to_be_visible()


async def desk_phone(browser: Browser, link: str, locale: str) -> Desk:
    """An operator at the desk, logged in by the one-time link."""
    context = await browser.new_context(
        viewport={"width": SCREEN["width"], "height": SCREEN["height"]},
        device_scale_factor=2,
        locale=locale,
    )
    page = await context.new_page()
    await page.goto(link)
    await page.wait_for_url("**/")
    if locale.startswith("en"):
        await page.get_by_text("English").click()
        await expect(page.get_by_text("中文")).to_be_visible()
    return Desk(page)
