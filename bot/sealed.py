"""Bytes that stand in the store for somebody else of ours, and are nothing to whoever steals it.

``nonce (12) | AES-256-GCM``; `purpose` is bound to them, so that no kind is taken for another.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Seal:
    """Closes and opens under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, plain: bytes, purpose: bytes) -> bytes:
        """The sealed bytes."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, purpose)

    def open(self, sealed: bytes, purpose: bytes) -> bytes | None:
        """What was sealed for that purpose; None if it is not ours or was changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose)
        except (InvalidTag, ValueError):
            return None
