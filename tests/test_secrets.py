"""Secrets that are made on first use, whoever is first."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from bot.secrets import kept

AT_ONCE = 8


def test_all_who_ask_first_get_the_same(tmp_path: Path) -> None:
    """Bot and workers start at one moment and make the secrets that they share."""
    start = Barrier(AT_ONCE)

    def ask(name: str) -> bytes:
        start.wait()
        return kept(tmp_path, name)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for number in range(100):
            [secret] = set(threads.map(ask, [f"secret-{number}"] * AT_ONCE))
            assert len(secret) == 64
    assert len(list((tmp_path / "keys").iterdir())) == 100


def test_its_owner_alone_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept(tmp_path, "secret")
    finally:
        os.umask(before)
    assert (tmp_path / "keys" / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
