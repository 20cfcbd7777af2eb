"""Every role ends before whoever asked it to loses patience."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot import app, replies, supervisor

BELLS_SECONDS = 2


class Busy:
    """A channel that never gets done."""

    stopped = False

    async def stop(self) -> None:
        await asyncio.Event().wait()


class Quick(Busy):
    """A channel that has nothing in hand."""

    async def stop(self) -> None:
        self.stopped = True


async def test_a_channel_that_never_gets_done_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "CHANNELS_STOP_SECONDS", 0.05)
    quick = Quick()
    began = time.monotonic()
    await app.stop([Busy(), quick])  # type: ignore[list-item]
    assert time.monotonic() - began < 5
    assert quick.stopped


def test_the_bot_ends_before_its_supervisor_loses_patience() -> None:
    answers = replies.STOP_SECONDS + replies.HAND_BACK_SECONDS
    most = answers + app.CHANNELS_STOP_SECONDS + app.REQUESTS_STOP_SECONDS + BELLS_SECONDS
    assert most < supervisor.STOP_SECONDS
