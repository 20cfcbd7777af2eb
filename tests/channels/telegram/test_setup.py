"""What Telegram is told at the start, and what nobody is told."""

import logging
from pathlib import Path

import pytest

from tests.channels.telegram.stage import Mode, Script, running, until
from tests.fakes.telegram import TelegramServer

NAMES = ["report", "reports", "guide", "privacy", "forget", "language", "cancel"]


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_the_menu_is_there_in_both_languages(
    server: TelegramServer, tmp_path: Path, mode: Mode
) -> None:
    async with running(server, Script(), tmp_path, mode):
        await server.called("setMyCommands", times=3)
        await until(lambda: server.commands("en"))
    for language, locale in {"": "zh", "zh": "zh", "en": "en"}.items():
        menu = server.commands(language)
        assert [entry["command"] for entry in menu] == NAMES
        assert menu[0]["description"] == f"[{locale}] telegram.command.report"


async def test_a_start_is_not_held_up_and_gets_through_in_the_end(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.channel._PAUSES", (0.05,))
    server.fail_with_page("*", 502, times=5)
    resident = server.person()
    resident.says("hello")
    async with running(server, Script(), tmp_path, "webhook"):
        await resident.sees("hello")
        await until(lambda: server.commands("en"))


async def test_logs_tell_nothing_of_anybody(
    server: TelegramServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.channels.telegram.screens._PAUSES", (0.01,))
    server.fail("sendMessage", 400, "Bad Request: 隐私 in chat", times=1)
    server.reset("editMessageText")
    resident = server.person(first_name="王小明")
    with caplog.at_level(logging.DEBUG):
        async with running(server, Script(), tmp_path):
            resident.says("隐私一")
            await server.drained()
            resident.says("隐私二")
            await resident.sees("隐私二")
            resident.presses("on")
            await resident.sees("Pressed")
            resident.blocks_bot()
            resident.says("隐私三")
            await until(lambda: "not shown" in caplog.text)
    lines = [f"{record.name} {record.getMessage()}" for record in caplog.records]
    ours = "\n".join(line for line in lines if not line.startswith("aiohttp.access"))
    for private in ("隐私", "王小明", str(resident.id), server.token):
        assert private not in ours
