"""What follows from a chat's token: its name in the store, and the keys of what waits for it.

The store learns a one-way tag only. Whoever steals the store but not the browser's token can
neither read what waits nor tell whose it is.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b, sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.sealed import Seal

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TAG_LETTERS = 22
_KEY_BYTES = 32
_MARK_BYTES = 16


def is_token(words: object) -> bool:
    """Whether this is a token as browsers make them: 32 random bytes in 43 letters."""
    return isinstance(words, str) and _TOKEN.fullmatch(words) is not None


def letters(raw: bytes) -> str:
    """Bytes as base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_letters(words: str) -> bytes:
    """The bytes behind `letters`. Raises `ValueError`."""
    return urlsafe_b64decode(words + "=" * (-len(words) % 4))


def tag_of(token: str) -> str:
    """The name of a chat in the store: 22 letters from which the token cannot be found."""
    return letters(sha256(b"webchat inbox" + token.encode()).digest())[:_TAG_LETTERS]


class ChatSeal(Seal):
    """Seals what is kept for one token and opens it again."""

    def __init__(self, token: str) -> None:
        derive = HKDF(SHA256(), length=2 * _KEY_BYTES, salt=None, info=b"webchat messages")
        keys = derive.derive(token.encode())
        super().__init__(keys[:_KEY_BYTES])
        self._marks = keys[_KEY_BYTES:]

    def mark(self, name: str) -> bytes:
        """A name that only the token's holder can recognise, the same every time."""
        return blake2b(name.encode(), key=self._marks, digest_size=_MARK_BYTES).digest()
