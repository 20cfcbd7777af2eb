"""What a turn wants done, as commands that belong into its transaction."""

from __future__ import annotations

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime

from bot.core.dialogue import Discard, Draft, Effect, Fetch, Forget, Incoming, Submit
from bot.replies import ReplyTo, seal_reply
from bot.store.connection import Command
from bot.store.expiry import UNFINISHED_SECONDS, copies, expires
from bot.store.orders import FetchOrder, ForgetOrder
from bot.store.outbox import Outbox
from bot.store.receipts import Receipts
from bot.store.reports import KEPT_SECONDS, Reports
from bot.vault.keys import KeyFolder
from bot.vault.sealing import ReturnAddress, seal

# The work that follows, to be rung for once the turn is committed.
BELLS: Mapping[type[Effect], tuple[str, ...]] = {
    Fetch: ("media",),
    Discard: (),
    Submit: ("push",),
    Forget: ("notices",),
}


class Effects:
    """Spells effects as commands; nothing happens before somebody commits them."""

    def __init__(
        self,
        reports: Reports,
        receipts: Receipts,
        outboxes: Mapping[str, Outbox],
        keys: KeyFolder,
        reply_key: bytes,
    ) -> None:
        self._reports = reports
        self._receipts = receipts
        self._outboxes = outboxes
        self._keys = keys
        self._reply_key = reply_key

    async def commands(
        self, effect: Effect, incoming: Incoming, draft: Draft, now: datetime
    ) -> list[Command]:
        """Those of one effect; `draft` is the one after the turn. Raises `StoreUnavailable`."""
        match effect:
            case Fetch():
                return self._fetch(effect, incoming)
            case Discard():
                names = [name for media in effect.media for name in copies(media)]
                return expires(names, time.time())
            case Submit():
                return self._submit(effect, incoming, draft, now)
            case Forget():
                return await self._forget(effect)

    def _fetch(self, effect: Fetch, incoming: Incoming) -> list[Command]:
        attachment = effect.attachment
        reply_to = seal_reply(self._reply_key, ReplyTo(incoming.channel, incoming.address))
        order = FetchOrder(
            incoming.channel, attachment.id, attachment.source, reply_to, effect.sound
        )
        return [
            *self._outboxes["media"].add(attachment.id, order.written()),
            *expires(copies(attachment.id), time.time() + UNFINISHED_SECONDS),
        ]

    def _submit(
        self, effect: Submit, incoming: Incoming, draft: Draft, now: datetime
    ) -> list[Command]:
        report = effect.report
        record = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        back = ReturnAddress(incoming.channel, incoming.address, draft.locale, effect.receipt[-4:])
        epoch = self._keys.sealing_epoch(now)
        sealed = seal(self._keys, epoch, record, report.reference, back)
        names = [name for media in report.media for name in copies(media)]
        return [
            *self._reports.submitted(report, record, sealed),
            *self._receipts.given(effect.receipt, report.reference),
            *self._outboxes["push"].add(report.reference),
            *expires(names, time.time() + KEPT_SECONDS),
        ]

    async def _forget(self, effect: Forget) -> list[Command]:
        work: list[Command] = []
        for receipt in effect.receipts:
            if reference := await self._receipts.reference(receipt):
                order = ForgetOrder(reference)
                work += self._receipts.gone(receipt)
                work += self._outboxes["notices"].add(order.id, order.written())
        return work
