"""Somebody who can write to the store moves sealed addresses about: no notice reaches another.

Everything goes through the real notices and delivery work; only the channel is a list.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from bot.bells import Bells
from bot.channels.contract import Notice
from bot.core.dialogue import Message
from bot.core.report import Place, Report
from bot.sealed import Seal
from bot.store.connection import Store
from bot.store.orders import DeliveryOrder, NoticeOrder
from bot.store.outbox import Outbox
from bot.store.reports import Reports
from bot.vault.keys import KeyFolder, Layer
from bot.vault.sealing import ReturnAddress, seal
from workers.delivery import Delivery
from workers.drain import Drain
from workers.notices import Notices

EPOCH, OTHER_EPOCH = "2026-10", "2026-11"
HANDOFF, PROGRESS = b"h" * 32, b"p" * 32
BODIES = "outbox:delivery:bodies"
OUTER: tuple[Layer, ...] = ("outer",)
INNER: tuple[Layer, ...] = ("inner",)
REFERENCES = {"anna": "A" * 26, "bo": "B" * 26}


class Sender:
    """A channel that remembers whom it told what."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, address: str, notice: Notice) -> None:
        self.sent.append((address, notice.text))

    async def close(self) -> None:
        return None


def say(locale: str, message: Message) -> str:
    return str(message.values.get("note", message.id))


@dataclass
class World:
    """Two people with a report each, and both custodians."""

    store: Store
    reports: Reports
    sender: Sender
    notices: Notices
    delivery: Delivery

    async def submit(self, who: str, folder: Path, epoch: str) -> None:
        """A report of this person, the record named after them."""
        report = Report(
            REFERENCES[who], "fire", "", Place(words="x"), (), "", False, datetime.now(UTC)
        )
        to = ReturnAddress("webchat", who, "en", "7K2M")
        sealed = seal(KeyFolder(folder, opens=()), epoch, f"record-{who}", REFERENCES[who], to)
        for command in self.reports.submitted(report, f"record-{who}", sealed):
            await self.store.write(*command)

    async def tell(self, who: str) -> None:
        """News of this person's report, as far as it gets."""
        await self.order(who)
        await Drain(self.notices).run()
        await Drain(self.delivery).run()

    async def order(self, who: str) -> None:
        order = NoticeOrder(REFERENCES[who], 2, "verified", f"for {who}")
        for command in self.notices.outbox.add(order.id, order.written()):
            await self.store.write(*command)

    async def record(self, who: str) -> bytes:
        return bytes(await self.store.read("GET", f"vault:record-{who}"))

    async def put(self, who: str, sealed: bytes) -> None:
        await self.store.write("SET", f"vault:record-{who}", sealed)

    async def refused(self) -> str:
        """The reason with which exactly one entry was parked."""
        parked = await self.notices.outbox.parked() | await self.delivery.outbox.parked()
        [reason] = parked.values()
        assert "anna" not in reason
        assert "bo" not in reason.replace("belong", "")
        return reason


@pytest.fixture
async def world(store: Store, valkey_url: str, tmp_path: Path) -> AsyncIterator[World]:
    for epoch in (EPOCH, OTHER_EPOCH):
        KeyFolder(tmp_path).create(epoch)
    bells = Bells(store, valkey_url)
    reports, sender = Reports(store, PROGRESS), Sender()
    outer = KeyFolder(tmp_path, OUTER)
    opened = World(
        store,
        reports,
        sender,
        Notices(store, reports, outer, bells, key=PROGRESS, handoff=HANDOFF, over_seconds=3600),
        Delivery(store, KeyFolder(tmp_path, INNER), {"webchat": sender}, say, HANDOFF),
    )
    await opened.submit("anna", tmp_path, EPOCH)
    await opened.submit("bo", tmp_path, OTHER_EPOCH)
    yield opened
    await bells.close()


async def test_untouched_each_notice_reaches_its_own_reporter(world: World) -> None:
    for who in REFERENCES:
        await world.tell(who)
    assert world.sender.sent == [
        ("anna", "notice.verified\nfor anna"),
        ("bo", "notice.verified\nfor bo"),
    ]


async def test_records_exchanged_between_reports_are_refused(world: World) -> None:
    anna, bo = await world.record("anna"), await world.record("bo")
    await world.put("anna", bo)
    await world.put("bo", anna)
    for who in REFERENCES:
        await world.tell(who)
    assert world.sender.sent == []
    parked = await world.notices.outbox.parked()
    assert set(parked) == {f"{reference}.{2:016d}" for reference in REFERENCES.values()}
    assert all(reason.startswith("RecordRefused") for reason in parked.values())


async def test_a_record_replayed_on_another_report_is_refused(world: World) -> None:
    await world.put("bo", await world.record("anna"))
    await world.tell("bo")
    assert world.sender.sent == []
    assert (await world.refused()).startswith("RecordRefused: the outer layer")
    await world.tell("anna")
    assert [address for address, _ in world.sender.sent] == ["anna"]


async def test_a_record_moved_to_another_epoch_is_refused(world: World) -> None:
    sealed = await world.record("anna")
    await world.put("anna", OTHER_EPOCH.encode() + sealed[len(EPOCH) :])
    await world.tell("anna")
    assert world.sender.sent == []
    assert (await world.refused()).startswith("RecordRefused: the outer layer")


@pytest.mark.parametrize("epoch", [b"../../x", b"\xff" * 7, b"2026-13", b""])
async def test_a_record_of_no_epoch_leads_to_no_file(world: World, epoch: bytes) -> None:
    sealed = await world.record("anna")
    await world.put("anna", epoch + sealed[len(EPOCH) :])
    await world.tell("anna")
    assert world.sender.sent == []
    assert await world.store.read("HGET", "undeliverable", "an unknown epoch") == b"1"


@pytest.mark.parametrize("moved", ["inner", "record"])
async def test_orders_exchanged_behind_the_outer_layer_are_refused(
    world: World, moved: str
) -> None:
    """Nor does whoever writes into the delivery outbox and has stolen the key of the handing on."""
    for who in REFERENCES:
        await world.order(who)
    await Drain(world.notices).run()
    entries = await Outbox(world.store, "delivery", HANDOFF).claim(2, 0)
    orders = [DeliveryOrder.read(entry.body) for entry in entries]
    for mine, other in zip(orders, reversed(orders), strict=True):
        forged = DeliveryOrder(
            other.record if moved == "record" else mine.record,
            mine.version,
            other.inner if moved == "inner" else mine.inner,
            mine.status,
            mine.note,
        )
        sealed = Seal(HANDOFF).close(forged.written(), f"outbox|delivery|{mine.id}".encode())
        await world.store.write("HSET", BODIES, mine.id, sealed)
    await Drain(world.delivery).run()
    assert world.sender.sent == []
    parked = await world.delivery.outbox.parked()
    assert [reason.partition(":")[0] for reason in parked.values()] == ["RecordRefused"] * 2


async def test_orders_exchanged_as_they_stand_do_not_open(world: World) -> None:
    for who in REFERENCES:
        await world.order(who)
    await Drain(world.notices).run()
    bodies = await world.store.read("HGETALL", BODIES)
    for name, other in zip(bodies, reversed(list(bodies.values())), strict=True):
        await world.store.write("HSET", BODIES, name, other)
    await Drain(world.delivery).run()
    assert world.sender.sent == []


async def swapped(store: Store, names: list[str]) -> None:
    """Two values of the store in each other's place."""
    values = [await store.read("GET", name) for name in names]
    for name, value in zip(names, reversed(values), strict=True):
        await store.write("SET", name, value)


async def test_progress_exchanged_between_reports_does_not_open(world: World) -> None:
    """It says which record belongs to a report."""
    await swapped(world.store, [f"progress:{reference}" for reference in REFERENCES.values()])
    for who in REFERENCES:
        await world.tell(who)
    assert world.sender.sent == []
    parked = await world.notices.outbox.parked()
    assert [reason.partition(":")[0] for reason in parked.values()] == ["ProgressRefused"] * 2


async def test_a_record_does_not_open_for_a_report_that_names_it(world: World) -> None:
    """Nor where somebody has stolen the key of progress and writes it anew."""
    for who, other in zip(REFERENCES, reversed(list(REFERENCES)), strict=True):
        standing = await world.reports.standing(REFERENCES[who])
        assert standing is not None
        moved = replace(standing, record=f"record-{other}")
        assert await world.reports.change(standing, moved, [])
    for who in REFERENCES:
        await world.tell(who)
    assert world.sender.sent == []
    parked = await world.notices.outbox.parked()
    assert [reason.partition(":")[0] for reason in parked.values()] == ["RecordRefused"] * 2


async def test_news_exchanged_or_made_up_by_somebody_without_the_key_is_told_to_nobody(
    world: World,
) -> None:
    bodies, first = "outbox:notices:bodies", {}
    for who, reference in REFERENCES.items():
        await world.order(who)
        first[who] = await world.store.read("HGET", bodies, f"{reference}.{2:016d}")
    for reference, other in zip(REFERENCES.values(), reversed(list(REFERENCES)), strict=True):
        await world.store.write("HSET", bodies, f"{reference}.{2:016d}", first[other])
    made_up = NoticeOrder(REFERENCES["anna"], 3, "verified", "call this number")
    for command in Outbox(world.store, "notices").add(made_up.id, made_up.written()):
        await world.store.write(*command)
    with patch("workers.drain.UNEXPECTED_MOST", 1):
        await Drain(world.notices).run()
    await Drain(world.delivery).run()
    assert world.sender.sent == []
    assert len(await world.notices.outbox.parked()) == 3
