"""How the chat looks and whom it lets in: every screen, every eye, every portal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Frame, expect
from redis.asyncio import Redis

from bot.channels.contract import Button, Notice, Shown
from bot.channels.webchat import Sender
from bot.core.dialogue import Pressed, Text
from tests.browser.conftest import OpenContext, OpenPhone
from tests.browser.phone import Phone
from tests.browser.script import RECEIPT, Script
from tests.channels.webchat.world import World, until

SCREENS = ("location", "media", "emergency", "receipt", "long", "sure")
GRAVE = (
    *("forget", f"forget:{RECEIPT}", "forgotten", f"forgotten:{RECEIPT}"),
    *("cancel:yes", "anew:yes", "drop", "drop:a", "danger:yes"),
)
YICHANG = {"latitude": 30.69, "longitude": 111.28, "accuracy": 18}
SMALL = {"width": 320, "height": 568}
# 390 × 844 at 200 %: every CSS pixel is two of the screen's.
ZOOMED = {"width": 195, "height": 422}


async def everything(chat: World, phone: Phone) -> None:
    """Show one of each kind of bubble."""
    await phone.pick(*[Path(__file__)])
    await phone.call_up(*SCREENS)
    token = await phone.kept("token")
    await Sender(chat.surroundings).send(token, Notice("n-1", "已核实", "zh"))
    await expect(phone.page.locator(".entry.news")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("axe")
async def test_nothing_is_in_the_way_of_a_screen_reader(
    chat: World, new_phone: OpenPhone, scheme: str
) -> None:
    phone = await new_phone(color_scheme=scheme, permissions=["geolocation"], geolocation=YICHANG)
    await phone.page.emulate_media(reduced_motion="reduce")
    assert await phone.violations() == []
    await everything(chat, phone)
    await phone.page.locator("#attach").click()
    assert await phone.violations() == []
    for opener in ("#menu-open", "#locate"):
        await phone.page.locator(opener).click()
        await expect(phone.page.locator("dialog[open]")).to_be_visible()
        assert await phone.violations() == []
        await phone.page.keyboard.press("Escape")
    await phone.page.locator("#menu-open").click()
    await phone.page.locator("#forget-open").click()
    assert await phone.violations() == []
    await phone.page.keyboard.press("Escape")
    await chat.stop()
    await expect(phone.banner).to_be_visible(timeout=10_000)
    assert await phone.violations() == []
    await chat.start()


@pytest.mark.parametrize("viewport", [SMALL, ZOOMED])
async def test_nothing_sticks_out_on_a_small_screen(
    chat: World, new_phone: OpenPhone, viewport: Any
) -> None:
    phone = await new_phone(viewport=viewport, permissions=["geolocation"], geolocation=YICHANG)
    assert await phone.too_wide() == []
    await everything(chat, phone)
    assert await phone.too_wide() == []
    await phone.page.locator("#attach").click()
    assert await phone.too_wide() == []
    for opener in ("#locate", "#menu-open"):
        await phone.page.locator(opener).click()
        await expect(phone.page.locator("dialog[open]")).to_be_visible()
        assert await phone.too_wide() == []
        await phone.page.keyboard.press("Escape")
    await expect(phone.page.locator("#words")).to_be_in_viewport(ratio=1)


async def test_everything_is_big_enough_for_a_thumb(chat: World, phone: Phone) -> None:
    await everything(chat, phone)
    await phone.page.locator("#attach").click()
    assert await phone.too_small() == []
    await phone.page.locator("#menu-open").click()
    assert await phone.too_small() == []


async def test_what_cannot_be_undone_looks_like_it(phone: Phone) -> None:
    await phone.page.locator("#menu-open").click()
    await phone.page.locator("#forget-open").click()
    colour = "e => getComputedStyle(e).color"
    other = await phone.page.locator("#forget-yes").evaluate(colour)
    await phone.page.keyboard.press("Escape")
    await phone.call_up("sure")
    sure = phone.choices.filter(has_text="Forget me")
    assert await sure.evaluate(colour) == other == "rgb(179, 25, 31)"


async def test_nothing_that_deletes_or_forgets_stands_out_as_the_thing_to_do(
    chat: World, phone: Phone
) -> None:
    for serial, choice in enumerate(GRAVE, 2):
        rows = ((Button(choice, choice),), (Button("go_on", "Go on"),))
        shown = Shown("privacy", "Your privacy", "zh", rows, serial=serial)
        await chat.channel.show(await phone.kept("token"), (shown,))
        await expect(phone.choices.first).to_have_attribute("data-choice", choice)
        await expect(phone.choices.first).to_have_class("danger")


async def test_at_night_it_is_dark(new_phone: OpenPhone) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = await (await new_phone(color_scheme="light")).page.evaluate(background)
    dark = await (await new_phone(color_scheme="dark")).page.evaluate(background)
    assert (light, dark) == ("rgb(233, 237, 241)", "rgb(10, 14, 19)")


async def test_a_keyboard_is_enough(chat: World, new_phone: OpenPhone) -> None:
    phone = await new_phone(has_touch=False)
    keyboard = phone.page.keyboard
    await _tab_to(phone, "Report a hazard")
    await keyboard.press("Enter")
    await expect(phone.theirs.last).to_contain_text("Step 2")
    # The focus went along to the new prompt: its first choice is one step away.
    await expect(phone.page.locator(".entry.theirs").last).to_be_focused()
    await keyboard.press("Tab")
    assert await _focused(phone) == "Next 2"
    await keyboard.press("Space")
    await expect(phone.theirs.last).to_contain_text("Step 3")
    await _tab_to(phone, "", "words")
    await keyboard.type("by keyboard")
    await keyboard.press("Enter")
    await expect(phone.theirs.last).to_contain_text("Step 4")
    await expect(phone.page.locator("#words")).to_be_focused()
    assert chat.conversation.events[1:] == [
        Pressed("go", 1),
        Pressed("next", 2),
        Text("by keyboard"),
    ]
    await phone.page.locator("#menu-open").focus()
    await keyboard.press("Enter")
    await expect(phone.page.locator("#menu")).to_be_visible()
    await keyboard.press("Escape")
    await expect(phone.page.locator("#menu-open")).to_be_focused()


async def test_new_messages_are_announced_and_old_ones_left_alone(
    chat: World, phone: Phone
) -> None:
    log = phone.page.get_by_role("log")
    await expect(log).to_have_attribute("aria-live", "polite")
    await phone.page.evaluate("""() => {
      window.touched = [];
      const log = document.getElementById("log");
      const note = (node) => window.touched.push(node.textContent);
      new MutationObserver((changes) => changes.forEach((one) => one.addedNodes.forEach(note)))
        .observe(log, {childList: true, subtree: true});
    }""")
    await phone.press("Report a hazard")
    await expect(phone.theirs.last).to_contain_text("Step 2")
    touched = await phone.page.evaluate("window.touched")
    assert sum("Step 2" in words for words in touched) == 1
    assert not [words for words in touched if "您好" in words]


async def test_the_first_visit_is_light_and_asks_nobody_else(
    chat: World, new_context: OpenContext
) -> None:
    page = await (await new_context()).new_page()
    session = await page.context.new_cdp_session(page)
    sizes: list[float] = []
    hosts: set[str] = set()
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    await session.send("Network.enable")
    await page.goto(chat.url)
    await expect(page.locator(".choices button").first).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert 5_000 < sum(sizes) < 60_000
    assert hosts == {f"127.0.0.1:{chat.port}"}
    assert await page.context.cookies() == []


async def test_the_policy_stops_foreign_scripts(chat: World, phone: Phone) -> None:
    stopped = await phone.page.evaluate("""() => new Promise((resolve) => {
      const violated = (event) => resolve(event.violatedDirective);
      document.addEventListener("securitypolicyviolation", violated);
      const script = document.createElement("script");
      script.textContent = "window.broken = true";
      document.body.append(script);
    })""")
    assert stopped.startswith("script-src")
    assert await phone.page.evaluate("window.broken") is None
    phone.complaints.clear()


class Portal:
    """A city's portal that shows the chat in a frame."""

    def __init__(self) -> None:
        self.address = ""
        self.url = ""

    async def page(self, request: web.Request) -> web.Response:
        frame = (
            f'<iframe src="{self.address}" width="380" height="700" allow="geolocation"></iframe>'
        )
        return web.Response(
            text=f"<!doctype html><title>p</title>{frame}", content_type="text/html"
        )


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    running, application = Portal(), web.Application()
    application.router.add_get("/", running.page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield running
    await runner.cleanup()


async def _framed(context: Any, portal: Portal) -> Frame:
    page = await context.new_page()
    await page.goto(portal.url)
    await until(lambda: len(page.frames) == 2)
    frame: Frame = page.frames[1]
    return frame


async def test_a_named_portal_may_show_the_chat_without_storage_too(
    client: Redis, tmp_path: Path, portal: Portal, new_context: OpenContext
) -> None:
    async with World(client, tmp_path, Script(), webchat_frame_origins=portal.url) as chat:
        portal.address = chat.url
        context = await new_context()
        await context.add_init_script(
            "Object.defineProperty(window, 'localStorage', "
            "{get() { throw new DOMException('denied', 'SecurityError'); }})"
        )
        frame = await _framed(context, portal)
        await frame.locator(".choices button", has_text="Report a hazard").click()
        await expect(frame.locator(".entry.theirs").last).to_contain_text("Step 2")
        await expect(frame.locator("h1")).to_be_hidden()
        await expect(frame.locator(".between")).to_contain_text("这个浏览器不让网页存东西")
        await expect(frame.locator("#language")).to_be_visible()


async def test_another_portal_may_not(
    chat: World, portal: Portal, new_context: OpenContext
) -> None:
    portal.address = chat.url
    frame = await _framed(await new_context(), portal)
    await until(lambda: frame.evaluate("location.href === 'chrome-error://chromewebdata/'"))
    assert await frame.locator("#composer").count() == 0


async def _tab_to(phone: Phone, words: str, name: str = "") -> None:
    for _ in range(30):
        await phone.page.keyboard.press("Tab")
        if name and await phone.page.evaluate("document.activeElement.id") == name:
            return
        if words and await _focused(phone) == words:
            return
    raise AssertionError(f"{words}{name} cannot be reached")


async def _focused(phone: Phone) -> str:
    focused: str = await phone.page.evaluate("document.activeElement.textContent")
    return focused
