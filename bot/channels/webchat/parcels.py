"""An upload on its way from the page to the media worker, readable by nobody in between.

Each one is sealed under a key of its own. The key travels with the attachment, inside the encrypted
draft, and lies nowhere else: whoever holds the media folder alone holds nothing.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from bot.channels.webchat.identity import from_letters, letters

EXPIRY = "media:expiry"
TAG_BYTES = 16
_KEY_BYTES = 32
_NAME_BYTES = 16
# A key seals one upload and is never used again, so that the nonce need not change.
_NONCE = bytes(12)


class Parcel:
    """One upload while it comes in: sealed chunk by chunk, never whole in the clear."""

    def __init__(self) -> None:
        key = secrets.token_bytes(_KEY_BYTES)
        self.id = letters(secrets.token_bytes(_NAME_BYTES))
        self.source = f"{self.id}.{letters(key)}"
        self.size = 0
        self._encryptor = Cipher(AES(key), GCM(_NONCE)).encryptor()
        self._encryptor.authenticate_additional_data(self.id.encode())
        self._parts: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """The next bytes of the file."""
        self.size += len(chunk)
        self._parts.append(self._encryptor.update(chunk))

    def sealed(self) -> bytes:
        """Everything, with the tag that shows any change. Ends the parcel."""
        self._parts += [self._encryptor.finalize(), self._encryptor.tag]
        return b"".join(self._parts)


def object_name(source: str) -> str:
    """Where the upload of this source lies in the media store."""
    return f"incoming/{source.partition('.')[0]}"


def opened(source: str, sealed: bytes) -> bytes | None:
    """The file as it was uploaded, or None if this is not its key or the bytes were changed."""
    name, _, key = source.partition(".")
    try:
        return AESGCM(from_letters(key)).decrypt(_NONCE, sealed, name.encode())
    except (InvalidTag, ValueError):
        return None
