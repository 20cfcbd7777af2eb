"""The embedded store comes back from every death, without what it had not answered and nothing
else; where more is missing it ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from bot import valkey
from bot.embedded import AGAIN, EmbeddedStore
from tests.whole.programme import leave_half_a_change, newest_file

SECONDS = 20.0
Said = pytest.CaptureFixture[str]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    made = EmbeddedStore(tmp_path, "", dict(os.environ))
    yield made
    made.stop(5)


def client(folder: Path) -> Redis:
    """A new connection, which the caller closes."""
    return Redis(unix_socket_path=str(valkey.socket_path(folder)))


def keep(folder: Path, name: str) -> None:
    with client(folder) as redis:
        redis.set(name, "kept")


def kill(store: EmbeddedStore) -> None:
    store.watch()
    assert store._child
    store._child.process.kill()
    store._child.process.wait()


def watch_until(store: EmbeddedStore, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        store.watch()
        time.sleep(0.02)


def answers(store: EmbeddedStore, folder: Path) -> bool:
    """Whether the process that runs now has loaded what it finds."""
    assert store._child
    if store._child.ended:
        return False
    valkey.wait_until_ready(store._child.process, folder)
    return True


def shorten(folder: Path) -> None:
    """Take the end of what is on disk."""
    newest = newest_file(folder)
    os.truncate(newest, newest.stat().st_size - 5)


def said(store: EmbeddedStore, capsys: Said) -> str:
    """What is told of a death, once somebody has noticed it."""
    heard: list[str] = []

    def told() -> bool:
        heard.append(capsys.readouterr().err)
        return bool(heard[-1])

    watch_until(store, told)
    return heard[-1]


def test_a_store_that_was_killed_is_started_again(
    store: EmbeddedStore, tmp_path: Path, capsys: Said
) -> None:
    store.start(accept_loss=False)
    keep(tmp_path, "one")
    kill(store)
    assert said(store, capsys) == f"{AGAIN}\n"
    watch_until(store, lambda: answers(store, tmp_path))
    with client(tmp_path) as redis:
        assert redis.keys() == [b"one"]


def test_half_a_change_is_told_and_let_go_each_time(
    store: EmbeddedStore, tmp_path: Path, capsys: Said
) -> None:
    store.start(accept_loss=False)
    for number in range(2):
        keep(tmp_path, f"number {number}")
        kill(store)
        leave_half_a_change(tmp_path)
        assert said(store, capsys) == f"{AGAIN}\n"
        assert said(store, capsys) == f"{valkey.DIED_WRITING}\n"
        watch_until(store, lambda: answers(store, tmp_path))
        with client(tmp_path) as redis:
            assert len(redis.keys()) == number + 1
    assert not list(tmp_path.rglob("*.lost"))


def test_half_a_change_that_is_not_cut_off_yet_is_nothing_that_was_there(
    store: EmbeddedStore, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long file takes seconds to be read, and is cut at its end."""
    store.start(accept_loss=False)
    keep(tmp_path, "one")
    kill(store)
    with newest_file(tmp_path).open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$1000\r\n" + b"a long name" * 50)
    assert said(store, capsys) == f"{AGAIN}\n"
    may_begin, begins = tmp_path / "may begin", valkey.command
    waits = f"until [ -e '{may_begin}' ]; do sleep 0.01; done"

    def slowly(*given: Any, **named: Any) -> list[str]:
        return ["sh", "-c", f'{waits}; exec "$0" "$@"', *begins(*given, **named)]

    monkeypatch.setattr(valkey, "command", slowly)
    assert said(store, capsys) == f"{valkey.DIED_WRITING}\n"
    store.watch()
    may_begin.touch()
    watch_until(store, lambda: answers(store, tmp_path))
    kill(store)
    leave_half_a_change(tmp_path)
    assert said(store, capsys) == f"{AGAIN}\n"
    assert said(store, capsys) == f"{valkey.DIED_WRITING}\n"


@pytest.mark.parametrize("accepted", [False, True])
def test_more_that_is_missing_is_never_passed_over(
    store: EmbeddedStore, tmp_path: Path, capsys: Said, accepted: bool
) -> None:
    store.start(accept_loss=accepted)
    keep(tmp_path, "one")
    keep(tmp_path, "two")
    kill(store)
    shorten(tmp_path)
    with pytest.raises(valkey.ValkeyNotStarted, match="--accept-loss"):
        watch_until(store, lambda: False)
    assert capsys.readouterr().err == f"{AGAIN}\n"


def test_a_file_that_is_written_anew_is_no_shorter_one(
    store: EmbeddedStore, tmp_path: Path, capsys: Said
) -> None:
    store.start(accept_loss=False)
    for _ in range(100):
        keep(tmp_path, "one")
    store.watch()
    before = newest_file(tmp_path)
    with client(tmp_path) as redis:
        redis.bgrewriteaof()
        watch_until(store, lambda: not redis.info("persistence")["aof_rewrite_in_progress"])
    assert newest_file(tmp_path) != before
    keep(tmp_path, "two")
    kill(store)
    leave_half_a_change(tmp_path)
    assert said(store, capsys) == f"{AGAIN}\n"
    assert said(store, capsys) == f"{valkey.DIED_WRITING}\n"
