"""Pictures on the buttons that are about them: what goes is what was seen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from bot.channels.contract import Button, Shown
from bot.core.dialogue import Pressed
from tests.browser.conftest import OpenContext, OpenPhone
from tests.browser.phone import Phone
from tests.browser.test_webchat_looks import SMALL, ZOOMED
from tests.channels.webchat.world import World, until

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"/>'


PICTURE_FITS = """button => [...button.querySelectorAll("img")].every(
  (picture) => picture.offsetWidth <= button.clientWidth)"""
READY = "acde"
EACH = tuple(
    Button(f"drop:{letter}", f"删第 {number} 个", media=letter if letter in READY else None)
    for number, letter in enumerate("abcde", 1)
)
ROWS = (EACH[:3], EACH[3:], (Button("drop", "全部删掉"),))
# Of the pictures that are shown, the last one is on no button.
WHICH = Shown("remove", "要删哪一个？", "zh", ROWS, ("media",), (*READY, "z"), serial=1)


async def asked(
    chat: World,
    new_context: OpenContext,
    new_phone: OpenPhone,
    loads: str = PICTURE,
    **options: Any,
) -> Phone:
    """A phone whose owner is asked which picture is to go; `loads` is what comes for each."""
    context = await new_context(**options)

    async def picture(route: Any) -> None:
        await route.fulfill(content_type="image/svg+xml", body=loads)

    await context.route("**/media/**", picture)
    phone = await new_phone(context)
    await chat.channel.show(await phone.kept("token"), (WHICH,))
    await expect(phone.theirs.last).to_contain_text("要删哪一个？")
    return phone


async def test_a_picture_is_on_the_button_that_takes_it_out(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    phone = await asked(chat, new_context, new_phone)
    for letter in READY:
        button = phone.page.locator(f'[data-choice="drop:{letter}"]')
        await expect(button.locator("img")).to_have_attribute(
            "src", f"/media/{letter}?thumbnail=True"
        )
    await expect(phone.page.locator('[data-choice="drop:b"] img')).to_have_count(0)
    await expect(phone.theirs.last.locator("img")).to_have_count(1)
    await phone.page.locator('[data-choice="drop:c"]').click()
    await until(lambda: chat.conversation.events[-1] == Pressed("drop:c", 1))
    await expect(phone.mine).to_contain_text("删第 3 个")


@pytest.mark.parametrize("size", [{"width": 390, "height": 844}, SMALL, ZOOMED])
async def test_what_deletes_looks_like_it_and_fits_a_thumb_and_the_screen(
    axe: None, chat: World, new_context: OpenContext, new_phone: OpenPhone, size: dict[str, int]
) -> None:
    phone = await asked(chat, new_context, new_phone, viewport=size)
    await expect(phone.choices).to_have_count(6)
    for button in await phone.choices.all():
        await expect(button).to_have_class("danger")
        assert await button.evaluate(PICTURE_FITS)
    assert await phone.too_wide() == []
    assert await phone.too_small() == []
    assert await phone.violations() == []


async def test_a_picture_that_cannot_be_loaded_leaves_its_button(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    phone = await asked(chat, new_context, new_phone, "no picture")
    await expect(phone.page.locator(".choices img")).to_have_count(0)
    await expect(phone.choices.first).to_have_text("删第 1 个")
