"""The paths that people at the web chat go."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import aiohttp
import orjson

from bot.core.dialogue import Message
from bot.core.receipt import receipt_from
from tests.canary.at_telegram import GUESSES_TOO_MANY, SEEN, TURNS_TOO_MANY
from tests.canary.scene import NAMES, NUMBER, Scene, film, picture
from tests.contract.channels.driver import CATALOGUES
from tests.whole.programme import Browser
from tests.whole.test_loop import to_summary

TOO_LARGE = 1 << 40
FAILED = b"HTTP/1.1 500"


async def webchat_report(scene: Scene) -> None:
    """A report with a picture that knows its camera."""
    browser = scene.browser
    async with browser.online():
        await to_summary(browser, seen="webchat: " + SEEN)
        await browser.uploads(picture(60))
        scene.receipts["webchat"] = (await browser.presses("submit"))["receipt"]


async def webchat_video(scene: Scene) -> None:
    """A video without its sound."""
    browser = scene.at_webchat("filmer")
    async with browser.online():
        await to_summary(browser, with_picture=False, seen="webchat video: " + SEEN)
        await browser.uploads(film(), video=True)
        await browser.presses("sound:drop")
        await browser.hears(lambda frame: "links" in frame)
        scene.receipts["webchat video"] = (await browser.presses("submit"))["receipt"]


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
        await browser.socket.send_str("{" + browser.token)
        await browser.socket.receive(timeout=10)
    async with browser.knocks() as session:
        for path in (f"/{browser.token}", f"/media/safe/{NUMBER}/1.x.jpg", f"/hooks/{NUMBER}"):
            async with session.get(url + path) as answer:
                assert answer.status in (403, 404, 405)
        forged = {"webhook-id": str(NUMBER), "webhook-signature": "v1,x", "webhook-timestamp": "1"}
        for path in ("/hooks/case", "/telegram"):
            body = orjson.dumps({"from": {"id": NUMBER, **NAMES}})
            async with session.post(url + path, data=body, headers=forged) as answer:
                assert answer.status >= 400


async def webchat_garbled(scene: Scene) -> None:
    """What is no HTTP at all, what stops being it midway, and what a handler fails at."""
    browser = scene.browser
    upload = f"POST /chat/uploads HTTP/1.1\r\nHost: x\r\nX-Chat: {browser.token}\r\n"
    for said, answered in (
        (f"{browser.token} {NUMBER}\r\n\r\n", b"HTTP/1.0 400"),
        (f"GET / HTTP/1.1\r\nHost: x\r\n{browser.token}\r\n\r\n", b"HTTP/1.0 400"),
        (f"{upload}Transfer-Encoding: chunked\r\n\r\n{browser.token}\r\n", b"HTTP/1.0 400"),
        (f"{upload}Content-Encoding: gzip\r\nContent-Length: 43\r\n\r\n{browser.token}", FAILED),
        (f"{upload}Content-Length: {TOO_LARGE}\r\n\r\n", b"HTTP/1.1 413"),
        (f"{upload}Content-Length: -{NUMBER}\r\n\r\n", b"HTTP/1.0 400"),
    ):
        assert (await _told(scene, browser, said.encode())).startswith(answered), said


async def _told(scene: Scene, browser: Browser, said: bytes) -> bytes:
    """Say this over a bare connection; what comes back until it is closed, or at once."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", scene.city.programme.port, local_addr=(browser.peer, 0)
    )
    try:
        writer.write(said)
        return await asyncio.wait_for(reader.read(1000), 10)
    finally:
        writer.close()
        await writer.wait_closed()


async def webchat_uploads_refused(scene: Scene) -> None:
    """Uploads that are refused at the door, and one that is when it is looked into."""
    browser = scene.at_webchat("uploader")
    door = f"{browser.url}/chat/uploads"
    async with browser.online():
        for token, body, status in ((browser.token, b"", 400), (browser.token[1:], b"x", 401)):
            async with browser.session.post(door, data=body, headers={"X-Chat": token}) as answer:
                assert answer.status == status
        await browser.does("open")
        await browser.uploads(b"no picture of " + browser.token.encode())
        refused = CATALOGUES.say("zh", Message("media.refused.unsupported"))
        await browser.hears(lambda frame: refused in browser.screen["text"])


async def webchat_too_fast(scene: Scene) -> None:
    """More turns in a minute than a person needs."""
    browser = scene.at_webchat("hasty")
    async with browser.online():
        for _ in range(TURNS_TOO_MANY):
            frame = await answered(browser, "text", text="?")
            if "error" in frame:
                break
        assert frame["error"]["text"] == CATALOGUES.say("zh", Message("error.too_fast"))


async def webchat_guesses(scene: Scene) -> None:
    """Receipts that nobody was given, until no more are looked up."""
    browser = scene.at_webchat("guesser")
    async with browser.online():
        for _ in range(GUESSES_TOO_MANY):
            await browser.does("text", text=receipt_from(secrets.token_bytes(12)))
        assert CATALOGUES.say("zh", Message("status.too_many")) in browser.screen["text"]


async def answered(browser: Browser, kind: str, **fields: Any) -> dict[str, Any]:
    """Say something; the frame that answers it, be it an error."""
    name = secrets.token_hex(8)
    await browser.socket.send_str(orjson.dumps({"id": name, "type": kind, **fields}).decode())
    while True:
        said = await browser.socket.receive_str(timeout=30)
        frame: dict[str, Any] = orjson.loads(said.encode())
        if name in (frame.get("ack"), frame.get("id")):
            return frame


async def webchat_forgets_all(scene: Scene) -> None:
    """Two reports, and everything that the chat holds is forgotten."""
    browser = scene.at_webchat("regretful")
    names = ("all regretted, first", "all regretted, second")
    async with browser.online():
        for name in names:
            await to_summary(browser, with_picture=False, seen=f"{name}: {SEEN}")
            scene.receipts[name] = (await browser.presses("submit"))["receipt"]
            await browser.presses("menu")
        await browser.does("command", name="privacy", argument="")
        await browser.presses("forget")
        receipts = [scene.receipts[name] for name in names]
        shown = await browser.presses("forgotten", receipts=receipts)
        assert shown["forgotten"] == receipts
    scene.gone.update(names)


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
    number = await scene.case("webchat: " + SEEN)
    await scene.operator.moves(number, "accepted", "已派人去看")
    async with scene.browser.online():
        await scene.browser.does("open")
        await scene.browser.hears(lambda frame: "notice" in frame)
