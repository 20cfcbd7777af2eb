"""Secrets that are made on first use, whoever is first."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from pydantic import SecretStr

from bot.secrets import kept, operator_key
from config.settings import Settings

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


def test_the_operators_key_is_made_unless_it_is_given(tmp_path: Path) -> None:
    def settings(given: str) -> Settings:
        return Settings(_env_file=None, data_dir=tmp_path, operator_key=SecretStr(given))  # type: ignore[call-arg]

    assert operator_key(settings("k" * 32)) == "k" * 32
    assert not (tmp_path / "keys").exists()
    made = operator_key(settings(""))
    assert len(made) == 64
    assert operator_key(settings("")) == made == kept(tmp_path, "operator").decode()
