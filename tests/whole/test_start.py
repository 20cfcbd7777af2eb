"""What whoever starts it is told when it cannot start: one sentence, no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import valkey
from tests.whole.programme import ROOT, Programme, free_port


def refused(folder: Path, *role: str, **settings: str) -> str:
    """Start it with these settings; the sentence that it ends with."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder / "data"),
        "PORT": str(free_port()),
        "DESK_PORT": str(free_port()),
    } | settings
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *role],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr + ended.stdout
    [sentence] = ended.stderr.strip().splitlines()
    return sentence


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("name", ["PORT", "DESK_PORT"])
def test_a_taken_port(tmp_path: Path, taken: int, name: str) -> None:
    said = refused(tmp_path, **{name: str(taken)})
    assert said == f"{name}: 127.0.0.1:{taken} is taken by another programme."


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert refused(tmp_path).startswith("DATA_DIR: cannot write to ")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PORT": "no"}, "PORT: "),
        ({"TIMEZONE": "Mars/Olympus"}, "TIMEZONE: 'Mars/Olympus' is no time zone"),
        ({"CASE_SYSTEM": "open311"}, "OPEN311_URL is needed"),
        ({"BOT_TOKEN": "1:a", "TELEGRAM_MODE": "webhook"}, "TELEGRAM_WEBHOOK_SECRET is needed"),
        ({"DEFAULT_LOCALE": "xx"}, "DEFAULT_LOCALE: "),
        ({"OPEN311_SERVICES": "fire"}, "OPEN311_SERVICES: "),
        ({"CONVERSATION_KEY": "short"}, "CONVERSATION_KEY: "),
        ({"MEDIA_LINK_KEY": "short"}, "MEDIA_LINK_KEY: "),
        ({"OPERATOR_KEY": "k" * 31}, "OPERATOR_KEY: "),
        ({"CASE_HOOK_SECRET": "whsec_short"}, "CASE_HOOK_SECRET: "),
        ({"BOT_TOKEN": "nonsense"}, "BOT_TOKEN: "),
    ],
)
def test_a_bad_setting(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    assert refused(tmp_path, **settings).startswith(said)


def test_an_unreachable_store(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert refused(tmp_path, REDIS_URL=url) == "REDIS_URL: no Redis or Valkey answers there."
    assert refused(tmp_path, REDIS_URL="nonsense").startswith("REDIS_URL: ")
    assert refused(tmp_path, "bot").startswith("REDIS_URL: a role that runs alone needs")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"appendonly": "no"}, "switch its append-only file on"),
        ({"maxmemory-policy": "allkeys-lru"}, "set maxmemory-policy noeviction"),
    ],
)
def test_a_store_that_would_lose_reports(
    tmp_path: Path, options: dict[str, str], said: str
) -> None:
    words = valkey.command(tmp_path)
    for name, value in options.items():
        words += [f"--{name}", value]
    process = subprocess.Popen(words)
    try:
        url = valkey.wait_until_ready(process, tmp_path)
        assert said in refused(tmp_path, "bot", REDIS_URL=url)
    finally:
        process.terminate()
        process.wait(10)


def test_an_unknown_role(tmp_path: Path) -> None:
    assert refused(tmp_path, "nonsense").startswith("Usage: python -m bot")


def test_one_gateway_for_one_folder(tmp_path: Path) -> None:
    first = Programme(tmp_path)
    first.start()
    try:
        assert "another gateway is running" in refused(tmp_path)
    finally:
        assert first.stop() == 0
