"""A report goes in, a case is opened, the answer comes back: every process real."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.whole.programme import Browser, Operator, Programme
from tests.whole.scenes import photo


@pytest.fixture
def programme(tmp_path: Path) -> Iterator[Programme]:
    whole = Programme(tmp_path)
    whole.start()
    yield whole
    if whole.process and whole.process.poll() is None:
        whole.stop()


async def to_summary(
    browser: Browser, with_picture: bool = True, seen: str = "安全出口被货架堵住"
) -> None:
    await browser.does("open")
    await browser.presses("report")
    await browser.presses("fire")
    await browser.presses("blocked_exit")
    await browser.does("text", text="解放路 12 号地下车库")
    if with_picture:
        await browser.uploads(photo(position=True), photo(40))
        await browser.hears(lambda frame: len(browser.screen.get("media", ())) == 2)
        await browser.presses("done")
    else:
        await browser.presses("skip")
    await browser.does("text", text=seen)
    await browser.presses("danger:no")
    assert browser.screen["screen"] == "summary"


@pytest.mark.parametrize(("locale", "said"), [("zh", "核查"), ("en", "confirmed")])
async def test_a_resident_reports_and_hears_back(
    programme: Programme, locale: str, said: str
) -> None:
    resident = Browser(programme.url, locale=locale)
    async with Operator(programme).logged_in() as operator:
        async with resident.online():
            await to_summary(resident)
            await resident.presses("offered")
            shown = await resident.presses("submit")
            receipt = shown["receipt"]
            assert re.fullmatch(r"([0-9A-Z]{4}-){4}[0-9A-Z]{4}", receipt)
            [number] = await operator.waits_for_cases(1)
            page = await operator.case(number)
            assert "安全出口被货架堵住" in page
            assert "30.702100, 111.286500" in page
            assert resident.token not in page
            assert receipt not in page
            links = re.findall(r'src="(http[^"]+/media/[^"]+)"', page)
            assert len(set(links)) == 2
            async with aiohttp.ClientSession() as session:
                for link in links:
                    answer = await session.get(link)
                    assert answer.status == 200
                    assert (await answer.read()).startswith(b"\xff\xd8")
        # The resident is away while the desk works.
        await operator.moves(number, "accepted")
        await operator.moves(number, "verifying")
        await operator.moves(number, "verified", "现场属实，已责令整改")
        async with resident.online():
            await resident.does("open")
            while len(resident.notices) < 3:
                await resident.hears(lambda frame: "notice" in frame)
            texts = [notice["text"] for notice in resident.notices]
            assert sum(said in text for text in texts) >= 1
            assert "现场属实，已责令整改" in texts[-1]
            assert receipt[-4:] in texts[-1]
            shown = await resident.does("press", choice=f"status:{receipt}", serial=None)
            assert shown["screen"] == "status"
            assert "现场属实，已责令整改" in shown["text"]
            unseen = [notice["id"] for notice in resident.notices]
            assert len(set(unseen)) == 3


async def test_whoever_asks_is_forgotten_and_the_report_goes_on(programme: Programme) -> None:
    resident = Browser(programme.url)
    files = programme.folder / "data" / "valkey" / "appendonlydir"

    def sealed() -> bool:
        return any(b"vault:" in path.read_bytes() for path in files.iterdir())

    async with Operator(programme).logged_in() as operator, resident.online():
        await to_summary(resident, with_picture=False)
        receipt = (await resident.presses("submit"))["receipt"]
        [number] = await operator.waits_for_cases(1)
        assert sealed()
        await resident.does("command", name="privacy", argument="")
        await resident.presses("forget")
        shown = await resident.presses("forgotten", receipts=[receipt])
        assert shown["forgotten"] == [receipt]
        async with asyncio.timeout(40):
            while sealed():
                await asyncio.sleep(0.1)
        await operator.moves(number, "accepted")
        shown = await resident.does("text", text=receipt)
        assert receipt[-4:] not in shown["text"]
        assert resident.notices == []


async def test_killed_in_the_middle_and_after_submit(programme: Programme) -> None:
    resident = Browser(programme.url)
    async with resident.online():
        await to_summary(resident, with_picture=False)
    programme.kill_everything()
    programme.start()
    async with resident.online():
        shown = await resident.does("open")
        assert shown["screen"] == "summary"
        assert "安全出口被货架堵住" in shown["text"]
        receipt = (await resident.presses("submit"))["receipt"]
    programme.kill_everything()
    programme.start()
    async with Operator(programme).logged_in() as operator, resident.online():
        assert len(await operator.waits_for_cases(1)) == 1
        shown = await resident.does("open")
        assert shown["receipt"] == receipt
        assert len(await operator.cases()) == 1


def test_ctrl_c_leaves_no_process_behind(programme: Programme) -> None:
    family = programme.family()
    assert len(family) >= 7
    assert programme.stop(signal.SIGINT) == 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
