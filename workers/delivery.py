"""Opens the inner layer and brings the notice to the person, over their channel.

This process knows for whom the news is and not which report it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from bot.channels.contract import Notice, Sender
from bot.core.dialogue import Message
from bot.core.errors import Unreachable
from bot.store.connection import Command, Store
from bot.store.erasure import erased
from bot.store.orders import DeliveryOrder
from bot.store.outbox import Entry, Outbox
from bot.vault.keys import KeyFolder, KeyMissing
from bot.vault.sealing import ReturnAddress, open_inner
from workers.lines import Lines
from workers.told import Told
from workers.undeliverable import undeliverable

log = structlog.get_logger()


class Delivery:
    """The work of the ``delivery`` outbox."""

    at_once = 32
    lease_seconds = 20.0

    def __init__(
        self,
        store: Store,
        keys: KeyFolder,
        senders: Mapping[str, Sender],
        say: Callable[[str, Message], str],
        key: bytes,
    ) -> None:
        """`key` opens what the notices worker hands on."""
        self.outbox = Outbox(store, "delivery", key)
        self._store = store
        self._keys = keys
        self._senders = senders
        self._say = say
        self._lines = Lines()
        self._told = Told(store)

    async def do(self, entry: Entry) -> None:
        """Send one notice; whoever is gone for good has their sealed address shredded."""
        order = DeliveryOrder.read(entry.body)
        async with self._lines.of(order.record):  # the newest notice is the last one to arrive
            await self._bring(entry, order)

    async def _bring(self, entry: Entry, order: DeliveryOrder) -> None:
        if not await self._store.read("EXISTS", f"vault:{order.record}"):
            # Who it was for wants to be forgotten, or is by now.
            await self.outbox.done(entry, self._told.forgotten(order.record))
            return
        try:
            to = open_inner(self._keys, order.record, order.inner)
        except KeyMissing as error:
            await self.outbox.done(entry, undeliverable(error))
            return
        sender = self._senders.get(to.channel)
        if sender is None:
            await self.outbox.park(entry, f"channel {to.channel} is switched off")
            return
        begins = self._told.begins(order.record, order.version)
        await self.outbox.hold(entry, self.lease_seconds, begins)
        if await self._told.may_go(order.record, order.version):
            try:
                await sender.send(to.address, self._notice(order, to))
            except Unreachable:
                log.info("delivery.unreachable", channel=to.channel)
                await self.outbox.done(entry, self._shredded(order.record))
                return
            await self._told.arrived(order.record, order.version)
        await self.outbox.done(entry)

    async def forget(self) -> None:
        """Parked notices whose sealed address is gone go as well: they hold a layer of it."""
        for entry_id in await self.outbox.parked():
            record = entry_id.rpartition(".")[0]
            if not await self._store.read("EXISTS", f"vault:{record}"):
                await self.outbox.drop(entry_id, erased())

    def _shredded(self, record: str) -> list[Command]:
        return [("DEL", f"vault:{record}"), *self._told.forgotten(record), *erased()]

    def _notice(self, order: DeliveryOrder, to: ReturnAddress) -> Notice:
        lines = [Message(f"notice.{order.status}", {"tail": to.tail})]
        if order.note:
            lines.append(Message("notice.note", {"note": order.note}))
        text = "\n".join(self._say(to.locale, line) for line in lines)
        return Notice(order.id, text, to.locale)
