"""Takes pictures of the desk with realistic cases: `python -m tests.desk.screenshots FOLDER`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.desk.receiver import Receiver
from tests.desk.running import RunningDesk
from tests.desk.seeds import HOUR, Pictures, seed

SCREENS = {"phone": (390, 844), "desktop": (1280, 900)}
MOVES = (
    (1, 1, "accepted", -120, ""),
    (1, 2, "verified", -60, "现场核查属实，已责令停止高处作业。"),
    (1, 3, "rectifying", -30, "施工单位正在补装连墙件，预计两天内完成。"),
    (2, 1, "transferred", -97, "已转供电所处理。"),
    (4, 1, "accepted", -29, "已受理，执法人员今天到场。"),
    (7, 1, "rejected", -1, "经核实，该网吧已停业，门锁为封存所需。"),
    (9, 1, "accepted", 0, "已受理，消防人员 20 分钟内到场，请先离开楼道。"),
)


async def take(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        async with Receiver() as receiver, Pictures() as gateway, async_playwright() as playwright:
            where = {"CASE_HOOK_URL": receiver.url, "GATEWAY_URL": gateway.url}
            async with RunningDesk.at(Path(data), **where) as desk:
                await fill(desk, gateway.url)
                browser = await playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox"]
                )
                for screen in SCREENS:
                    for scheme in ("light", "dark"):
                        await shoot(browser, desk, folder, screen, scheme)
                await browser.close()


async def fill(desk: RunningDesk, gateway: str) -> None:
    await seed(desk, gateway)
    for number, version, status, hours, note in MOVES:
        desk.offset = hours * HOUR
        await desk.log_in("王芳")
        await desk.move(str(number), version, status, note)
    desk.offset = 0


async def shoot(
    browser: Browser, desk: RunningDesk, folder: Path, screen: str, scheme: str
) -> None:
    width, height = SCREENS[screen]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = await context.new_page()
    await page.goto(f"{desk.url}/login")
    await page.screenshot(path=folder / f"login-{screen}-{scheme}.png")
    await page.goto(desk.url + await desk.link("王芳"))
    await page.wait_for_selector(".cases")
    for language in ("zh", "en"):
        for name, path in (("list", "/"), ("case", "/cases/9"), ("late", "/cases/2")):
            await page.goto(f"{desk.url}{path}?language={language}", wait_until="networkidle")
            target = folder / f"{name}-{screen}-{scheme}-{language}.png"
            await page.screenshot(path=target, full_page=True)
    await context.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
