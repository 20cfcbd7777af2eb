"""The stand-in Bot API server as a process of its own, played on the terminal."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from tests.fakes.keyboards import YES


@asynccontextmanager
async def alone() -> AsyncIterator[tuple[Process, str]]:
    """The process and its address."""
    options = ("--port", "0", "--token", "1:abc")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.telegram", *options), stdin=PIPE, stdout=PIPE
    )
    try:
        first = await line(process)
        yield process, first.partition(" at ")[2].partition(",")[0]
    finally:
        process.terminate()
        await process.communicate()


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), timeout=30)).decode().rstrip()


async def test_is_played_on_the_terminal() -> None:
    async with alone() as (process, url):
        assert process.stdin is not None
        session = AiohttpSession(api=TelegramAPIServer.from_base(url))
        async with Bot("1:abc", session=session) as bot:
            process.stdin.write("你好\n".encode())
            assert await line(process) == "me  | 你好"
            (said,) = await bot.get_updates(timeout=30)
            assert said.message and said.message.text == "你好"
            await bot.send_message(said.message.chat.id, "报告吗？", reply_markup=YES)
            assert [await line(process), await line(process)] == ["bot | 报告吗？", "    | [是]"]
            process.stdin.write("!press 没有\n!press 是\n".encode())
            assert (await line(process)).startswith("no button '没有'")
            (pressed,) = await bot.get_updates(offset=said.update_id + 1, timeout=30)
            assert pressed.callback_query and pressed.callback_query.data == "yes"
