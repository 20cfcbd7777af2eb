"""The whole loop over Telegram: people at a stand-in Bot API server, every process of ours real."""

from __future__ import annotations

import asyncio
import re
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from bot.core.dialogue import Message
from tests.contract.channels.telegram import AtTelegram
from tests.fakes.telegram import Call
from tests.whole.city import city, codes
from tests.whole.programme import Operator
from tests.whole.scenes import PLACE, photo

NOTE = "现场属实，已责令整改"
CHANGES = (("accepted", ""), ("verifying", ""), ("verified", NOTE))


async def to_location(resident: AtTelegram) -> None:
    await resident.arrives()
    await resident.at("menu")
    await resident.presses("report")
    await resident.at("category")
    await resident.presses("fire")
    await resident.at("hazard")
    await resident.presses("blocked_exit")
    await resident.at("location")


async def to_summary(resident: AtTelegram, seen: str) -> None:
    """The shortest way, without pictures."""
    await to_location(resident)
    await resident.says("解放路 12 号地下车库")
    await resident.at("media")
    await resident.presses("skip")
    await resident.at("description")
    await resident.says(seen)
    await resident.at("danger")
    await resident.presses("danger:no")
    await resident.at("summary", seen)


async def submits(resident: AtTelegram) -> str:
    """Submit; the receipt."""
    await resident.presses("submit")
    return await sees_receipt(resident)


async def sees_receipt(resident: AtTelegram) -> str:
    shown = await resident.at("receipt")
    found = re.search(r"([0-9A-Z]{4}-){4}[0-9A-Z]{4}", shown.text)
    assert found
    return found[0]


async def reports_in_full(resident: AtTelegram, seen: str) -> str:
    """Every step, with an album and a file, one item edited; the receipt.

    The Chinese speaker shares a position; the English speaker writes an address and takes the
    position that was found in the file.
    """
    await to_location(resident)
    await resident.waits_until(resident.position_hint)
    assert resident.person.reply_keyboard == [[resident.words(Message("location.device"))]]
    if resident.locale == "zh":
        await resident.locates(*PLACE)
    else:
        await resident.says("12 Jiefang Road, underground car park")
    await resident.at("media")
    await resident.waits_until(lambda: not resident.position_hint())
    await resident.sends(photo(position=True), photo(40))
    await resident.at("media", Message("media.have", count=2))
    await resident.sends_file(photo(80, position=True), "IMG_0717.jpg", "image/jpeg")
    await resident.at("media", Message("media.have", count=3))
    await resident.loses(*(Message("media.checking", count=count) for count in (1, 2, 3)))
    await resident.presses("done")
    await resident.at("description")
    await resident.says("a first wording")
    await resident.at("danger")
    await resident.presses("danger:yes")
    await resident.sees("119 · 120 · 110")
    summary = await resident.at("summary", "a first wording")
    await resident.presses("edit:description", on=summary)
    await resident.at("description")
    await resident.says(seen)
    await resident.at("summary", seen, Message("media.pieces", count=3))
    if resident.locale == "en":
        await resident.presses("offered")
        await resident.at("summary", "30.70210, 111.28650")
    # Older prompts lose their buttons: there is one place to press.
    await resident.waits_until(lambda: len(resident.screens_with_buttons()) == 1)
    return await submits(resident)


async def has_safe_pictures(page: str, count: int) -> None:
    """The desk's page shows so many pictures, and there is nothing but the picture in them."""
    links = set(re.findall(r'src="(http[^"]+/media/[^"]+)"', page))
    assert len(links) == count
    async with aiohttp.ClientSession() as session:
        for link in links:
            answer = await session.get(link)
            opened = Image.open(BytesIO(await answer.read()))
            assert opened.format == "JPEG"
            assert not opened.getexif()


async def case_of(operator: Operator, seen: str) -> str:
    """The one case whose description this is."""
    numbers = await operator.cases()
    [found] = [number for number in numbers if seen in await operator.case(number)]
    return found


def notices(resident: AtTelegram, receipt: str) -> list[str]:
    """The texts of all news of a report that stand in the chat."""
    said = {
        status: resident.words(Message(f"notice.{status}", {"tail": receipt[-4:]}))
        for status, _ in CHANGES
    }
    texts = [one.text for one in resident.person.messages if one.from_bot]
    return [text for text in texts if any(one in text for one in said.values())]


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_residents_report_and_hear_back(tmp_path: Path, mode: str) -> None:
    async with city(tmp_path, mode) as here, Operator(here.programme).logged_in() as operator:
        seen = {"zh": "安全出口被货架堵住", "en": "Shelves block the emergency exit"}
        residents = {locale: here.resident(locale) for locale in seen}
        receipts = {
            locale: await reports_in_full(resident, seen[locale])
            for locale, resident in residents.items()
        }
        await operator.waits_for_cases(2)
        for locale, resident in residents.items():
            number = await case_of(operator, seen[locale])
            page = await operator.case(number)
            assert "30.702100, 111.286500" in page
            assert str(resident.person.id) not in page
            assert receipts[locale] not in page
            await has_safe_pictures(page, 3)
            await is_told_of_every_change(operator, number, resident, receipts[locale])
        for locale, resident in residents.items():
            assert len(notices(resident, receipts[locale])) == len(CHANGES)
        assert len(await operator.cases()) == 2


async def is_told_of_every_change(
    operator: Operator, number: str, resident: AtTelegram, receipt: str
) -> None:
    """The desk moves the case on; one notice each; the receipt's button knows it too."""
    receipt_shown = resident.screen()
    for count, (status, note) in enumerate(CHANGES, 1):
        await operator.moves(number, status, note)
        await resident.sees(Message(f"notice.{status}", {"tail": receipt[-4:]}), note)
        assert len(notices(resident, receipt)) == count
    await resident.presses(f"status:{receipt}", on=receipt_shown)
    await resident.at("status", NOTE, Message("status.name.verified"))
    assert receipt in receipt_shown.text
    assert any(receipt in one.text for one in resident.person.messages)


async def test_killed_in_the_middle_and_at_submit(tmp_path: Path) -> None:
    async with city(tmp_path) as here:
        resident = here.resident("zh")
        await to_location(resident)
        await asyncio.to_thread(here.programme.kill_everything)
        # What is sent while nobody is there is kept by Telegram.
        resident.person.says("解放路 12 号地下车库")
        await here.start()
        await resident.at("media")
        await resident.presses("skip")
        await resident.at("description")
        await resident.says("安全出口被货架堵住")
        await resident.at("danger")
        await resident.presses("danger:no")
        await resident.at("summary", "解放路 12 号地下车库", "安全出口被货架堵住")
        update = resident.presses_and_looks_away("submit")
        await resident.waits_until(lambda: here.server.deliveries(update) > 0)
        await asyncio.to_thread(here.programme.kill_everything)
        await here.start()
        receipt = await sees_receipt(resident)
        async with Operator(here.programme).logged_in() as operator:
            # A lease that the killed worker held has to run out first.
            [number] = await operator.waits_for_cases(1, seconds=100)
            await resident.presses(f"status:{receipt}")
            await resident.at("status")
            await operator.moves(number, "accepted")
            await resident.sees(Message("notice.accepted", {"tail": receipt[-4:]}))
            assert await operator.cases() == [number]


def pauses(calls: list[Call]) -> list[float]:
    """Seconds from each refusal with 429 to the next call for the same person."""
    return [later.time - one.time for one, later in pairwise(calls) if one.code == 429]


async def test_pauses_are_kept(tmp_path: Path) -> None:
    async with city(tmp_path) as here, Operator(here.programme).logged_in() as operator:
        resident = here.resident("en")
        slow_down = (429, "Too Many Requests: retry after 1")
        here.server.fail("sendMessage", *slow_down, times=2, retry_after=1)
        here.server.fail("editMessageText", *slow_down, retry_after=1)
        await to_summary(resident, "Shelves block the emergency exit")
        receipt = await submits(resident)
        [number] = await operator.waits_for_cases(1)
        here.server.fail("sendMessage", *slow_down, retry_after=1)
        await is_told_of_every_change(operator, number, resident, receipt)
        kept = pauses(here.calls_to(resident))
        assert len(kept) == 4
        assert min(kept) >= 1


async def test_who_blocked_the_bot_is_left_alone(tmp_path: Path) -> None:
    async with city(tmp_path) as here, Operator(here.programme).logged_in() as operator:
        gone, other = here.resident("zh"), here.resident("en")
        seen = {gone: "安全出口被货架堵住", other: "Shelves block the emergency exit"}
        receipts = {}
        for resident, text in seen.items():
            await to_summary(resident, text)
            receipts[resident] = await submits(resident)
        await operator.waits_for_cases(2)
        before = len(here.calls_to(gone))
        gone.person.blocks_bot()
        number = await case_of(operator, seen[gone])
        await operator.moves(number, "accepted")
        await here.tried_in_vain(gone)
        await operator.moves(number, "verifying")
        await operator.moves(number, "verified", NOTE)
        await is_told_of_every_change(
            operator, await case_of(operator, seen[other]), other, receipts[other]
        )
        assert codes(here.calls_to(gone)[before:]) == [403]
        gone.person.unblocks_bot()
        await gone.presses(f"status:{receipts[gone]}")
        await gone.at("status", NOTE, Message("status.name.verified"))
