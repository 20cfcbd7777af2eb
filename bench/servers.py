"""The servers that are compared: ``python -m bench.servers <name> <port>``, one process each.

``floor`` and ``echo`` are aiohttp with nothing behind it; ``aiogram`` the peer; ``ours`` the
programme's own bot process; ``telegram`` a Bot API that says yes to everything; ``case`` a case
system that opens whatever it is sent after ``ANSWER_SECONDS``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
import uvloop
from aiohttp import WSMsgType, web

from bench.stores import BenchStore

TOKEN = "700000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
SECRET = "bench-secret"
HOOK = "/hook"


def settings(store: BenchStore, port: int, telegram: int = 0) -> dict[str, str]:
    """The environment of our own bot process, with Telegram's webhook if there is a `telegram`."""
    found = {
        "REDIS_URL": store.url,
        "DATA_DIR": str(store.folder),
        "PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    if telegram:
        found |= {
            "PUBLIC_URL": "https://bench.example",
            "BOT_TOKEN": TOKEN,
            "TELEGRAM_MODE": "webhook",
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}",
        }
    return found


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _floor() -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        update = orjson.loads(await request.read())
        said = {"method": "sendMessage", "chat_id": update["update_id"], "text": "ok"}
        return web.Response(body=orjson.dumps(said), content_type="application/json")

    application = web.Application()
    application.router.add_post(HOOK, answer)
    return application


def _echo() -> web.Application:
    async def echo(request: web.Request) -> web.WebSocketResponse[bool]:
        socket = web.WebSocketResponse(compress=False, decode_text=False)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data.decode())
        return socket

    application = web.Application()
    application.router.add_get("/chat/socket", echo)
    return application


def _aiogram() -> web.Application:
    from bench import peer_aiogram

    return peer_aiogram.application(os.environ["REDIS_URL"], TOKEN, SECRET, HOOK)


def _telegram() -> web.Application:
    message = {"message_id": 17, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "ok"}
    sent = orjson.dumps({"ok": True, "result": message})
    true = orjson.dumps({"ok": True, "result": True})
    hooks: list[str] = []

    async def yes(request: web.Request) -> web.Response:
        if request.match_info["method"] == "setWebhook":
            hooks.append(str((await request.post())["url"]))
        await request.read()
        body = sent if request.match_info["method"] == "sendMessage" else true
        return web.Response(body=body, content_type="application/json")

    async def hook(_: web.Request) -> web.Response:
        return web.Response(text=hooks[-1]) if hooks else web.Response(status=503)

    application = web.Application()
    application.router.add_get("/hook", hook)
    application.router.add_post("/bot{token}/{method}", yes)
    return application


def _case() -> web.Application:
    seconds = float(os.environ["ANSWER_SECONDS"])
    opened = 0

    async def open_case(request: web.Request) -> web.Response:
        nonlocal opened
        await request.read()
        await asyncio.sleep(seconds)
        opened += 1
        body = orjson.dumps([{"service_request_id": str(opened), "service_notice": ""}])
        return web.Response(status=201, body=body, content_type="application/json")

    async def count(_: web.Request) -> web.Response:
        return web.Response(text=str(opened))

    application = web.Application()
    application.router.add_post("/requests.json", open_case)
    application.router.add_get("/count", count)
    return application


_SERVERS: dict[str, Callable[[], web.Application]] = {
    "floor": _floor,
    "echo": _echo,
    "aiogram": _aiogram,
    "telegram": _telegram,
    "case": _case,
}


async def _serve(application: web.Application, port: int) -> None:
    application.router.add_get("/healthz", _healthz)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1, handle_signals=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(work)
        except web.GracefulExit:
            return


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        from bot.__main__ import main

        sys.argv = ["bot", "bot"]
        raise SystemExit(main())
    _run(_serve(_SERVERS[sys.argv[1]](), int(sys.argv[2])))
