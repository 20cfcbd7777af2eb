"""Somebody with a copy of the store and some keys, who tries addresses one after the other.

What an address leads to is followed with the project's own code. A new way from a conversation to
a report is to be tried in `_references`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from bot.core.dialogue import Draft
from bot.secrets import Secrets
from bot.store.connection import Store
from bot.store.conversations import Conversation, Conversations
from bot.store.drafts import written_draft
from bot.store.receipts import Receipts
from bot.store.reports import Reports


@dataclass
class Known:
    """What is found out about an address: its draft, its reports with their words, and pictures
    that were sent before."""

    draft: Draft
    reports: dict[str, str] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)


class Guesser:
    """Has these secrets, and tries each of them for every purpose."""

    def __init__(self, store: Store, stolen: Collection[bytes]) -> None:
        self._store = store
        self._stolen = stolen
        self._reports = Reports(store)

    async def finds(self, channel: str, addresses: Iterable[str]) -> dict[str, Known]:
        """Whoever of these has a conversation that opens."""
        found = {}
        every = [Conversations(self._store, key) for key in self._keys("conversations")]
        for address in addresses:
            for conversations in every:
                conversation = await conversations.load(channel, address)
                if conversation.draft is not None:
                    found[address] = await self._known(conversation, conversation.draft)
        return found

    async def _known(self, conversation: Conversation, draft: Draft) -> Known:
        known = Known(draft, pictures=await self._pictures(conversation, draft))
        for reference in await self._references(draft):
            report = await self._reports.report(reference)
            known.reports[reference] = report.description if report else ""
        return known

    async def _references(self, draft: Draft) -> set[str]:
        """The reports that a conversation leads to: it names them or a picture of theirs, or it has
        their receipt.
        """
        said = written_draft(draft).decode()
        found = set()
        async for key in self._store.client.scan_iter("progress:*"):
            reference = key.decode().removeprefix("progress:")
            report = await self._reports.report(reference)
            if any(name in said for name in (reference, *(report.media if report else ()))):
                found.add(reference)
        for key in self._keys("receipts"):
            if reference := await Receipts(self._store, key).reference(draft.receipt):
                found.add(reference)
        return found

    async def _pictures(self, conversation: Conversation, draft: Draft) -> set[str]:
        """Those in the store that the conversation remembers, besides those of an open report.

        A picture is as good as its report: the case, and the report while it waits, name it.
        """
        names = [key.decode() async for key in self._store.client.scan_iter("media:*")]
        open_ones = {f"media:{one.id}" for one in draft.answers.media}
        return {name for name in names if conversation.has_seen(name)} - open_ones

    def _keys(self, purpose: str) -> list[bytes]:
        return [Secrets(root).key(purpose) for root in self._stolen]
