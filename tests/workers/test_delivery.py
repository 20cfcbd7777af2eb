"""Notices over a Bot API that loses answers: none after a newer one, none twice without need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from pathlib import Path
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from bot.channels.contract import Notice
from bot.channels.telegram import Sender
from bot.channels.telegram.render import split
from bot.core.dialogue import Message
from bot.core.errors import ChannelDown, StoreUnavailable, Throttled
from bot.core.status import SILENT, STATUSES
from bot.hooks import NOTE_MOST
from bot.store.connection import Store
from bot.store.orders import DeliveryOrder
from bot.store.outbox import Entry, LeaseLost, Outbox
from bot.vault.keys import KeyFolder
from bot.vault.sealing import ReturnAddress, open_outer, seal
from locales.catalogue import Catalogues
from tests.channels.telegram.stage import settings, surroundings
from tests.fakes.telegram import TelegramServer
from tests.fakes.telegram.person import Person
from workers.delivery import Delivery

EPOCH, RECORD = "2026-11", "record"
HANDOFF = b"h" * 32


def say(locale: str, message: Message) -> str:
    return str(message.values.get("note", message.id))


@dataclass
class Desk:
    """Delivery workers on one store, and the resident whom the news of one report is for."""

    store: Store
    server: TelegramServer
    resident: Person
    workers: list[Delivery]
    inner: bytes
    entries: dict[int, Entry] = field(default_factory=dict)

    async def brings(self, version: int, worker: int = 0) -> None:
        """A worker takes this notice up, in whatever order it is due."""
        outbox = Outbox(self.store, "delivery", HANDOFF)
        order = DeliveryOrder(RECORD, version, self.inner, "verified", f"v{version}")
        for command in outbox.add(order.id, order.written()):
            await self.store.write(*command)
        await self.store.write("ZADD", "outbox:delivery", 0, order.id)
        [entry] = await outbox.claim(1, 60)
        await self.workers[worker].do(entry)

    @property
    def told(self) -> list[str]:
        """The resident's screen, by what stands in the second line of each notice."""
        return [message.text.splitlines()[1] for message in self.resident.messages]

    async def waiting(self) -> int:
        """How many notices are still to be sent."""
        return await Outbox(self.store, "delivery").depth()


@pytest.fixture
async def desk(store: Store, tmp_path: Path) -> AsyncIterator[Desk]:
    keys = KeyFolder(tmp_path)
    keys.create(EPOCH)
    async with TelegramServer() as server:
        resident = server.person()
        sealed = seal(
            keys, EPOCH, RECORD, "R" * 26, ReturnAddress("telegram", str(resident.id), "zh", "7K")
        )
        await store.write("SET", f"vault:{RECORD}", sealed)
        given = surroundings(settings(server), tmp_path, store.client)
        senders = [Sender(given) for _ in range(2)]
        workers = [Delivery(store, keys, {"telegram": one}, say, HANDOFF) for one in senders]
        yield Desk(store, server, resident, workers, open_outer(keys, RECORD, "R" * 26, sealed))
        for one in senders:
            await one.close()


async def test_a_notice_whose_answer_was_lost_comes_again_once(desk: Desk) -> None:
    desk.server.reset("sendMessage", carried_out=True)
    with pytest.raises(ChannelDown):
        await desk.brings(1)
    await desk.brings(1, worker=1)
    assert desk.told == ["v1", "v1"]
    assert await desk.waiting() == 0
    await desk.brings(1)
    await desk.brings(1, worker=1)
    assert desk.told == ["v1", "v1"]


async def test_after_a_newer_one_an_older_one_is_not_sent_any_more(desk: Desk) -> None:
    desk.server.reset("sendMessage", carried_out=True)
    with pytest.raises(ChannelDown):
        await desk.brings(1)
    await desk.brings(2, worker=1)
    await desk.brings(1)
    assert desk.told == ["v1", "v2"]
    assert await desk.waiting() == 0


async def test_nor_while_nobody_knows_whether_the_newer_one_arrived(desk: Desk) -> None:
    desk.server.reset("sendMessage", carried_out=True)
    with pytest.raises(ChannelDown):
        await desk.brings(2)
    await desk.brings(1, worker=1)
    await desk.brings(2)
    assert desk.told == ["v2", "v2"]
    assert await desk.waiting() == 0


async def test_one_that_telegram_put_off_is_not_lost(desk: Desk) -> None:
    desk.server.fail("sendMessage", 429, "Too Many Requests", retry_after=1)
    with pytest.raises(Throttled):
        await desk.brings(1)
    await desk.brings(1, worker=1)
    await desk.brings(2, worker=1)
    assert desk.told == ["v1", "v2"]


async def test_a_worker_that_slept_through_its_lease_leaves_its_mark_all_the_same(
    desk: Desk,
) -> None:
    """It sent the notice and could not settle it; whoever has it now does not send it again."""
    outbox = desk.workers[0].outbox
    order = DeliveryOrder(RECORD, 1, desk.inner, "verified", "v1")
    for command in outbox.add(order.id, order.written()):
        await desk.store.write(*command)
    [late] = await outbox.claim(1, 60)
    sender, taken = desk.workers[0]._senders["telegram"], list[Entry]()

    async def sleeps_after_it(address: str, notice: Notice) -> None:
        await Sender.send(sender, address, notice)  # type: ignore[arg-type]
        await desk.store.write("ZADD", "outbox:delivery", 0, order.id)
        taken.extend(await outbox.claim(1, 60))

    with patch.object(sender, "send", sleeps_after_it):
        await desk.workers[0].do(late)
    assert await desk.waiting() == 1
    await desk.workers[1].do(taken[0])
    assert desk.told == ["v1"]
    assert await desk.waiting() == 0


async def test_one_that_lost_its_lease_before_it_sent_sends_nothing(desk: Desk) -> None:
    outbox = desk.workers[0].outbox
    order = DeliveryOrder(RECORD, 1, desk.inner, "verified", "v1")
    for command in outbox.add(order.id, order.written()):
        await desk.store.write(*command)
    [late] = await outbox.claim(1, 60)
    await desk.store.write("ZADD", "outbox:delivery", 0, order.id)
    [entry] = await outbox.claim(1, 60)
    with pytest.raises(LeaseLost):
        await desk.workers[0].do(late)
    assert desk.told == []
    await desk.workers[1].do(entry)
    assert desk.told == ["v1"]


async def test_nothing_is_sent_before_it_is_on_disk_that_it_begins(
    desk: Desk, valkey_url: str
) -> None:
    """A store that forgets it would have an older notice sent after this one."""
    alone = Store.at(valkey_url, replicas=1)
    worker = Delivery(alone, desk.workers[0]._keys, desk.workers[0]._senders, say, HANDOFF)
    with patch("bot.store.connection.ON_DISK_MS", 20), pytest.raises(StoreUnavailable):
        await replaced(desk, workers=[worker]).brings(1)
    await alone.close()
    assert desk.told == []
    await desk.brings(1)
    assert desk.told == ["v1"]


async def test_the_mark_goes_when_the_way_back_is_gone_and_does_not_stand_for_ever(
    desk: Desk,
) -> None:
    await desk.brings(1)
    end = await desk.store.read("EXPIRETIME", f"told:{RECORD}")
    assert end > 0
    assert end % 3600 == 0
    await desk.store.write("DEL", f"vault:{RECORD}")
    await desk.brings(2)
    assert await desk.store.read("KEYS", "told:*") == []
    assert desk.told == ["v1"]


async def test_with_a_person_who_is_gone_the_mark_goes_too(desk: Desk) -> None:
    desk.resident.blocks_bot()
    await desk.brings(1)
    assert await desk.store.read("KEYS", "told:*") == []


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_no_notice_is_so_long_that_it_goes_in_parts(locale: str) -> None:
    """A part that arrived would come again with the rest."""
    long = DeliveryOrder(RECORD, 1, b"", "", "🏗" * NOTE_MOST)
    to = ReturnAddress("telegram", "1", locale, "7K2M")
    said = Delivery(Store.at("redis://nobody"), KeyFolder(Path()), {}, Catalogues.load().say, b"")
    for status in STATUSES:
        if status not in SILENT:
            notice = said._notice(replace(long, status=status), to)
            assert split(notice.text) == [notice.text]
