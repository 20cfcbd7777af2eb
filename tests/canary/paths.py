"""The paths that the two people go, in this order. A new one is one line of `PATHS`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import orjson

from bot.core.dialogue import Message
from tests.canary.scene import CLIENT, FILE_NAME, NAMES, NUMBER, PHONE, Scene, picture
from tests.whole.test_loop import to_summary as to_summary_in_browser
from tests.whole.test_telegram import case_of, submits, to_location, to_summary

SEEN = "安全出口被货架堵住"


async def telegram_report(scene: Scene) -> None:
    """Pictures, one of them as a file, and a receipt."""
    resident = scene.resident
    await to_location(resident)
    await resident.says("解放路 12 号地下车库")
    await resident.at("media")
    await resident.sends(picture(), picture(20))
    await resident.at("media", Message("media.have", count=2))
    await resident.sends_file(picture(40), FILE_NAME, "image/jpeg")
    await resident.at("media", Message("media.have", count=3))
    await resident.loses(*(Message("media.checking", count=count) for count in (1, 2, 3)))
    await resident.presses("done")
    await resident.at("description")
    await resident.says("telegram: " + SEEN)
    await resident.at("danger")
    await resident.presses("danger:yes")
    await resident.at("summary")
    scene.receipts["telegram"] = await submits(resident)


async def telegram_follow_up(scene: Scene) -> None:
    """The receipt's button, the receipt typed, *my reports*."""
    receipt = scene.receipts["telegram"]
    await scene.resident.presses(f"status:{receipt}")
    await scene.resident.at("status")
    await scene.resident.says(receipt)
    await scene.resident.at("status")
    await scene.resident.opens_my_reports(receipt)


async def telegram_nonsense(scene: Scene) -> None:
    """A contact, a sticker, a file that is none, a voice: nothing of it is of use."""
    person = scene.resident.person
    contact = {"phone_number": PHONE, "first_name": NAMES["first_name"], "user_id": NUMBER}
    person.sends(contact=contact)
    person.sends_file(b"%PDF-1.7 " + PHONE.encode(), FILE_NAME, "application/pdf")
    person.sends_file(b"\xff\xd8\xff\xe0 no picture " + PHONE.encode(), FILE_NAME, "image/jpeg")
    await scene.resident.waits_until(lambda: not scene.city.server.waiting())
    await scene.city.server.drained(20)


async def telegram_errors(scene: Scene) -> None:
    """The messenger's server fails in all its ways, naming the person as it does."""
    server = scene.city.server
    server.fail("sendMessage", 400, f"Bad Request: chat {NUMBER} not found")
    server.fail("editMessageText", 400, f"Bad Request: {NAMES['username']} not found")
    server.fail_with_page("sendMessage")
    await scene.resident.commands("guide")
    await server.drained(20)
    server.reset("sendMessage")
    await scene.resident.commands("privacy")
    await server.drained(20)


async def telegram_killed(scene: Scene) -> None:
    """Everything dies in the midst of a turn, and comes back."""
    await scene.resident.commands("start")
    await scene.resident.at("resume")  # the broken picture began a report
    scene.resident.presses_and_looks_away("go_on")
    await scene.restart()
    # Whether the screen still came before the end is a matter of moments.
    await scene.resident.commands("cancel")
    await scene.resident.at("cancel")
    await scene.resident.presses("cancel:yes")
    await scene.resident.at("menu")


async def telegram_notices(scene: Scene) -> None:
    """The desk moves the case; the person hears of it."""
    operator = scene.operator
    await operator.waits_for_cases(1)
    number = await case_of(operator, "telegram: " + SEEN)
    await operator.moves(number, "accepted")
    await operator.moves(number, "verified", "现场属实")
    tail = scene.receipts["telegram"][-4:]
    await scene.resident.sees(Message("notice.verified", {"tail": tail}))


async def webchat_report(scene: Scene) -> None:
    """A report with a picture that knows its camera."""
    browser = scene.browser
    async with browser.online():
        await to_summary_in_browser(browser)
        await browser.uploads(picture(60))
        scene.receipts["webchat"] = (await browser.presses("submit"))["receipt"]


async def webchat_follow_up(scene: Scene) -> None:
    """The status by button and by typing, receipts that are wrong, *my reports*."""
    browser, receipt = scene.browser, scene.receipts["webchat"]
    async with browser.online():
        await browser.does("press", choice=f"status:{receipt}", serial=None)
        await browser.does("text", text=receipt)
        await browser.does("text", text=receipt[:-1] + ("2" if receipt[-1] != "2" else "3"))
        await browser.does("command", name="reports", argument="", receipts=[receipt])


async def webchat_nonsense(scene: Scene) -> None:
    """Frames, files and doors that are not ours."""
    browser = scene.browser
    url = browser.url
    async with browser.online():
        await browser.socket.send_str(orjson.dumps({"id": "x", "type": browser.token}).decode())
        await browser.socket.receive(timeout=10)
        for body in (b"no picture at all", b""):
            headers = {"X-Chat": browser.token}
            async with browser.session.post(f"{url}/chat/uploads", data=body, headers=headers):
                pass
        await browser.socket.send_str("{" + browser.token)
        await browser.socket.receive(timeout=10)
    async with aiohttp.ClientSession(headers=CLIENT) as session:
        for path in (f"/{browser.token}", f"/media/safe/{NUMBER}/1.x.jpg", f"/hooks/{NUMBER}"):
            async with session.get(url + path) as answer:
                assert answer.status in (403, 404, 405)
        forged = {"webhook-id": str(NUMBER), "webhook-signature": "v1,x", "webhook-timestamp": "1"}
        for path in ("/hooks/case", "/telegram"):
            body = orjson.dumps({"from": {"id": NUMBER, **NAMES}})
            async with session.post(url + path, data=body, headers=forged) as answer:
                assert answer.status >= 400


async def webchat_killed(scene: Scene) -> None:
    """Everything dies with a turn and an upload under way."""
    browser = scene.browser
    async with browser.online():
        await browser.does("text", text="有人吗，这里很危险")
        upload = browser.session.post(
            f"{browser.url}/chat/uploads",
            data=picture(80) * 40,
            headers={"X-Chat": browser.token},
        )
        sending = asyncio.ensure_future(upload)
        message = {"id": "lost", "type": "press", "choice": "report", "serial": None}
        await browser.socket.send_str(orjson.dumps(message).decode())
        await scene.restart()
        for answer in await asyncio.gather(sending, return_exceptions=True):
            if isinstance(answer, aiohttp.ClientResponse):
                answer.close()
    async with browser.online():  # whether it came before the end or not, the page sends it again
        await browser.socket.send_str(orjson.dumps(message).decode())
        await browser.hears(lambda frame: frame.get("ack") == "lost")


async def webchat_notices(scene: Scene) -> None:
    """News that comes while the page is closed waits for it."""
    operator = scene.operator
    cases = await operator.waits_for_cases(2)
    pages = {number: await operator.case(number) for number in cases}
    [number] = [one for one, page in pages.items() if "telegram: " not in page]
    await operator.moves(number, "accepted", "已派人去看")
    async with scene.browser.online():
        await scene.browser.does("open")
        await scene.browser.hears(lambda frame: "notice" in frame)


async def waiting_at_the_end(scene: Scene) -> None:
    """What nobody has fetched yet: an open draft on both channels, a notice for a closed page."""
    await to_summary(scene.resident, "a draft that stays open")
    async with scene.browser.online():
        await scene.browser.does("open")
        await scene.browser.presses("fire")  # the report that was begun before the end of all
    operator = scene.operator
    cases = await operator.cases()
    for number in cases:
        if "telegram: " not in await operator.case(number):
            await operator.moves(number, "verifying", "正在核查")


PATHS: dict[str, Callable[[Scene], Awaitable[None]]] = {
    path.__name__: path
    for path in (
        telegram_report,
        telegram_follow_up,
        telegram_nonsense,
        telegram_errors,
        webchat_report,
        webchat_follow_up,
        webchat_nonsense,
        telegram_notices,
        webchat_notices,
        telegram_killed,
        webchat_killed,
        waiting_at_the_end,
    )
}
