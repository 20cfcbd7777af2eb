"""The vault's key pairs: two custodians, a new pair each month, one file each.

A folder holds ``<epoch>.outer.public``, ``<epoch>.inner.public``, ``<epoch>.outer.private`` and
``<epoch>.inner.private`` (raw bytes, hybrid of ML-KEM-768 and X25519). The bot needs the public
ones only, the notices worker the outer private ones, the delivery worker the inner ones.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import (
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
)

Layer = Literal["outer", "inner"]
LAYERS: tuple[Layer, Layer] = ("outer", "inner")
_SEED = 64
_X25519 = 32


class KeyMissing(Exception):
    """The key of an epoch is not there; the text names epoch and layer."""


def epoch_of(moment: datetime) -> str:
    """The epoch of a moment: its month in UTC, ``2026-11``."""
    return f"{moment:%Y-%m}"


class KeyFolder:
    """The key files that this process may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._public: dict[tuple[str, Layer], MLKEM768X25519PublicKey] = {}
        self._private: dict[tuple[str, Layer], MLKEM768X25519PrivateKey] = {}

    def create(self, epoch: str) -> None:
        """Make the epoch's pairs, unless they are there. Private files are 0600."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for layer in LAYERS:
            if self._path(epoch, layer, "public").exists():
                continue
            post_quantum = mlkem.MLKEM768PrivateKey.generate()
            classic = x25519.X25519PrivateKey.generate()
            private = post_quantum.private_bytes_raw() + classic.private_bytes_raw()
            public = (
                post_quantum.public_key().public_bytes_raw()
                + classic.public_key().public_bytes_raw()
            )
            _write(self._path(epoch, layer, "private"), private, 0o600)
            _write(self._path(epoch, layer, "public"), public, 0o644)

    def public(self, epoch: str, layer: Layer) -> MLKEM768X25519PublicKey:
        """The public key of an epoch. Raises `KeyMissing`."""
        if (epoch, layer) not in self._public:
            raw = self._read(epoch, layer, "public")
            self._public[epoch, layer] = MLKEM768X25519PublicKey(
                mlkem.MLKEM768PublicKey.from_public_bytes(raw[:-_X25519]),
                x25519.X25519PublicKey.from_public_bytes(raw[-_X25519:]),
            )
        return self._public[epoch, layer]

    def private(self, epoch: str, layer: Layer) -> MLKEM768X25519PrivateKey:
        """The private key of an epoch. Raises `KeyMissing`."""
        if (epoch, layer) not in self._private:
            raw = self._read(epoch, layer, "private")
            self._private[epoch, layer] = MLKEM768X25519PrivateKey(
                mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:_SEED]),
                x25519.X25519PrivateKey.from_private_bytes(raw[_SEED:]),
            )
        return self._private[epoch, layer]

    def _path(self, epoch: str, layer: Layer, half: str) -> Path:
        return self._folder / f"{epoch}.{layer}.{half}"

    def _read(self, epoch: str, layer: Layer, half: str) -> bytes:
        try:
            return self._path(epoch, layer, half).read_bytes()
        except OSError:
            raise KeyMissing(f"the {layer} {half} key of {epoch} is missing") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
