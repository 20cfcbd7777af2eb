"""From a status to a notice, through two custodians who each see half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.bells import Bells
from bot.channels.contract import Notice
from bot.core.dialogue import Message
from bot.core.errors import Unreachable
from bot.core.report import Place, Report, Step
from bot.store.connection import Store
from bot.store.erasure import ERASED, REWRITING, REWRITTEN
from bot.store.orders import DeliveryOrder, ForgetOrder, NoticeOrder
from bot.store.outbox import UNDELIVERABLE, Entry, Outbox
from bot.store.reports import Reports
from bot.vault.keys import KeyFolder, path_of
from bot.vault.sealing import ReturnAddress, seal
from workers.delivery import Delivery
from workers.drain import Drain
from workers.notices import Notices

EPOCH, RECORD, REFERENCE = "2026-11", "record", "R" * 26
TO = ReturnAddress("webchat", "the-token", "en", "7K2M")
HANDOFF = b"h" * 32
ORDER = NoticeOrder(REFERENCE, 2, "verified", "on site")


class Sender:
    """A channel that remembers what it sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Notice]] = []
        self.blocked = False
        self.began = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def send(self, address: str, notice: Notice) -> None:
        if self.blocked:
            raise Unreachable("gone")
        if not self.began.is_set():
            self.began.set()
            await self.goes_on.wait()
        self.sent.append((address, notice))

    async def close(self) -> None:
        return None


def say(locale: str, message: Message) -> str:
    return f"{locale}:{message.id}:{dict(message.values)}"


async def one(store: Store, kind: str) -> Entry:
    [entry] = await Outbox(store, kind, HANDOFF if kind == "delivery" else None).claim(1, 60)
    return entry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    KeyFolder(tmp_path).create(EPOCH)
    return tmp_path


@pytest.fixture
async def notices(store: Store, valkey_url: str, folder: Path) -> AsyncIterator[Notices]:
    reports = Reports(store)
    report = Report(REFERENCE, "fire", "", Place(words="x"), (), "", False, datetime.now(UTC))
    sealed = seal(KeyFolder(folder), EPOCH, RECORD, REFERENCE, TO)
    commands = [
        *reports.submitted(report, RECORD, sealed),
        *Outbox(store, "notices").add(ORDER.id, ORDER.written()),
    ]
    for command in commands:
        await store.write(*command)
    path_of(folder, EPOCH, "inner", "private").rename(folder / "inner.kept")
    bells = Bells(store, valkey_url)
    yield Notices(
        store, reports, KeyFolder(folder), bells, handoff=HANDOFF, over_seconds=7 * 24 * 3600
    )
    await bells.close()


async def delivery(store: Store, folder: Path, sender: Sender) -> Delivery:
    (folder / "inner.kept").rename(path_of(folder, EPOCH, "inner", "private"))
    path_of(folder, EPOCH, "outer", "private").unlink()
    return Delivery(store, KeyFolder(folder), {"webchat": sender}, say, HANDOFF)


async def changes(store: Store, notices: Notices, order: NoticeOrder) -> None:
    """As when the case system says so."""
    reports = Reports(store)
    before = await reports.standing(REFERENCE)
    assert before is not None
    steps = (*before.steps, Step(order.status, datetime.now(UTC)))
    after = replace(before, version=order.version, steps=steps)
    assert await reports.change(before, after, notices.outbox.add(order.id, order.written()))


async def test_each_custodian_needs_its_own_key_alone(
    store: Store, notices: Notices, folder: Path
) -> None:
    await notices.do(await one(store, "notices"))
    assert await Outbox(store, "notices").depth() == 0
    handed = DeliveryOrder.read((await one(store, "delivery")).body)
    assert b"the-token" not in handed.inner
    assert REFERENCE not in str(handed)
    stands = await store.read("HGET", "outbox:delivery:bodies", handed.id)
    assert handed.inner not in stands
    assert b"verified" not in stands
    await store.write("ZADD", "outbox:delivery", "XX", 0, handed.id)
    sender = Sender()
    await (await delivery(store, folder, sender)).do(await one(store, "delivery"))
    [(address, notice)] = sender.sent
    assert (address, notice.id, notice.locale) == ("the-token", f"{RECORD}.{2:016d}", "en")
    assert notice.text.splitlines() == [
        "en:notice.verified:{'tail': '7K2M'}",
        "en:notice.note:{'note': 'on site'}",
    ]
    assert await Outbox(store, "delivery").depth() == 0


async def test_the_newest_notice_is_the_last_to_arrive(
    store: Store, notices: Notices, folder: Path
) -> None:
    """The channel is slow with the first while the later ones are due already."""
    for version in range(3, 13):
        later = NoticeOrder(REFERENCE, version, "verified", "")
        for command in notices.outbox.add(later.id, later.written()):
            await store.write(*command)
    await Drain(notices).run()
    sender = Sender()
    sender.goes_on.clear()
    work = await delivery(store, folder, sender)
    orders = await work.outbox.claim(11, 60)
    sending = asyncio.gather(*map(work.do, orders))
    await sender.began.wait()
    sender.goes_on.set()
    await sending
    assert [notice.id for _, notice in sender.sent] == [
        f"{RECORD}.{at:016d}" for at in range(2, 13)
    ]


async def test_who_is_gone_is_forgotten(store: Store, notices: Notices, folder: Path) -> None:
    await notices.do(await one(store, "notices"))
    sender = Sender()
    sender.blocked = True
    await (await delivery(store, folder, sender)).do(await one(store, "delivery"))
    assert await store.read("EXISTS", f"vault:{RECORD}") == 0
    assert await Outbox(store, "delivery").depth() == 0


async def test_who_asks_is_forgotten_and_what_waits_for_them_is_not_sent(
    store: Store, notices: Notices, folder: Path
) -> None:
    await notices.do(await one(store, "notices"))  # one waits for the delivery worker
    forget = ForgetOrder(REFERENCE)
    for command in notices.outbox.add(forget.id, forget.written()):
        await store.write(*command)
    await Drain(notices).run()
    assert await store.read("EXISTS", f"vault:{RECORD}") == 0
    assert await store.read("GET", ERASED) == b"1"
    sender = Sender()
    await Drain(await delivery(store, folder, sender)).run()
    assert sender.sent == []
    assert await Outbox(store, "delivery").depth() == 0
    assert await store.read("GET", REWRITTEN) is None
    await notices.rewrite()
    assert await store.read("GET", REWRITING) == b"1"


async def test_a_parked_notice_goes_with_the_address_that_it_holds_a_layer_of(
    store: Store, notices: Notices, folder: Path
) -> None:
    await Drain(notices).run()
    off = Delivery(store, KeyFolder(folder), {}, say, HANDOFF)
    (folder / "inner.kept").rename(path_of(folder, EPOCH, "inner", "private"))
    await Drain(off).run()
    assert list(await off.outbox.parked()) == [f"{RECORD}.{2:016d}"]
    await off.forget()
    assert list(await off.outbox.parked()) == [f"{RECORD}.{2:016d}"]
    forget = ForgetOrder(REFERENCE)
    for command in notices.outbox.add(forget.id, forget.written()):
        await store.write(*command)
    await Drain(notices).run()
    await off.forget()
    assert await off.outbox.parked() == {}
    assert await store.read("EXISTS", "outbox:delivery:bodies") == 0
    assert await store.read("GET", ERASED) == b"2"


async def test_without_an_address_a_notice_ends(store: Store, notices: Notices) -> None:
    await store.write("DEL", f"vault:{RECORD}")
    await notices.do(await one(store, "notices"))
    assert await Outbox(store, "notices").depth() == 0
    assert await Outbox(store, "delivery").depth() == 0


@pytest.mark.parametrize(("status", "days"), [("closed", 7), ("reopened", 400), ("verified", 400)])
async def test_the_way_back_goes_so_many_days_after_the_case_is_over(
    store: Store, notices: Notices, status: str, days: int
) -> None:
    await store.write("EXPIRE", f"vault:{RECORD}", 300)
    await store.write("ZREM", "outbox:notices", ORDER.id)
    await changes(store, notices, NoticeOrder(REFERENCE, 3, status, ""))
    await notices.do(await one(store, "notices"))
    seconds = days * 24 * 3600
    assert seconds - 60 < await store.read("TTL", f"vault:{RECORD}") <= seconds + 3600


async def test_news_of_an_old_report_keep_its_way_back_no_longer_than_400_days_in_all(
    store: Store, notices: Notices
) -> None:
    reports = Reports(store)
    standing = await reports.standing(REFERENCE)
    assert standing is not None
    old = replace(standing, submitted_at=standing.submitted_at - timedelta(days=390))
    assert await reports.change(standing, old, [])
    await notices.do(await one(store, "notices"))
    days = 24 * 3600
    assert 9 * days < await store.read("TTL", f"vault:{RECORD}") <= 10 * days + 3600


async def test_an_older_notice_that_comes_late_keeps_it_no_longer(
    store: Store, notices: Notices
) -> None:
    waits = await one(store, "notices")
    await changes(store, notices, NoticeOrder(REFERENCE, 3, "closed", ""))
    await notices.do(await one(store, "notices"))
    await notices.do(waits)
    assert await store.read("TTL", f"vault:{RECORD}") <= 7 * 24 * 3600 + 3600


async def test_with_a_key_gone_a_notice_is_counted_and_over(
    store: Store, notices: Notices, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each layer in turn, through the real drain; the log names the epoch and nobody."""
    outer = path_of(folder, EPOCH, "outer", "private")
    kept = outer.read_bytes()
    outer.unlink()
    await Drain(notices).run()
    assert await Outbox(store, "notices").depth() == 0
    assert await Outbox(store, "delivery").depth() == 0
    assert await store.read("HGET", UNDELIVERABLE, EPOCH) == b"1"
    outer.touch(0o600)
    outer.write_bytes(kept)
    for command in notices.outbox.add(ORDER.id, ORDER.written()):
        await store.write(*command)
    await Drain(notices).run()
    sender = Sender()
    await Drain(Delivery(store, KeyFolder(folder), {"webchat": sender}, say, HANDOFF)).run()
    assert sender.sent == []
    assert await Outbox(store, "delivery").depth() == 0
    assert await Outbox(store, "delivery").parked() == {}
    assert await store.read("HGET", UNDELIVERABLE, EPOCH) == b"2"
    said = capsys.readouterr()
    assert (said.out + said.err).count(f"epoch={EPOCH}") == 2
    assert f"vault:{RECORD}" not in said.out + said.err
    assert REFERENCE not in said.out + said.err
