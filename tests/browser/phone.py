"""A person with a phone: does what a thumb does and sees what an eye sees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, expect

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
# A server that is down is noticed by the browser's own console too; everything else is a fault.
EXPECTED = ("ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED", "WebSocket connection to")


class Phone:
    """One tab with the chat open in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @classmethod
    async def opened(cls, context: BrowserContext, url: str) -> Phone:
        """Open the chat and wait until it can be used."""
        phone = cls(await context.new_page())
        await phone.page.goto(url)
        await expect(phone.choices.first).to_be_visible()
        return phone

    @property
    def choices(self) -> Locator:
        """The buttons of the newest prompt."""
        return self.page.locator(".choices button")

    @property
    def mine(self) -> Locator:
        """The person's own bubbles."""
        return self.page.locator(".entry.mine .bubble")

    @property
    def theirs(self) -> Locator:
        """The bubbles of the other side."""
        return self.page.locator(".entry.theirs .bubble")

    @property
    def banner(self) -> Locator:
        """What is said about the connection."""
        return self.page.locator("#banner")

    async def press(self, words: str) -> None:
        """Touch a choice."""
        await self.choices.filter(has_text=words).click()

    async def write(self, words: str) -> None:
        """Type and send."""
        await self.page.locator("#words").fill(words)
        await self.page.locator("#send").click()

    async def call_up(self, *names: str) -> None:
        """Have these screens shown, and wait for them."""
        count = await self.mine.count()
        await self.write("say " + " ".join(names))
        await expect(self.mine.nth(count).locator("xpath=..")).to_have_attribute(
            "data-state", "sent"
        )

    async def pick(self, *files: Path) -> None:
        """Choose files from the gallery."""
        await self.page.set_input_files("#gallery", files)

    async def stands_still(self) -> None:
        """Wait until nothing has moved for a while, in frames of the screen."""
        await self.page.evaluate(
            """() => new Promise((done) => {
              const scroll = document.getElementById("scroll");
              const where = () => [scroll.scrollTop, scroll.scrollHeight, scroll.clientHeight];
              let before = "", still = 0;
              const look = () => {
                const now = where().join();
                still = now === before ? still + 1 : 0;
                before = now;
                if (still > 30) done(); else requestAnimationFrame(look);
              };
              look();
            })"""
        )

    async def kept(self, name: str) -> Any:
        """What the browser's storage has under that name."""
        found = await self.page.evaluate(f"localStorage.getItem('suishoupai.{name}')")
        return None if found is None else json.loads(found)

    async def violations(self) -> list[str]:
        """What axe-core finds wrong on the page as it is now."""
        # Injected by evaluation: the page's own policy forbids foreign scripts, as it should.
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['html']} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    async def too_wide(self) -> Sequence[str]:
        """The elements that stick out of the window to the side."""
        found: list[str] = await self.page.evaluate(
            """() => [...document.querySelectorAll("body *")]
              .filter(e => e.checkVisibility() && !e.closest(".unseen, [aria-hidden], svg"))
              .filter(e => { const r = e.getBoundingClientRect();
                             return r.width > 1 && (r.right > innerWidth + 1 || r.left < -1); })
              .map(e => e.outerHTML.slice(0, 120))"""
        )
        return found

    async def too_small(self) -> Sequence[str]:
        """The controls that a thumb would miss: under 44 pixels, once what is new stands still."""
        await self.page.evaluate(
            """() => Promise.allSettled(document.getAnimations()
              .filter(e => e.effect.getComputedTiming().endTime !== Infinity)
              .map(e => e.finished))"""
        )
        found: list[str] = await self.page.evaluate(
            """() => [...document.querySelectorAll("button, a, textarea")]
              .filter(e => e.checkVisibility())
              .filter(e => { const r = e.getBoundingClientRect();
                             return r.width < 44 || r.height < 44; })
              .map(e => e.outerHTML.slice(0, 120))"""
        )
        return found

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(
            known in message.text for known in EXPECTED
        ):
            self.complaints.append(message.text)
