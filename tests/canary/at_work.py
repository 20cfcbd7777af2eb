"""Paths on which something fails inside: keys, the store, the desk."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from bot.core.dialogue import Message
from bot.secrets import Secrets
from bot.store.connection import Store
from bot.store.receipts import Receipts
from bot.vault.keys import Layer
from tests.canary import evidence
from tests.canary.at_telegram import SEEN, one_picture, reports
from tests.canary.at_webchat import answered
from tests.canary.scene import Scene
from tests.whole.programme import Programme
from tests.whole.test_telegram import to_summary


async def lost_keys(scene: Scene) -> None:
    """A key of each custodian is away for one notice: nobody is told, and it is counted."""
    operator, resident = scene.operator, scene.at_telegram("filmer")
    tail = {"tail": scene.receipts["telegram video"][-4:]}
    number = await scene.case("telegram video: " + SEEN)
    lost: tuple[tuple[Layer, str], ...] = (("outer", "accepted"), ("inner", "verifying"))
    # One that is tried again at that moment would be counted as well.
    await asyncio.to_thread(evidence.told, scene.city.programme)
    for count, (layer, status) in enumerate(lost, 1):
        with away(scene.city.programme, layer):
            await operator.moves(number, status)
            async with asyncio.timeout(30):
                while await _undeliverable(scene) < count:
                    await asyncio.sleep(0.05)
    await operator.moves(number, "verified")
    await resident.sees(Message("notice.verified", tail))
    texts = "".join(one.text for one in resident.person.messages)
    for _, status in lost:
        assert resident.words(Message(f"notice.{status}", tail)) not in texts


@contextmanager
def away(programme: Programme, layer: Layer) -> Iterator[None]:
    """The private keys of a layer are not in their place."""
    place = programme.folder / "data" / "keys" / "private" / layer
    elsewhere = place.with_name(f"{layer}-elsewhere")
    elsewhere.mkdir(mode=0o700)
    moved = [path.name for path in place.glob("20*")]
    for name in moved:
        (place / name).rename(elsewhere / name)
    try:
        yield
    finally:
        for name in moved:
            (elsewhere / name).rename(place / name)
        elsewhere.rmdir()


async def _undeliverable(scene: Scene) -> int:
    counts = re.findall(rb"\nsuishoupai_notices_undeliverable{.*} (\d+)", await metrics(scene))
    return sum(map(int, counts))


async def metrics(scene: Scene) -> bytes:
    """What everybody can read of them."""
    url = f"{scene.city.programme.url}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.read()


async def turns_that_always_fail(scene: Scene) -> None:
    """Somebody damages a progress in the store: who asks for it is told, and set aside."""
    programme, receipt = scene.city.programme, scene.receipts["telegram"]
    name = f"progress:{await _reference(programme, receipt)}"
    with evidence.store_of(programme) as store:
        store.rename(name, "progress:aside")
        store.set(name, b"000000000009 damaged")
        await scene.resident.says(receipt)
        await scene.resident.sees(Message("telegram.failed"))
        async with scene.browser.online():
            frame = await answered(scene.browser, "text", text=receipt)
            assert frame["error"]["reason"] == "failed"
        store.rename("progress:aside", name)


async def _reference(programme: Programme, receipt: str) -> str:
    secret = (programme.folder / "data" / "keys" / "receipts").read_bytes()
    store = Store.at(evidence.address_of(programme))
    found = await Receipts(store, Secrets(secret).key("receipts")).reference(receipt)
    await store.close()
    assert found
    return found


async def waiting_at_the_end(scene: Scene) -> None:
    """What nobody has fetched yet: an open draft on both channels, a notice for a closed page, a
    report for a desk that is away."""
    await to_summary(scene.resident, "a draft that stays open")
    async with scene.browser.online():
        await scene.browser.does("open")
        await scene.browser.presses("fire")  # the report that was begun before the end of all
    await scene.operator.moves(await scene.case("webchat: " + SEEN), "verifying", "正在核查")
    scene.traffic.cases.cut()
    await reports(scene, "patient", "waiting: " + SEEN, one_picture)
