"""A store whose file is cut short: while all is running that is told and ends nothing, for what is
missing was promised to nobody; at a start it is never passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from bot import valkey
from tests.whole.programme import Browser, Programme, leave_half_a_change


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
    return [one for one in children if "valkey" in one.name() and one.status() != "zombie"]


def kill_store_writing(programme: Programme) -> None:
    """Kill the store in the midst of a write, before the supervisor can start it again."""
    assert programme.process
    programme.process.send_signal(signal.SIGSTOP)
    [store] = stores(programme)
    store.kill()
    psutil.wait_procs([store], timeout=10)
    leave_half_a_change(programme.folder / "data")
    programme.process.send_signal(signal.SIGCONT)


def keep_something(programme: Programme) -> None:
    """Have a conversation in the store."""

    async def says() -> None:
        async with Browser(programme.url).online() as resident:
            await resident.does("open")
            await resident.presses("report")

    asyncio.run(says())


def test_a_store_that_is_killed_in_the_midst_of_a_write_comes_back(programme: Programme) -> None:
    programme.start()
    keep_something(programme)
    for times in (1, 2):
        kill_store_writing(programme)
        programme._until(lambda: said(programme).count(valkey.DIED_WRITING.encode()) == times)  # noqa: B023
        programme._until(lambda: ready(programme))
        keep_something(programme)
    assert programme.stop() == 0
    assert valkey.CUT_SHORT not in programme.output.read_text()


def test_a_loss_that_was_accepted_is_no_reason_to_end_later(programme: Programme) -> None:
    """What the log says of an earlier start is not held against this one."""
    programme.start()
    keep_something(programme)
    assert programme.stop() == 0
    leave_half_a_change(programme.folder / "data")
    with pytest.raises(AssertionError, match=re.escape(valkey.CUT_SHORT)):
        programme.start()
    assert programme.process
    assert programme.process.wait(40) == 2
    programme.words = (valkey.ACCEPT_LOSS,)
    programme.start()
    assert "Lost: the last" in programme.output.read_text()
    [store] = stores(programme)
    store.kill()
    programme._until(lambda: b"store process ended; starting it again" in said(programme))
    programme._until(lambda: bool(stores(programme)))
    assert programme.stop() == 0
    assert valkey.CUT_SHORT not in programme.output.read_text()


def ready(programme: Programme) -> bool:
    """Whether its store takes what people say."""
    with contextlib.suppress(OSError), urlopen(f"{programme.url}/readyz", timeout=5) as answer:
        return bool(answer.status == HTTPStatus.OK)
    return False


def said(programme: Programme) -> bytes:
    return programme.output.read_bytes()
