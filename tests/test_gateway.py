"""Turns on a real store: what is committed together, what comes twice, who wins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from bot.bells import Bells
from bot.channels.contract import Shown
from bot.core.dialogue import (
    Attached,
    Attachment,
    Event,
    Incoming,
    Located,
    MadeSafe,
    Opened,
    Pressed,
    Text,
)
from bot.core.errors import StoreRefused, StoreUnavailable, TooFast
from bot.core.receipt import receipt_from
from bot.core.report import Place
from bot.gateway import (
    PICTURES_AN_HOUR,
    REPORTS_OF_A_NETWORK_A_DAY,
    TURNS_A_MINUTE,
    Gateway,
    Language,
)
from bot.pace import Pace
from bot.replies import Replies
from bot.store.connection import Store
from bot.store.conversations import DRAFT_SECONDS, Conversations
from bot.store.expiry import EXPIRY, copies, expires
from bot.store.limits import LIMITS, Limits
from bot.store.orders import ForgetOrder, notices_order
from bot.store.outbox import KINDS, Outbox
from bot.store.receipts import Receipts
from bot.store.reports import Reports
from bot.vault.keys import KeyFolder, epoch_of
from bot.vault.sealing import open_inner, open_outer
from config.form import read_form
from config.settings import Settings
from handlers import conversation
from locales.catalogue import Catalogues

KEY = b"k" * 32


class Chat:
    """One person's chat with a gateway."""

    def __init__(self, gateway: Gateway, address: str = "4242", network: str = "") -> None:
        self.gateway = gateway
        self.address = address
        self.network = network
        self.count = 0
        self.shown: tuple[Shown, ...] = ()

    async def does(self, event: Event, event_id: str = "") -> Shown:
        self.count += 1
        incoming = Incoming(
            "webchat",
            self.address,
            event_id or f"e{self.count}",
            event,
            "zh",
            network=self.network,
        )
        self.shown = await self.gateway.take(incoming)
        return self.shown[-1] if self.shown else Shown("", "", "")

    async def to_summary(self) -> Shown:
        await self.does(Pressed("report"))
        await self.does(Pressed("fire"))
        await self.does(Pressed("blocked_exit"))
        await self.does(Located(Place(30.69, 111.28)))
        await self.does(Pressed("skip"))
        await self.does(Text("安全出口被锁"))
        return await self.does(Pressed("danger:no"))


def update(number: int, event: Event) -> Incoming:
    """What this person did, as Telegram tells it."""
    return Incoming("telegram", "4242", str(number), event, "zh")


@pytest.fixture
async def bells(store: Store, valkey_url: str) -> AsyncIterator[Bells]:
    started = Bells(store, valkey_url)
    yield started
    await started.close()


@pytest.fixture
def gateway(store: Store, bells: Bells, tmp_path: Path) -> Gateway:
    KeyFolder(tmp_path / "keys").create(epoch_of(datetime.now(UTC)))
    return built(store, bells, tmp_path)


def built(store: Store, bells: Bells, folder: Path) -> Gateway:
    settings = Settings(data_dir=folder)
    catalogues = Catalogues.load("zh", settings.zone)
    return Gateway(
        handlers=conversation,
        form=read_form(settings),
        language=Language(catalogues.speaking, catalogues.best, catalogues.locales),
        conversations=Conversations(store, KEY),
        reports=Reports(store),
        receipts=Receipts(store, KEY),
        limits=Limits(store, KEY),
        outboxes={kind: Outbox(store, kind) for kind in KINDS},
        keys=KeyFolder(folder / "keys"),
        reply_key=KEY,
        bells=bells,
    )


async def test_a_report_its_receipt_and_its_work_are_one(
    gateway: Gateway, store: Store, tmp_path: Path
) -> None:
    chat = Chat(gateway)
    assert (await chat.to_summary()).screen == "summary"
    shown = await chat.does(Pressed("submit"))
    assert shown.screen == "receipt"
    assert shown.receipt
    [entry] = await Outbox(store, "push").claim(10, 60)
    reports = Reports(store)
    report = await reports.report(entry.id)
    assert report is not None
    assert (report.category, report.hazard, report.description) == (
        "fire",
        "blocked_exit",
        "安全出口被锁",
    )
    assert await Receipts(store, KEY).reference(shown.receipt) == entry.id
    standing = await reports.standing(entry.id)
    assert standing is not None
    assert standing.progress.status == "waiting"
    sealed = await reports.sealed(standing.record)
    assert sealed is not None
    keys = KeyFolder(tmp_path / "keys")
    back = open_inner(keys, standing.record, open_outer(keys, standing.record, entry.id, sealed))
    assert (back.channel, back.address, back.locale) == ("webchat", "4242", "zh")
    assert back.tail == shown.receipt[-4:]


async def test_when_a_conversation_ends_does_not_tell_which_report_it_sent(
    gateway: Gateway, store: Store
) -> None:
    chat = Chat(gateway)
    await chat.to_summary()
    await chat.does(Pressed("submit"))
    [name] = await store.client.keys("c:*")
    end = await store.read("PEXPIRETIME", name)
    assert end % 3_600_000 == 0
    assert DRAFT_SECONDS <= end / 1000 - time.time() + 1 <= DRAFT_SECONDS + 3601


async def test_whoever_is_forgotten_holds_no_receipt_any_more(
    gateway: Gateway, store: Store
) -> None:
    chat = Chat(gateway)
    await chat.to_summary()
    receipt = (await chat.does(Pressed("submit"))).receipt
    assert receipt
    [pushed] = await Outbox(store, "push").claim(10, 60)
    shown = await chat.does(Pressed(f"forgotten:{receipt}"))
    assert shown.forgotten == (receipt,)
    assert await Receipts(store, KEY).reference(receipt) is None
    [entry] = await Outbox(store, "notices").claim(10, 60)
    assert notices_order(entry.body) == ForgetOrder(pushed.id)
    assert await Reports(store).report(pushed.id)  # the report goes on
    await chat.does(Pressed(f"status:{receipt}"))
    assert "没查到" in chat.shown[-1].text


async def test_the_same_event_again_shows_the_screen_and_commits_nothing(
    gateway: Gateway, store: Store
) -> None:
    chat = Chat(gateway)
    await chat.to_summary()
    first = await chat.does(Pressed("submit"), "submit-1")
    again = await chat.does(Pressed("submit"), "submit-1")
    assert again.receipt == first.receipt
    assert await Outbox(store, "push").depth() == 1


async def test_many_taps_at_once_make_one_report(gateway: Gateway, store: Store) -> None:
    chat = Chat(gateway)
    summary = await chat.to_summary()
    taps = [Chat(gateway) for _ in range(10)]
    shown = await asyncio.gather(
        *(
            tap.does(Pressed("submit", summary.serial), f"tap{number}")
            for number, tap in enumerate(taps)
        )
    )
    assert await Outbox(store, "push").depth() == 1
    assert len({one.receipt for one in shown}) == 1


async def test_turns_may_come_to_one_process_after_the_other(
    gateway: Gateway, store: Store, bells: Bells, tmp_path: Path
) -> None:
    """What one remembers of a conversation is no news where the other went on with it."""
    replica = built(store, bells, tmp_path)
    one, other = Chat(gateway), Chat(replica)
    await one.does(Pressed("report"), "first")
    assert (await other.does(Pressed("fire"), "second")).screen == "hazard"
    assert (await one.does(Pressed("blocked_exit"), "third")).screen == "location"
    # Redelivered to the one that has not heard of it, and to the one that has.
    assert (await other.does(Pressed("blocked_exit"), "third")).screen == "location"
    assert (await one.does(Pressed("fire"), "second")).screen == "location"


async def test_an_update_that_comes_again_after_many_others_has_no_effect(
    gateway: Gateway,
) -> None:
    await gateway.take(update(700, Pressed("report")))
    for number in range(701, 741):
        gateway._turns = Pace(60)
        await gateway.take(update(number, Opened()))
    before = await gateway._conversations.load("telegram", "4242")
    shown = await gateway.take(update(700, Pressed("menu")))
    after = await gateway._conversations.load("telegram", "4242")
    assert shown[-1].screen == "category"
    assert after.version == before.version


async def test_what_was_set_aside_gets_its_turn_once_however_late_it_is_put_back(
    gateway: Gateway, store: Store
) -> None:
    for number in range(701, 741):
        await gateway.take(update(number, Opened()))
    await gateway.set_aside(update(700, Pressed("report")), "KeyError at nowhere.py:1")
    aside = Outbox(store, "replies")
    [name] = await aside.parked()
    assert await aside.put_back(name)
    replies = Replies(store, aside, KEY, gateway, {})
    replies.start()
    async with asyncio.timeout(10):
        while await aside.depth():
            await asyncio.sleep(0.01)
    await replies.stop()
    kept = await gateway._conversations.load("telegram", "4242")
    assert kept.draft is not None
    assert kept.draft.step == "category"
    # Delivered once more all the same: it is the same event.
    await gateway.take(update(700, Pressed("menu")))
    assert (await gateway._conversations.load("telegram", "4242")).version == kept.version


async def test_what_is_remembered_expires_with_the_store(gateway: Gateway, store: Store) -> None:
    chat = Chat(gateway)
    await chat.does(Pressed("report"))
    [key] = await store.client.keys("c:*")
    await store.write("DEL", key)
    assert (await chat.does(Opened())).screen == "menu"


async def test_a_picture_is_ordered_and_its_answer_is_a_turn(
    gateway: Gateway, store: Store
) -> None:
    chat = Chat(gateway)
    media = "A" * 22
    await chat.does(Attached((Attachment(media, "upload"),)))
    assert [entry.id for entry in await Outbox(store, "media").claim(10, 60)] == [media]
    await chat.does(MadeSafe(media, (30.7, 111.3)))
    await chat.does(Pressed("gas"))
    offered = await chat.does(Pressed("smell"))
    assert offered.screen == "location"
    assert "offered" in [button.id for row in offered.rows for button in row]


async def test_pictures_stand_as_long_as_their_draft(gateway: Gateway, store: Store) -> None:
    chat, names = Chat(gateway), copies("A" * 22)
    await chat.does(Attached((Attachment("A" * 22, "upload"),)))
    conversations = Conversations(store, KEY)
    left = await conversations.load("webchat", chat.address)
    assert left.draft is not None
    earlier = replace(left.draft, touched=left.draft.touched - 3600)
    await conversations.commit(left, earlier, "")
    for command in expires(names, time.time() + 3600):
        await store.write(*command)
    await chat.does(Pressed("gas"))
    ends = [float(await store.read("ZSCORE", EXPIRY, name)) for name in names]
    assert min(ends) > time.time() + DRAFT_SECONDS + 3600


async def test_two_people_know_nothing_of_each_other(gateway: Gateway) -> None:
    one, other = Chat(gateway, "1"), Chat(gateway, "2")
    await one.to_summary()
    assert (await other.does(Opened())).screen == "menu"
    assert (await one.does(Opened())).screen == "summary"


async def test_without_a_store_nothing_is_promised(gateway: Gateway, tmp_path: Path) -> None:
    away = Store.at(f"unix://{tmp_path}/nobody.sock")
    gateway._conversations = Conversations(away, KEY)
    with pytest.raises(StoreUnavailable):
        await Chat(gateway).does(Opened())
    await away.close()


async def test_nobody_is_told_to_be_forgotten_before_that_is_on_disk(
    gateway: Gateway, valkey_url: str
) -> None:
    chat, alone = Chat(gateway), Store.at(valkey_url, replicas=1)
    await chat.to_summary()
    receipt = (await chat.does(Pressed("submit"))).receipt
    whole, gateway._conversations = gateway._conversations, Conversations(alone, KEY)
    with patch("bot.store.connection.ON_DISK_MS", 20):
        for _ in range(2):  # the second time it is there already
            with pytest.raises(StoreUnavailable):
                await chat.does(Pressed(f"forgotten:{receipt}"), "forget")
    gateway._conversations = whole
    assert await chat.does(Pressed(f"forgotten:{receipt}"), "forget")
    await alone.close()


async def test_a_turn_that_the_store_will_never_take_can_be_set_aside(
    gateway: Gateway, store: Store
) -> None:
    poisoned = (await gateway._conversations.load("telegram", "4242")).key
    await store.write("RPUSH", poisoned, "no conversation")
    with pytest.raises(StoreRefused):
        await gateway.take(update(1, Opened()))
    await gateway.set_aside(update(1, Opened()), "StoreRefused at connection.py:1")
    assert len(await Outbox(store, "replies").parked()) == 1


def made_up(number: int) -> str:
    """A receipt with the right check letters that nobody holds."""
    return receipt_from(number.to_bytes(12, "big"))


async def test_guessing_receipts_ends_for_one_network_and_not_for_another(
    gateway: Gateway, store: Store
) -> None:
    owner, guesser = Chat(gateway), Chat(gateway, "1717")
    await owner.to_summary()
    receipt = (await owner.does(Pressed("submit"))).receipt
    assert receipt
    for number in range(1, LIMITS["guesses"].per_person + 1):
        await guesser.does(Text(receipt))  # a right one costs nothing
        assert receipt[-4:] in guesser.shown[-1].text
        await guesser.does(Text(made_up(number)))
        assert "没查到" in guesser.shown[-1].text
    await guesser.does(Text(receipt))
    assert "太多" in guesser.shown[-1].text
    await guesser.does(Pressed(f"forgotten:{receipt}"))
    assert "太多" in guesser.shown[-1].text
    await owner.does(Text(receipt))
    assert receipt[-4:] in owner.shown[-1].text


async def test_who_guessed_can_be_told_by_nobody_and_all_of_it_expires(
    gateway: Gateway, store: Store
) -> None:
    chat = Chat(gateway, "4242424242")
    await chat.does(Text(made_up(7)))
    names = [key async for key in store.client.scan_iter("limit:*")]
    assert len(names) == 3
    for name in names:
        assert 0 < await store.read("TTL", name) <= 24 * 3600
        assert b"4242424242" not in name


async def test_so_many_reports_a_day_and_then_tomorrow(gateway: Gateway, store: Store) -> None:
    chat, other = Chat(gateway), Chat(gateway, "1717")
    most = LIMITS["reports"].per_person
    for _ in range(most):
        await chat.to_summary()
        assert (await chat.does(Pressed("submit"))).screen == "receipt"
        gateway._turns = Pace(60)  # a day has many minutes
    await chat.to_summary()
    refused = await chat.does(Pressed("submit"))
    assert refused.screen == "summary"
    assert "还没有提交" in refused.text
    assert "安全出口被锁" in refused.text
    assert await Outbox(store, "push").depth() == most
    await other.to_summary()
    assert (await other.does(Pressed("submit"))).screen == "receipt"


async def test_a_report_that_comes_twice_counts_once(gateway: Gateway, store: Store) -> None:
    chat = Chat(gateway, network="192.0.2.0/24")
    await chat.to_summary()
    for _ in range(3):
        await chat.does(Pressed("submit"), "the same")
    counts = [name async for name in store.client.scan_iter("limit:reports:*")]
    assert [await store.read("GET", name) for name in counts] == [b"1"]
    assert gateway._networks.counted("192.0.2.0/24", 0) == 1


async def test_so_many_reports_a_day_from_one_network(gateway: Gateway, store: Store) -> None:
    gateway._networks.counted("192.0.2.0/24", REPORTS_OF_A_NETWORK_A_DAY - 1)
    last = Chat(gateway, "1", network="192.0.2.0/24")
    await last.to_summary()
    assert (await last.does(Pressed("submit"))).screen == "receipt"
    late, elsewhere = (Chat(gateway, name, network=f"{name}.0.2.0/24") for name in ("192", "198"))
    for chat in (late, elsewhere):
        await chat.to_summary()
    assert "还没有提交" in (await late.does(Pressed("submit"))).text
    assert (await elsewhere.does(Pressed("submit"))).screen == "receipt"


async def test_so_many_pictures_an_hour(gateway: Gateway, store: Store) -> None:
    chat = Chat(gateway)
    for event in (
        Pressed("report"),
        Pressed("fire"),
        Pressed("blocked_exit"),
        Located(Place(30.69, 111.28)),
    ):
        await chat.does(event)
    for number in range(PICTURES_AN_HOUR):
        shown = await chat.does(Attached((Attachment(f"p{number}", "source"),)))
        await chat.does(Pressed("remove"))
        await chat.does(Pressed(f"drop:p{number}"))
        gateway._turns = Pace(60)
        assert "太多" not in shown.text
    assert await Outbox(store, "media").depth() == PICTURES_AN_HOUR
    shown = await chat.does(Attached((Attachment("late", "source"),), "门锁着"))
    assert "一小时后" in shown.text
    assert await Outbox(store, "media").depth() == PICTURES_AN_HOUR
    other = await Chat(gateway, "1717").does(Attached((Attachment("other", "source"),)))
    assert "一小时后" not in other.text


async def test_so_many_turns_a_minute_and_said_once(gateway: Gateway) -> None:
    chat = Chat(gateway)
    for _ in range(TURNS_A_MINUTE):
        assert (await chat.does(Text("在吗"))).text
    refusals = []
    for _ in range(3):
        with pytest.raises(TooFast) as refused:
            await chat.does(Text("在吗"))
        refusals.append(refused.value.first)
    assert refusals == [True, False, False]
    assert await chat.does(MadeSafe("nothing of theirs"))  # the worker's answers are not theirs
    assert (await Chat(gateway, "1717").does(Text("在吗"))).text


async def test_no_receipt_before_it_is_on_disk_and_the_same_one_later(
    gateway: Gateway, store: Store
) -> None:
    """The commit went through, that it is on disk was not said: asking again finds it."""
    chat = Chat(gateway)
    await chat.to_summary()
    store._on_disk._replicas = 1  # and there is none
    with patch("bot.store.connection.ON_DISK_MS", 50):
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await chat.does(Pressed("submit"), "the one press")
    assert await Outbox(store, "push").depth() == 1
    store._on_disk._replicas = 0
    shown = await chat.does(Pressed("submit"), "the one press")
    assert shown.screen == "receipt"
    [entry] = await Outbox(store, "push").claim(10, 60)
    assert shown.receipt
    assert await Receipts(store, KEY).reference(shown.receipt) == entry.id
