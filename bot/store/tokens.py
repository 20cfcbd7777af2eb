"""What a case system gave instead of a case's id, until it has one and the report is
forgotten.

``token:<reference>``    its token; whoever dies meanwhile asks with it instead of opening a second
"""

from __future__ import annotations

from bot.store.connection import Store
from bot.store.lifetimes import end_after
from bot.store.reports import KEPT_SECONDS


class Tokens:
    """Both may raise `StoreUnavailable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, reference: str, token: str) -> None:
        """The case system gave this token for that report."""
        end = end_after(KEPT_SECONDS)
        await self._store.write("SET", _name(reference), token, "EXAT", end)

    async def of(self, reference: str) -> str | None:
        """The token that was given for a report, None if there was none."""
        raw = await self._store.read("GET", _name(reference))
        return raw.decode() if raw else None


def _name(reference: str) -> str:
    return f"token:{reference}"
