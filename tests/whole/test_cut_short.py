"""A store whose file is cut short while everything runs: said once, and never passed over."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot import valkey
from tests.whole.programme import Programme


@pytest.fixture
def programme(tmp_path: Path) -> Iterator[Programme]:
    made = Programme(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.kill_everything()


def stores(programme: Programme) -> list[psutil.Process]:
    """The supervisor's own; one that rewrites the file is a child of that."""
    assert programme.process
    children = psutil.Process(programme.process.pid).children()
    return [one for one in children if "valkey" in one.name()]


def cut_short(programme: Programme) -> None:
    """Kill the store in the midst of a change, before the supervisor can start it again."""
    assert programme.process
    programme.process.send_signal(signal.SIGSTOP)
    [store] = stores(programme)
    store.kill()
    psutil.wait_procs([store], timeout=10)
    folder = programme.folder / "data" / "valkey" / "appendonlydir"
    newest = max(folder.glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))
    with newest.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$9\r\nprog")
    programme.process.send_signal(signal.SIGCONT)


def test_an_accepted_loss_accepts_no_later_one(programme: Programme) -> None:
    programme.words = (valkey.ACCEPT_LOSS,)
    programme.start()
    cut_short(programme)
    assert programme.process
    assert programme.process.wait(40) == 2
    assert programme.output.read_text().count(valkey.CUT_SHORT) == 1


def test_a_loss_that_was_accepted_is_no_reason_to_end_later(programme: Programme) -> None:
    """What the log says of an earlier start is not held against this one."""
    programme.start()
    cut_short(programme)
    assert programme.process
    assert programme.process.wait(40) == 2
    assert programme.output.read_text().count(valkey.CUT_SHORT) == 1
    programme.words = (valkey.ACCEPT_LOSS,)
    programme.start()
    assert "Lost: the last" in programme.output.read_text()
    [store] = stores(programme)
    store.kill()
    programme._until(lambda: b"store process ended; starting it again" in said(programme))
    programme._until(lambda: bool(stores(programme)))
    assert programme.stop() == 0
    assert valkey.CUT_SHORT not in programme.output.read_text()


def said(programme: Programme) -> bytes:
    return programme.output.read_bytes()
