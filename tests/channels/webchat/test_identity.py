"""The token is the person's address; nothing that lies anywhere leads back to it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.channels.webchat.identity import ChatSeal, from_letters, is_token, letters, tag_of
from tests.channels.webchat.world import new_token


def test_a_token_is_32_bytes_in_letters() -> None:
    token = new_token()
    assert is_token(token)
    assert len(from_letters(token)) == 32
    for other in (token[1:], token + "A", token[:-1] + "=", token[:-1] + "\n", None, 5):
        assert not is_token(other)


def test_the_tag_is_stable_and_leads_nowhere() -> None:
    token = new_token()
    assert tag_of(token) == tag_of(token)
    assert len(tag_of(token)) == 22
    assert tag_of(token) != tag_of(new_token())
    assert tag_of(token) not in token


def test_what_is_sealed_opens_for_the_same_token_and_purpose_alone() -> None:
    token = new_token()
    sealed = ChatSeal(token).close("消防".encode(), b"notice")
    assert ChatSeal(token).open(sealed, b"notice") == "消防".encode()
    assert ChatSeal(token).open(sealed, b"prompts") is None
    assert ChatSeal(new_token()).open(sealed, b"notice") is None
    assert ChatSeal(token).open(sealed[:-1] + bytes([sealed[-1] ^ 1]), b"notice") is None
    assert ChatSeal(token).open(b"", b"notice") is None
    assert ChatSeal(token).close(b"x", b"notice") != ChatSeal(token).close(b"x", b"notice")


def test_a_mark_is_the_same_for_the_same_token_only() -> None:
    token = new_token()
    assert ChatSeal(token).mark("n") == ChatSeal(token).mark("n")
    assert ChatSeal(token).mark("n") != ChatSeal(token).mark("m")
    assert ChatSeal(token).mark("n") != ChatSeal(new_token()).mark("n")


@pytest.mark.parametrize("length", range(5))
def test_letters_come_back_as_bytes(length: int) -> None:
    assert from_letters(letters(b"\xff" * length)) == b"\xff" * length


def test_the_channel_brings_in_neither_telegram_nor_the_queue() -> None:
    code = (
        "import sys, bot.channels.webchat; print({'aiogram', 'rq', 'PIL', 'av'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
