"""Logs: plain or JSON, and nothing in them that should not be."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import configure_logs

TOKEN = "123456789:AAF-abcdefghijklmnopqrstuvwxyz012345"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_json_lines_name_role_level_and_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "INFO", "push")
    structlog.get_logger().info("case.opened", attempts=2)
    structlog.get_logger().debug("hidden")
    [line] = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["event"], said["role"], said["level"], said["attempts"]) == (
        "case.opened",
        "push",
        "info",
        2,
    )


@pytest.mark.parametrize("style", ["plain", "json"])
def test_tokens_and_tracebacks_of_libraries_stay_out(
    capsys: pytest.CaptureFixture[str], style: str
) -> None:
    configure_logs(style, "DEBUG", "bot")
    library = logging.getLogger("aiogram.client")
    library.info("chat 4711 said something")
    try:
        raise ValueError("chat 4711")
    except ValueError:
        library.exception("cannot reach https://api.telegram.org/bot%s/getMe", TOKEN)
    said = capsys.readouterr().err
    assert "cannot reach" in said
    assert "ValueError" in said
    assert TOKEN not in said
    assert "4711" not in said


@pytest.mark.parametrize("style", ["plain", "json"])
def test_what_a_library_quotes_of_people_stays_out(
    capsys: pytest.CaptureFixture[str], style: str
) -> None:
    """A network address as an argument, an exception's words in a message that is whole already."""
    configure_logs(style, "DEBUG", "bot")
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "203.0.113.77")
    error = KeyError("chat 4711 name Anna")
    words = f"Task exception was never retrieved\nfuture: <Task exception={error!r}>"
    logging.getLogger("asyncio").error(words, exc_info=error)
    said = capsys.readouterr().err
    assert "Error handling request from %s" in said
    assert "aiohttp.server" in said
    assert "asyncio" in said
    assert "KeyError" in said
    for secret in ("203.0.113.77", "4711", "Anna"):
        assert secret not in said


def test_our_own_words_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "INFO", "bot")
    logging.getLogger("bot.channels.telegram.polling").warning("waiting %d s", 5)
    assert json.loads(capsys.readouterr().err)["event"] == "waiting 5 s"
