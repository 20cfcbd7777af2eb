"""Opens the outer layer of a reporter's address and hands the inner one on.

This process knows which report has news and cannot read for whom.
"""

from __future__ import annotations

from bot.bells import Bells
from bot.core.status import OVER
from bot.store.connection import Store
from bot.store.erasure import erased, rewrite
from bot.store.orders import DeliveryOrder, ForgetOrder, NoticeOrder, notices_order
from bot.store.outbox import Entry, Outbox
from bot.store.reports import Reports
from bot.vault.keys import KeyFolder, KeyMissing
from bot.vault.sealing import open_outer
from workers.lines import Lines
from workers.undeliverable import undeliverable


class Notices:
    """The work of the ``notices`` outbox."""

    at_once = 64
    lease_seconds = 15.0

    def __init__(
        self,
        store: Store,
        reports: Reports,
        keys: KeyFolder,
        bells: Bells,
        *,
        key: bytes | None = None,
        handoff: bytes,
        over_seconds: int,
    ) -> None:
        """`key` opens what the bot wants told; `handoff` seals what goes on to the delivery worker,
        one layer being open by then; `over_seconds` is how long a way back stands after its case
        is over.
        """
        self.outbox = Outbox(store, "notices", key)
        self._store = store
        self._delivery = Outbox(store, "delivery", handoff)
        self._reports = reports
        self._keys = keys
        self._bells = bells
        self._over_seconds = over_seconds
        self._lines = Lines()

    async def do(self, entry: Entry) -> None:
        """Pass a notice on; where the way back or its key is gone, so is the notice."""
        order = notices_order(entry.body)
        async with self._lines.of(order.reference):
            if isinstance(order, ForgetOrder):
                await self._shred(entry, order)
            else:
                await self._pass_on(entry, order)

    async def rewrite(self) -> None:
        """What was shredded goes from the append-only file too, soon after."""
        await rewrite(self._store)

    async def _shred(self, entry: Entry, order: ForgetOrder) -> None:
        """Notices that already wait find no way back any more."""
        standing = await self._reports.standing(order.reference)
        shredded = [("DEL", f"vault:{standing.record}"), *erased()] if standing else []
        await self.outbox.done(entry, shredded)
        self._bells.ring(["delivery"])  # it drops what it has parked for that record

    async def _pass_on(self, entry: Entry, order: NoticeOrder) -> None:
        standing = await self._reports.standing(order.reference)
        sealed = await self._reports.sealed(standing.record) if standing else None
        if standing is None or sealed is None:
            await self.outbox.done(entry)
            return
        over = standing.progress.status in OVER  # this order may come after a newer one
        kept = self._reports.kept(standing, *((self._over_seconds,) if over else ()))
        try:
            inner = open_outer(self._keys, standing.record, order.reference, sealed)
        except KeyMissing as error:
            await self.outbox.done(entry, [*kept, *undeliverable(error)])
            return
        onward = DeliveryOrder(standing.record, order.version, inner, order.status, order.note)
        await self.outbox.done(entry, [*kept, *self._delivery.add(onward.id, onward.written())])
        self._bells.ring(["delivery"])
