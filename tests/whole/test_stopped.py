"""A report that the case system refuses is put back from the desk's page, and its case opens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.whole.programme import Browser, Programme
from tests.whole.test_loop import to_summary
from tests.whole.walk import desk_phone

SENTENCE = {"zh-CN": "没能立案的举报", "en-GB": "Reports without a case"}


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
async def test_a_refused_report_is_put_back_and_becomes_a_case(tmp_path: Path, locale: str) -> None:
    programme = Programme(tmp_path, OPEN311_SERVICES="fire=a-service-that-nobody-has")
    await asyncio.to_thread(programme.start)
    try:
        resident = Browser(programme.url)
        async with resident.online():
            await to_summary(resident, with_picture=False)
            await resident.presses("submit")
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            desk = await desk_phone(chromium, programme.login_link(), locale)
            page = desk.page
            alarm = page.locator("a.alarm[href='/stopped']")
            async with asyncio.timeout(40):
                while not await alarm.count():
                    await page.reload()
            await expect(page.locator("a[href^='/cases/']")).to_have_count(0)
            # Whoever runs the system puts the settings right; the operator stays logged in.
            assert await asyncio.to_thread(programme.stop) == 0
            programme.settings.clear()
            await asyncio.to_thread(programme.start)
            await page.goto(f"{programme.desk_url}/stopped")
            await expect(page.get_by_text(SENTENCE[locale])).to_be_visible()
            await page.locator("main form button").click()
            await expect(page.get_by_role("status")).to_be_visible()
            await page.goto(f"{programme.desk_url}/")
            await desk.opens_first_case()
            await expect(page.get_by_text("安全出口被货架堵住")).to_be_visible()
            await page.goto(f"{programme.desk_url}/")
            await expect(alarm).to_have_count(0)
            await expect(page.locator("a[href^='/cases/']")).to_have_count(1)
            await chromium.close()
    finally:
        if programme.process and programme.process.poll() is None:
            await asyncio.to_thread(programme.stop)
