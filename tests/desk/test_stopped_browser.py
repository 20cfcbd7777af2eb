"""Stopped work in a real browser, on a phone's screen, with scripts and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.store.connection import Store
from tests.desk.gateway import Door, door_to
from tests.desk.phone import PHONE, check_fit, enter
from tests.desk.running import RunningDesk

REFERENCE = "7QK2M4XN9PRTV3WYZ5BCDFGHJA"
DOUBT = "CaseInDoubt: cases cannot be listed: HTTP 501"


@pytest.fixture
async def door(store: Store, valkey_url: str) -> AsyncIterator[Door]:
    async with door_to(store, valkey_url) as opened:
        yield opened


@pytest.fixture
async def desk(tmp_path: Path, door: Door) -> AsyncIterator[RunningDesk]:
    async with RunningDesk.at(tmp_path, **door.settings) as running:
        yield running


async def test_somebody_at_night_sees_it_and_sends_it_as_new(
    desk: RunningDesk, door: Door, browser: Browser
) -> None:
    """The list was left open before anything stopped."""
    context = await browser.new_context(viewport=PHONE)
    await context.clock.install()
    page = await enter(desk, context)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    alarm = page.locator("a[href='/stopped']")
    await expect(alarm).not_to_have_class("stopped alarm")
    await door.park("push", REFERENCE, reason=DOUBT)
    while desk.stopped.count != 1:
        await page.wait_for_timeout(10)
    await context.clock.run_for(31_000)
    await expect(alarm).to_have_text("待人工处理的任务 1")
    await expect(alarm).to_have_class("stopped alarm")
    await expect(page).to_have_title("(1) 隐患列表 · 随手拍办理台")
    await check_fit(page)
    await alarm.click()
    await expect(page.locator("h1")).to_have_text("待人工处理的任务")
    await check_fit(page)
    sure = page.get_by_role("button", name="确实没有，作为新件发送")
    await expect(sure).not_to_be_visible()
    await page.get_by_text("作为新件发送", exact=True).click()
    await expect(page.get_by_text(f"搜过 [ref {REFERENCE}]")).to_be_visible()
    await check_fit(page)
    await sure.click()
    await expect(page.get_by_role("status")).to_have_text("1 件会在几秒内再试。")
    await expect(page.get_by_text("没有待人工处理的任务。")).to_be_visible()
    assert await door.due("push") == {REFERENCE: 1}
    assert complaints == []


async def test_everything_fits_a_small_phone_in_english(
    desk: RunningDesk, door: Door, browser: Browser
) -> None:
    await fill(door)
    context = await browser.new_context(viewport={"width": 320, "height": 640})
    page = await enter(desk, context)
    await page.goto(f"{desk.url}/?language=en")
    await check_fit(page)
    await page.get_by_role("link", name="Stopped work").click()
    await expect(page.locator("h1")).to_have_text("Stopped work")
    await page.get_by_text("Send as new", exact=True).click()
    await check_fit(page)
    await context.close()


async def test_without_scripts(desk: RunningDesk, door: Door, browser: Browser) -> None:
    await door.park("push", REFERENCE, reason=DOUBT)
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(desk.url + await desk.link())
    await page.get_by_role("button", name="进入办理台").click()
    await page.goto(f"{desk.url}/stopped")
    await page.get_by_text("作为新件发送", exact=True).click()
    await page.get_by_role("button", name="确实没有，作为新件发送").click()
    await expect(page.get_by_role("status")).to_have_text("1 件会在几秒内再试。")
    assert await door.due("push") == {REFERENCE: 1}
    await context.close()


async def fill(door: Door) -> None:
    """Some of everything."""
    await door.park("push", REFERENCE, reason=DOUBT)
    said = "CaseRefused: HTTP 400: service_code 'fire' is not one of this jurisdiction's"
    await door.park("push", "B3N8Q2M4XN9PRTV3WYZ5BCDFGH", "C9T4Q2M4XN9PRTV3WYZ5BCDFGH", reason=said)
    await door.park("delivery", "record.2", reason="channel telegram is switched off")
    await door.park("notices", "one.2", reason="RecordRefused: the outer layer does not belong")
    await door.park("replies", "event-1", reason="KeyError at report.py:120")
