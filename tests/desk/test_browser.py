"""The operators' page in a real browser, on a phone's screen: finds a case and moves it on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import (
    Browser,
    expect,
)

from tests.desk.phone import PHONE, check_fit, enter
from tests.desk.receiver import Receiver
from tests.desk.running import RunningDesk, until
from tests.desk.seeds import Pictures, seed

NOTE = "已到现场核查，情况属实。物业正在清走车辆，今晚 8 点前腾空通道。"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    async with Pictures() as running:
        yield running


@pytest.fixture
async def desk(
    tmp_path: Path, receiver: Receiver, pictures: Pictures
) -> AsyncIterator[RunningDesk]:
    where = {"CASE_HOOK_URL": receiver.url, "GATEWAY_URL": pictures.url}
    async with RunningDesk.at(tmp_path, **where) as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_filter_open_and_verify_on_a_phone(
    desk: RunningDesk,
    receiver: Receiver,
    pictures: Pictures,
    browser: Browser,
    scheme: Literal["light", "dark"],
) -> None:
    numbers = await seed(desk, pictures.url)
    context = await browser.new_context(viewport=PHONE, color_scheme=scheme)
    page = await enter(desk, context)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))

    await check_fit(page)
    await expect(page.locator(".case")).to_have_count(len(numbers))
    await page.get_by_label("类别").select_option("fire")
    await page.get_by_label("只看紧急").check()
    await page.get_by_role("button", name="筛选").click()
    await expect(page.locator(".case")).to_have_count(1)
    await page.get_by_role("link", name="疏散通道堵塞").click()

    await check_fit(page)
    pictures_shown = page.locator(".media img")
    await expect(pictures_shown).to_have_count(4)
    await pictures_shown.last.scroll_into_view_if_needed()
    await page.wait_for_function(
        "[...document.querySelectorAll('.media img')].every(i => i.complete && i.naturalWidth)"
    )
    await page.get_by_label("给举报人的说明").fill(NOTE)
    await expect(page.locator("#note-left")).to_have_text(f"还可以写 {1000 - len(NOTE)} 字")
    await page.get_by_role("button", name="核查属实").click()

    await expect(page.get_by_role("status")).to_have_text("已保存，正在通知举报人。")
    await expect(page.locator(".heading .mark.going")).to_have_text("核查属实")
    await expect(page.locator(".history li").first).to_contain_text(NOTE)
    await check_fit(page)

    async def told() -> bool:
        return receiver.versions(numbers[-1]) == [1, 2]

    await until(told)
    assert receiver.taken[-1]["data"]["note"] == NOTE
    assert hosts == {desk.url, pictures.url}
    assert complaints == []
    await context.close()


async def test_english_fits_a_phone_too(
    desk: RunningDesk, pictures: Pictures, browser: Browser
) -> None:
    numbers = await seed(desk, pictures.url)
    context = await browser.new_context(viewport={"width": 320, "height": 640})
    page = await enter(desk, context)
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("h1")).to_have_text("Cases")
    await check_fit(page)
    for number in numbers:
        await page.goto(f"{desk.url}/cases/{number}")
        await check_fit(page)
    await context.close()


async def test_a_list_left_open_tells_of_new_cases_and_stays_as_it_is(
    desk: RunningDesk, browser: Browser
) -> None:
    await desk.open()
    context = await browser.new_context(viewport=PHONE)
    await context.clock.install()
    page = await enter(desk, context)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    told = page.locator("#arrived a")
    await desk.open()
    await context.clock.run_for(31_000)
    await expect(told).to_have_text("新到 1 件举报，点这里看")
    await expect(told).to_have_class("button")
    await expect(page.locator(".case")).to_have_count(1)
    await desk.open(**{"attribute[major]": "true"})
    await context.clock.run_for(31_000)
    await expect(told).to_have_text("新到 2 件举报，点这里看 · 紧急：有人处于危险")
    await expect(told).to_have_class("button alarm")
    await check_fit(page)
    await told.click()
    await expect(page.locator(".case")).to_have_count(3)
    await expect(told).to_have_count(0)
    assert complaints == []
    await context.close()


async def test_by_keyboard_alone(desk: RunningDesk, browser: Browser) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    context = await browser.new_context(viewport=PHONE)
    page = await enter(desk, context)

    async def tab_to(selector: str) -> None:
        async with asyncio.timeout(10):
            while not await page.evaluate("s => document.activeElement.matches(s)", selector):
                await page.keyboard.press("Tab")
        width = await page.evaluate(
            "getComputedStyle(document.activeElement.closest('.case') || document.activeElement)"
            ".outlineWidth"
        )
        assert width == "3px"  # the focus is seen

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # over the head of the page
    await tab_to(".case a")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{desk.url}/cases/{number}")
    await tab_to("#note")
    await page.keyboard.type("已受理")
    await tab_to("button[value=accepted]")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("已保存")
    await context.close()


async def test_without_scripts(desk: RunningDesk, browser: Browser) -> None:
    number = await desk.open()
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(desk.url + await desk.link())
    await page.get_by_role("button", name="进入办理台").click()
    await page.locator(f"a[href='/cases/{number}']").click()
    await page.get_by_role("button", name="受理", exact=True).click()
    await expect(page.get_by_role("status")).to_have_text("已保存。")
    await context.close()


async def test_a_second_operator_is_told_of_the_first(desk: RunningDesk, browser: Browser) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    pages = []
    for _ in range(2):
        page = await enter(desk, await browser.new_context(viewport=PHONE))
        await page.goto(f"{desk.url}/cases/{number}")
        await page.get_by_label("给举报人的说明").fill("我来办")
        pages.append(page)
    await pages[0].get_by_role("button", name="受理", exact=True).click()
    await expect(pages[0].get_by_role("status")).to_contain_text("已保存")
    await pages[1].get_by_role("button", name="转办").click()
    await expect(pages[1].get_by_role("alert")).to_contain_text("已被别人更新")
    await expect(pages[1].get_by_label("给举报人的说明")).to_have_value("我来办")
