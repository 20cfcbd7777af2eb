"""From a receipt to its report: ``receipt:<keyed hash>`` holds the reference.

The receipt itself stands nowhere, and only who has the key, the bot, can look one up.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

from bot.store.connection import Command, Store
from bot.store.lifetimes import end_after
from bot.store.reports import KEPT_SECONDS


class Receipts:
    """Finds reports by receipt. Reading may raise `StoreUnavailable`."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def given(self, receipt: str, reference: str) -> list[Command]:
        """The commands after which this receipt leads to that report."""
        return [("SET", self._name(receipt), reference, "EXAT", end_after(KEPT_SECONDS))]

    def gone(self, receipt: str) -> list[Command]:
        """The commands after which nobody holds this receipt."""
        return [("DEL", self._name(receipt))]

    async def reference(self, receipt: str) -> str | None:
        """The report that this receipt was given for, None if nobody holds such a receipt."""
        found = await self._store.read("GET", self._name(receipt))
        return found.decode() if found else None

    def _name(self, receipt: str) -> str:
        tag = hmac.digest(self._key, b"receipt|" + receipt.encode(), "sha256")
        return "receipt:" + urlsafe_b64encode(tag[:16]).decode().rstrip("=")
