"""Which news of a report a person was told last, so that none comes twice or after newer ones.

``told:<record>``    the newest version that was ``begun``, and the newest that was ``sent``

Written before and after each sending, by whichever delivery worker it is. A version only grows, and
the store itself keeps the greater of two, so that none of them can undo what another wrote. It is
under the record's random name, and tells no more of the report than the record does.
"""

from __future__ import annotations

from bot.store.connection import Command, Store
from bot.store.lifetimes import end_after
from bot.store.reports import KEPT_SECONDS


class Told:
    """Both methods that ask the store may raise `StoreUnavailable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begins(self, record: str, version: int) -> list[Command]:
        """The commands that belong before this version is sent, and before `may_go`."""
        name = _name(record)
        return [
            ("ZADD", name, "GT", version, "begun"),
            ("EXPIREAT", name, end_after(KEPT_SECONDS)),
        ]

    async def may_go(self, record: str, version: int) -> bool:
        """False: it arrived, or a newer one is on its way.

        True a second time where nobody heard whether it arrived.
        """
        newest = await self._store.read("ZMSCORE", _name(record), "begun", "sent")
        begun, sent = (float(one or 0) for one in newest)
        return sent < version and begun <= version

    async def arrived(self, record: str, version: int) -> None:
        """The channel took it."""
        await self._store.write("ZADD", _name(record), "GT", version, "sent")

    def forgotten(self, record: str) -> list[Command]:
        """The commands for a record that is gone."""
        return [("DEL", _name(record))]


def _name(record: str) -> str:
    return f"told:{record}"
