"""An album is as many updates as pictures: whichever come again, each picture is there once.

Over the real conversation and a real store, so that it is seen what the next process makes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.bells import Bells
from bot.channels.contract import Shown
from bot.core.dialogue import Incoming
from bot.gateway import Gateway
from bot.store.connection import Store
from bot.store.conversations import Conversations
from bot.store.orders import FetchOrder
from bot.store.outbox import Outbox
from bot.vault.keys import KeyFolder, epoch_of
from tests.channels.telegram.stage import Mode, running
from tests.fakes.telegram import TelegramServer
from tests.fakes.telegram.person import Person
from tests.test_gateway import KEY, built

PICTURES = 5


class Killed:
    """A bot that is killed when so many turns are committed and the last is not acknowledged."""

    def __init__(self, gateway: Gateway, after: int) -> None:
        self._gateway = gateway
        self._left = after
        self.died = asyncio.Event()

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        if not self.died.is_set():
            await self._gateway.take(incoming)
            self._left -= 1
        if not self._left:
            self.died.set()
            raise asyncio.CancelledError
        return ()

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        raise AssertionError


@pytest.fixture
async def bells(store: Store, valkey_url: str) -> AsyncIterator[Bells]:
    started = Bells(store, valkey_url)
    yield started
    await started.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    KeyFolder(tmp_path / "keys").create(epoch_of(datetime.now(UTC)))
    return tmp_path


def sends_album(resident: Person) -> list[int]:
    """Pictures of different colours, together."""
    pictures = []
    for number in range(PICTURES):
        written = BytesIO()
        Image.new("RGB", (64, 64), (40 * number, 0, 0)).save(written, "JPEG")
        pictures.append(written.getvalue())
    return resident.sends_album(pictures)


async def assert_each_picture_once(store: Store, resident: Person) -> None:
    """In the draft, and in the orders to fetch them."""
    found = await Conversations(store, KEY).load("telegram", str(resident.id))
    assert found.draft is not None
    media = [one.id for one in found.draft.answers.media]
    assert len(set(media)) == len(media) == PICTURES
    orders = [FetchOrder.read(one.body) for one in await Outbox(store, "media").claim(99, 60)]
    assert sorted(order.media for order in orders) == sorted(media)
    assert len({order.source for order in orders}) == PICTURES


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_pictures_that_come_again_are_the_same_ones(
    server: TelegramServer, store: Store, bells: Bells, folder: Path, mode: Mode
) -> None:
    """Some before the album is complete, some after; some at the process that never saw them."""
    resident = server.person()
    numbers = sends_album(resident)
    server.redeliver(numbers[1])
    server.redeliver(numbers[0])
    async with running(server, built(store, bells, folder), folder, mode):
        await server.drained()
        for number in numbers[2:4]:
            server.redeliver(number)
        await server.drained()
    async with running(server, built(store, bells, folder), folder, mode):
        for number in (numbers[4], numbers[0]):
            server.redeliver(number)
        await server.drained()
    await assert_each_picture_once(store, resident)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
@pytest.mark.parametrize("after", [1, 3, PICTURES])
async def test_a_bot_that_dies_in_the_middle_of_an_album_is_carried_on_by_the_next(
    server: TelegramServer, store: Store, bells: Bells, folder: Path, mode: Mode, after: int
) -> None:
    resident = server.person()
    numbers = sends_album(resident)
    dying = Killed(built(store, bells, folder), after)
    async with running(server, dying, folder, mode):
        await asyncio.wait_for(dying.died.wait(), 10)
    assert numbers[after - 1] in server.waiting()
    async with running(server, built(store, bells, folder), folder, mode):
        await server.drained(timeout=10)
    await assert_each_picture_once(store, resident)
