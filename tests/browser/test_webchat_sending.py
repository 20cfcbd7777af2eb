"""Pictures, videos and positions, as they are sent from a phone."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Geolocation, Locator, expect

from bot.channels.contract import MEDIA_BYTES_MOST
from bot.channels.webchat import Source
from bot.core.dialogue import Attached, Located
from bot.core.report import Place
from tests.browser.conftest import OpenContext, OpenPhone
from tests.browser.phone import Phone
from tests.channels.webchat.world import World, until

YICHANG: Geolocation = {"latitude": 30.691234567, "longitude": 111.286543, "accuracy": 17.6}
SLOW_UPLOAD = 250_000


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two pictures of about half a megabyte."""
    folder = tmp_path_factory.mktemp("pictures")
    made = [folder / "one.jpg", folder / "two.jpg"]
    for path in made:
        Image.effect_noise((1200, 900), 90).convert("RGB").save(path, quality=90)
    return made


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of about half a megabyte."""
    path = tmp_path_factory.mktemp("videos") / "film.mp4"
    source = ["-f", "lavfi", "-i", "nullsrc=s=320x240:d=1,geq=random(1)*255:128:128"]
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-b:v", "4M"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, *coding, path], check=True)
    return path


async def slow(phone: Phone, bytes_a_second: int) -> None:
    """A poor connection upwards; -1 takes it away."""
    session = await phone.page.context.new_cdp_session(phone.page)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions", {**conditions, "uploadThroughput": bytes_a_second}
    )


def tiles(phone: Phone, state: str = "") -> Locator:
    """The tiles of what is sent, in that state."""
    return phone.page.locator(f'.tiles li[data-state="{state}"]' if state else ".tiles li")


async def test_two_pictures_and_a_video_are_one_answer(
    chat: World, phone: Phone, pictures: list[Path], video: Path
) -> None:
    await slow(phone, SLOW_UPLOAD)
    await phone.pick(*pictures, video)
    await expect(tiles(phone)).to_have_count(3)
    await expect(phone.page.locator(".tiles progress")).to_have_count(3)
    await expect(phone.page.locator(".tiles img")).to_have_count(3)
    first = phone.page.locator(".tiles progress").first
    await until(lambda: first.evaluate("e => e.value > 0 && e.value < 1"))
    await slow(phone, -1)
    await expect(tiles(phone, "sent")).to_have_count(3, timeout=30_000)
    await expect(phone.page.locator(".tiles progress")).to_have_count(0)
    attached = [one for one in chat.conversation.events if isinstance(one, Attached)]
    assert len(attached) == 1
    source, files = Source(chat.surroundings), [*pictures, video]
    sent = [await source.fetch(one.source) for one in attached[0].attachments]
    assert sent == [path.read_bytes() for path in files]
    assert [one.size for one in attached[0].attachments] == [len(body) for body in sent]
    assert [one.video for one in attached[0].attachments] == [False, False, True]


async def test_the_answer_to_many_pictures_is_not_below_the_fold(
    chat: World, phone: Phone, pictures: list[Path]
) -> None:
    await phone.call_up("long", "media")
    await phone.pick(*(pictures * 4))
    await expect(tiles(phone, "sent")).to_have_count(8, timeout=30_000)
    await expect(phone.page.locator(".tiles img")).to_have_count(8)
    await expect(phone.theirs.last).to_contain_text("Step 3")
    await phone.stands_still()
    await expect(phone.choices.last).to_be_in_viewport(ratio=1)


async def test_one_of_several_is_cancelled(chat: World, phone: Phone, pictures: list[Path]) -> None:
    await slow(phone, SLOW_UPLOAD)
    await phone.pick(*pictures)
    await expect(tiles(phone, "sending")).to_have_count(2)
    cancel = phone.page.get_by_role("button", name="取消：照片")
    await expect(cancel).to_have_count(2)
    await cancel.first.click()
    await slow(phone, -1)
    await expect(tiles(phone, "sent")).to_have_count(1, timeout=30_000)
    await expect(tiles(phone)).to_have_count(1)
    await until(lambda: not chat.channel._uploads._in_hand)
    (attached,) = [one for one in chat.conversation.events if isinstance(one, Attached)]
    (attachment,) = attached.attachments
    assert await Source(chat.surroundings).fetch(attachment.source) == pictures[1].read_bytes()


async def test_cancelling_the_last_one_takes_the_bubble_away(
    chat: World, phone: Phone, pictures: list[Path]
) -> None:
    await slow(phone, SLOW_UPLOAD)
    await phone.pick(pictures[0])
    await phone.page.get_by_role("button", name="取消：照片").click()
    await expect(phone.mine).to_have_count(0)
    assert not [one for one in chat.conversation.events if isinstance(one, Attached)]


async def test_an_upload_goes_on_by_itself_when_the_connection_is_back(
    chat: World, phone: Phone, pictures: list[Path]
) -> None:
    await chat.stop()
    await phone.pick(pictures[0])
    await expect(tiles(phone, "waiting")).to_contain_text("网络断了")
    await chat.start()
    await expect(tiles(phone, "sent")).to_have_count(1, timeout=30_000)
    assert len([one for one in chat.conversation.events if isinstance(one, Attached)]) == 1


async def test_a_failed_upload_is_sent_again_by_hand(
    chat: World, phone: Phone, pictures: list[Path]
) -> None:
    refuse = {"times": 1}
    await phone.page.route("**/chat/uploads", lambda route: route.fulfill(status=500), **refuse)
    await phone.pick(*pictures)
    await expect(tiles(phone, "failed")).to_contain_text("没传上去")
    await expect(tiles(phone, "sent")).to_have_count(1)
    phone.complaints.clear()
    await phone.page.get_by_role("button", name="重新上传：照片").click()
    await expect(tiles(phone, "sent")).to_have_count(2)
    sizes = [len(one.attachments) for one in chat.conversation.events if isinstance(one, Attached)]
    assert sizes == [1, 1]


async def test_what_is_on_its_way_arrives_though_another_report_is_forgotten(
    chat: World, phone: Phone, pictures: list[Path]
) -> None:
    await phone.call_up("receipt", "sure")
    await slow(phone, SLOW_UPLOAD)
    await phone.pick(pictures[0])
    await expect(tiles(phone, "sending")).to_have_count(1)
    await phone.press("Forget me")
    await expect(phone.theirs).to_have_text([re.compile("Forgotten")])
    await slow(phone, -1)
    await expect(tiles(phone, "sent")).to_have_count(1, timeout=30_000)
    assert len([one for one in chat.conversation.events if isinstance(one, Attached)]) == 1


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("large.jpg", MEDIA_BYTES_MOST + 1, "超过 20 MB"),
        ("empty.jpg", 0, "这个文件是空的"),
        ("letter.txt", 5, "只收照片和视频"),
    ],
)
async def test_what_is_of_no_use_is_said_before_it_is_sent(
    chat: World, phone: Phone, name: str, size: int, words: str
) -> None:
    file = chat.surroundings.settings.data_dir / name
    file.write_bytes(b"x" * size)
    await phone.pick(file)
    await expect(phone.mine.locator(".trouble")).to_contain_text(words)
    await expect(tiles(phone, "failed")).to_have_count(1)
    await expect(phone.page.locator(".tool.again")).to_have_count(0)
    assert not chat.channel._uploads._in_hand


async def test_a_picture_that_this_browser_cannot_draw_is_sent_all_the_same(
    chat: World, phone: Phone, tmp_path: Path
) -> None:
    file = tmp_path / "IMG_0001.HEIC"
    file.write_bytes(b"\x00\x00\x00\x18ftypheic" + b"x" * 100)
    await phone.pick(file)
    await expect(tiles(phone, "sent")).to_have_count(1)
    await expect(tiles(phone).locator("svg")).to_have_count(1)
    assert len([one for one in chat.conversation.events if isinstance(one, Attached)]) == 1


@pytest.mark.parametrize(("count", "taken"), [(9, 9), (10, 9)])
async def test_nine_at_a_time(
    chat: World, phone: Phone, pictures: list[Path], count: int, taken: int
) -> None:
    await phone.pick(*(pictures[:1] * count))
    await expect(tiles(phone, "sent")).to_have_count(taken, timeout=20_000)
    remark = phone.page.locator(".between", has_text="一次最多选 9 个")
    await expect(remark).to_have_count(count - taken)
    (attached,) = [one for one in chat.conversation.events if isinstance(one, Attached)]
    assert len(attached.attachments) == taken


async def test_what_had_arrived_is_answered_after_the_tab_was_closed(
    chat: World,
    new_context: OpenContext,
    new_phone: OpenPhone,
    pictures: list[Path],
    video: Path,
) -> None:
    context = await new_context()
    phone = await new_phone(context)
    held = asyncio.Event()

    async def hold(route: object) -> None:
        if held.is_set():
            return
        held.set()
        await route.continue_()  # type: ignore[attr-defined]

    await phone.page.route("**/chat/uploads", hold)
    await phone.pick(pictures[0], video)
    await expect(tiles(phone, "uploaded")).to_have_count(1)
    await phone.page.close()
    back = await new_phone(context)
    await expect(tiles(back, "sent")).to_have_count(1)
    await expect(tiles(back, "failed")).to_have_count(1)
    (attached,) = [one for one in chat.conversation.events if isinstance(one, Attached)]
    assert len(attached.attachments) == 1


async def test_a_position_is_shown_before_it_is_sent(chat: World, new_phone: OpenPhone) -> None:
    phone = await new_phone(permissions=["geolocation"], geolocation=YICHANG)
    await phone.call_up("location")
    await phone.press("Use my position")
    dialog = phone.page.locator("#position")
    await expect(dialog).to_contain_text("30.69123, 111.28654 · 误差约 18 米")
    await expect(dialog.get_by_role("img")).to_be_visible()
    await dialog.locator("[data-close]").click()
    assert not [one for one in chat.conversation.events if isinstance(one, Located)]
    await phone.press("Use my position")
    await dialog.locator("#position-send").click()
    await expect(phone.theirs.last).to_contain_text("Step 3")
    await expect(phone.mine.last).to_contain_text("30.69123, 111.28654")
    assert chat.conversation.events[-1] == Located(Place(30.69123, 111.28654))


async def test_a_refused_position_is_explained(chat: World, phone: Phone) -> None:
    await phone.call_up("location")
    await phone.press("Use my position")
    dialog = phone.page.locator("#position")
    await expect(dialog).to_contain_text("浏览器没有允许定位")
    await expect(dialog.locator("#position-send")).to_be_hidden()
    await phone.page.context.grant_permissions(["geolocation"])
    await phone.page.context.set_geolocation(YICHANG)
    await dialog.locator("#position-again").click()
    await expect(dialog).to_contain_text("30.69123, 111.28654")


async def test_a_page_without_a_safe_connection_says_so(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    context = await new_context()
    await context.add_init_script(
        "Object.defineProperty(window, 'isSecureContext', {value: false})"
    )
    phone = await new_phone(context)
    await phone.page.locator("#attach").click()
    await phone.page.locator("#locate").click()
    await expect(phone.page.locator("#position")).to_contain_text("需要 https 安全连接")
