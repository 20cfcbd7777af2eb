"""The whole loop in a real browser on a phone-sized screen, in both languages.

``python -m tests.whole.screenshots`` walks the same way and keeps the pictures for the README.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.whole.programme import Programme
from tests.whole.walk import Phone, desk_phone


@pytest.fixture
def programme(tmp_path: Path) -> Iterator[Programme]:
    whole = Programme(tmp_path)
    whole.start()
    yield whole
    whole.stop()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
async def test_one_report_with_two_pictures_and_a_video(
    programme: Programme, chromium: Browser, tmp_path: Path, locale: str
) -> None:
    phone = await Phone.open(chromium, programme.url, locale, tmp_path)
    await phone.reports()
    receipt = await phone.receipt()
    desk = await desk_phone(chromium, programme.login_link(), locale)
    note = "现场属实，已责令清理。" if phone.chinese else "Confirmed on site; being cleared."
    await desk.opens_first_case()
    assert await desk.pictures() == 3
    await desk.moves("verified", note)
    await phone.sees(note)
    await phone.sees(receipt[-4:])
    assert await phone.overflow() == 0
    assert phone.complaints == []
    await phone.page.reload()
    await phone.sees(note)
    assert await phone.page.get_by_text(note).count() == 1


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
async def test_forget_me_leaves_nothing_in_the_page(
    programme: Programme, chromium: Browser, tmp_path: Path, locale: str
) -> None:
    phone = await Phone.open(chromium, programme.url, locale, tmp_path)
    await phone.reports()
    receipt = await phone.receipt()
    await phone.presses("menu")
    await phone.presses("privacy")
    await phone.presses("forget")
    await phone.page.locator("#words").fill("half a sentence")
    await phone.presses("forgotten")
    bubbles = phone.page.locator("#log .entry")
    await expect(bubbles).to_have_count(1)
    kept = str(await phone.page.evaluate("JSON.stringify(localStorage)"))
    assert '"suishoupai.receipts":"[]"' in kept
    assert "half a sentence" not in kept
    await phone.presses("menu")
    await phone.presses("reports")
    await phone.page.reload()
    await expect(bubbles.last).to_be_visible()
    assert receipt[-4:] not in await phone.page.locator("#log").inner_text()
    assert phone.complaints == []
