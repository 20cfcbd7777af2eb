"""Who imports aiogram: it costs seconds and a hundred MiB, so only who talks to Telegram does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.whole.programme import READY_SECONDS, ROOT, Programme

TRACED = {"PYTHONPROFILEIMPORTTIME": "1"}
TELEGRAM = {
    "BOT_TOKEN": "700000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "TELEGRAM_API_URL": "http://127.0.0.1:1",
}


def until(condition: Callable[[], bool], output: Path) -> None:
    """Wait for it."""
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, output.read_text()[-2000:]
        time.sleep(0.05)


def imported(folder: Path, url: str, kind: str) -> bytes:
    """What a worker writes about its imports until it is ready, with Telegram switched on."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder / "data"),
        "REDIS_URL": url,
        **TRACED,
        **TELEGRAM,
    }
    output = folder / "output.txt"
    with output.open("wb") as written:
        worker = subprocess.Popen(
            [sys.executable, "-m", "workers", kind],
            env=environment,
            cwd=folder,
            stderr=written,
        )
    try:
        until(lambda: b"worker.ready" in output.read_bytes(), output)
    finally:
        worker.terminate()
        worker.wait(30)
    return output.read_bytes()


def test_nobody_imports_it_without_a_token(tmp_path: Path) -> None:
    programme = Programme(tmp_path, **TRACED)
    programme.start()
    try:
        until(lambda: programme.output.read_bytes().count(b"worker.ready") == 4, programme.output)
    finally:
        programme.stop()
    lines = programme.output.read_bytes()
    assert b"| bot.app" in lines
    assert b"aiogram" not in lines


@pytest.mark.parametrize("kind", ["push", "notices"])
def test_a_worker_that_talks_with_nobody_never_does(
    tmp_path: Path, valkey_url: str, kind: str
) -> None:
    assert b"aiogram" not in imported(tmp_path, valkey_url, kind)


@pytest.mark.parametrize("kind", ["media", "delivery"])
def test_a_worker_that_talks_to_telegram_does(tmp_path: Path, valkey_url: str, kind: str) -> None:
    assert b"aiogram.methods" in imported(tmp_path, valkey_url, kind)
