"""What is remembered between turns, and for how many."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.store import warm as module
from bot.store.conversations import Conversation
from bot.store.warm import WARM_MOST, Warm


def some() -> Conversation:
    return Conversation("c:x", AESGCM(bytes(32)), b"", b"", None)


async def test_whoever_takes_it_has_it_alone() -> None:
    warm, kept = Warm(), some()
    warm.keep(("webchat", "a"), kept)
    assert warm.take(("webchat", "a")) is kept
    assert warm.take(("webchat", "a")) is None


async def test_the_longest_untouched_goes_when_there_are_too_many() -> None:
    warm, kept = Warm(), some()
    for number in range(WARM_MOST):
        warm.keep(("webchat", str(number)), kept)
    warm.keep(("webchat", "0"), kept)
    warm.keep(("webchat", "one more"), kept)
    assert warm.take(("webchat", "0")) is kept
    assert warm.take(("webchat", "1")) is None
    assert warm.take(("webchat", "2")) is kept


async def test_nothing_is_remembered_for_longer_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WARM_SECONDS", 0.02)
    warm = Warm()
    warm.keep(("webchat", "a"), some())
    warm.keep(("webchat", "b"), some())
    assert len(warm) == 2
    async with asyncio.timeout(5):
        while len(warm):
            await asyncio.sleep(0.005)
    warm.keep(("webchat", "c"), some())
    assert len(warm) == 1
