"""Faces and number plates are covered on the phone: what is covered is in nothing that is sent."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import expect

from bot.channels.webchat import Source
from bot.core.dialogue import Attached
from tests.browser.phone import Phone
from tests.channels.webchat.world import World, until

RED, GREEN = (200, 30, 30), (30, 160, 60)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Red on the left, green on the right, and lying on its side as cameras write it."""
    image = Image.new("RGB", (400, 300), GREEN)
    image.paste(RED, (0, 0, 200, 300))
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "Qanary 90210"
    path = tmp_path / "side.jpg"
    image.save(path, exif=exif, quality=95)
    return path


async def opens(phone: Phone, path: Path) -> None:
    await phone.page.locator("#cover-pick").set_input_files(path)
    await expect(phone.page.locator("#cover")).to_be_visible()


async def covers(phone: Phone, left: float, top: float, right: float, bottom: float) -> None:
    """Draw across a part, in shares of the picture."""
    box = await phone.page.locator("#cover-canvas").bounding_box()
    assert box
    mouse = phone.page.mouse
    await mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
    await mouse.down()
    await mouse.move(box["x"] + right * box["width"], box["y"] + bottom * box["height"], steps=4)
    await mouse.up()


async def sent(chat: World) -> Image.Image:
    """The picture that arrived."""
    await until(lambda: any(isinstance(one, Attached) for one in chat.conversation.events))
    [attached] = [one for one in chat.conversation.events if isinstance(one, Attached)]
    [attachment] = attached.attachments
    body = await Source(chat.surroundings).fetch(attachment.source)
    assert b"Qanary" not in body
    return Image.open(BytesIO(body)).convert("RGB")


def near(pixel: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(have - want) < 25 for have, want in zip(pixel, wanted, strict=True))


async def test_what_is_covered_does_not_leave_the_phone(
    chat: World, phone: Phone, picture: Path
) -> None:
    await opens(phone, picture)
    send = phone.page.locator("#cover-send")
    await expect(send).to_be_visible()
    await covers(phone, 0.1, 0.1, 0.5, 0.3)
    await covers(phone, 0.9, 0.9, 0.6, 0.7)  # backwards
    await send.click()
    image = await sent(chat)
    assert image.size == (300, 400)  # upright
    for x, y in ((0.3, 0.2), (0.75, 0.8)):
        assert near(image.getpixel((int(300 * x), int(400 * y))), (17, 17, 17))
    assert near(image.getpixel((250, 80)), RED)
    assert near(image.getpixel((40, 350)), GREEN)
    await expect(phone.page.locator("#cover")).to_be_hidden()


async def test_the_last_one_is_undone(chat: World, phone: Phone, picture: Path) -> None:
    await opens(phone, picture)
    undo = phone.page.locator("#cover-undo")
    await expect(undo).to_be_disabled()
    await covers(phone, 0.1, 0.1, 0.5, 0.3)
    await covers(phone, 0.6, 0.7, 0.9, 0.9)
    await undo.click()
    await phone.page.locator("#cover-send").click()
    image = await sent(chat)
    assert near(image.getpixel((90, 80)), (17, 17, 17))
    assert near(image.getpixel((225, 320)), GREEN)


async def test_whoever_thinks_better_of_it_sends_nothing(
    chat: World, phone: Phone, picture: Path
) -> None:
    await opens(phone, picture)
    await covers(phone, 0.1, 0.1, 0.5, 0.3)
    await phone.page.locator("#cover [data-close]").click()
    await expect(phone.page.locator("#cover")).to_be_hidden()
    await opens(phone, picture)
    await expect(phone.page.locator("#cover-undo")).to_be_disabled()
    await expect(phone.mine).to_have_count(0)
    assert not any(isinstance(one, Attached) for one in chat.conversation.events)


async def test_a_picture_that_cannot_be_opened_is_not_sent_uncovered(
    chat: World, phone: Phone, tmp_path: Path
) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no picture at all")
    await opens(phone, path)
    await expect(phone.page.locator("#cover-words")).to_contain_text("打不开")
    await expect(phone.page.locator("#cover-send")).to_be_hidden()
    await expect(phone.mine).to_have_count(0)


@pytest.mark.usefixtures("axe")
async def test_the_dialog_can_be_used_by_everybody(phone: Phone, picture: Path) -> None:
    await opens(phone, picture)
    await expect(phone.page.locator("#cover-send")).to_be_visible()
    assert await phone.violations() == []
