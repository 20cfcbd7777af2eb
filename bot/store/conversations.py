"""Conversations at rest: named by a keyed hash, encrypted under a key that needs the address.

The value is ``nonce (12) | AES-256-GCM(count | events | draft)``. The nonce is fresh each time and
doubles as the version that the commit compares. Along with the draft lie the last events (see
`bot.store.seen`), so that an event that comes again is known whatever process it comes to.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.core.dialogue import Draft
from bot.store import seen
from bot.store.connection import Command, Store, spelled
from bot.store.drafts import draft_from, written_draft
from bot.store.lifetimes import end_after

DRAFT_SECONDS = 24 * 3600
_NONCE = 12


@dataclass(slots=True)
class Conversation:
    """A conversation as loaded. `draft` is None where there is none yet."""

    key: str
    cipher: AESGCM
    version: bytes
    events: bytes
    draft: Draft | None

    def has_seen(self, event_id: str) -> bool:
        """Whether this event was committed before."""
        return seen.has_seen(self.events, event_id)


class Conversations:
    """Loads and commits conversations. Both may raise `StoreUnavailable`."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    async def load(self, channel: str, address: str) -> Conversation:
        """The conversation of that address on that channel."""
        person = f"{channel}|{address}".encode()
        derived = hmac.digest(self._key, person, "sha512")
        cipher = AESGCM(derived[32:])
        key = "c:" + urlsafe_b64encode(derived[:16]).decode().rstrip("=")
        value = await self._store.read("GET", key)
        if not value:
            return Conversation(key, cipher, b"", b"", None)
        version = value[:_NONCE]
        try:
            plain = cipher.decrypt(version, value[_NONCE:], key.encode())
        except InvalidTag:  # written under a key that is gone: nobody can read it, start anew
            return Conversation(key, cipher, version, b"", None)
        events, draft = seen.read(plain)
        return Conversation(key, cipher, version, events, draft_from(draft))

    async def commit(
        self,
        conversation: Conversation,
        draft: Draft,
        event_id: str,
        work: Sequence[Command] = (),
        *,
        on_disk: bool = False,
    ) -> bool:
        """The new draft, the event and the work together. False: somebody else was faster.

        `conversation` is then as it stands in the store; with `on_disk`, on its disk. When this
        raises, whether it was kept is not known: load it again to see.
        """
        events = seen.with_event(conversation.events, event_id)
        plain = seen.written(events) + written_draft(draft)
        nonce = os.urandom(_NONCE)
        sealed = nonce + conversation.cipher.encrypt(nonce, plain, conversation.key.encode())
        words = (conversation.version, sealed, end_after(DRAFT_SECONDS), *spelled(work))
        if not await self._store.script("commit", (conversation.key,), words, on_disk=on_disk):
            return False
        conversation.version, conversation.events, conversation.draft = nonce, events, draft
        return True

    async def on_disk(self, conversation: Conversation) -> None:
        """What was committed before is on disk once this returns."""
        await self._store.on_disk("EXPIREAT", conversation.key, end_after(DRAFT_SECONDS))
