"""The vault's key pairs: two custodians, a new pair each month, one file each.

A folder holds ``<epoch>.outer.public``, ``<epoch>.inner.public``, ``<epoch>.outer.private`` and
``<epoch>.inner.private`` (raw bytes, hybrid of ML-KEM-768 and X25519). The bot needs the public
ones only, the notices worker the outer private ones, the delivery worker the inner ones.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import (
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
)

from bot.core.errors import GatewayError

Layer = Literal["outer", "inner"]
LAYERS: tuple[Layer, Layer] = ("outer", "inner")
_SEED = 64
_X25519 = 32


class KeyMissing(GatewayError):
    """The key of an epoch is not there; the text names epoch and layer."""


def epoch_of(moment: datetime) -> str:
    """The epoch of an aware moment: its month in UTC, ``2026-11``."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def epochs_from(moment: datetime) -> tuple[str, str]:
    """The epoch of a moment and the next, whose keys must be there before it begins."""
    return epoch_of(moment), epoch_of(moment.astimezone(UTC).replace(day=1) + timedelta(days=32))


class KeyFolder:
    """The key files that this process may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._public: dict[tuple[str, Layer], MLKEM768X25519PublicKey] = {}
        self._private: dict[tuple[str, Layer], MLKEM768X25519PrivateKey] = {}

    def create(self, epoch: str) -> None:
        """Make the epoch's pairs, unless they are there. Private files are 0600.

        Two processes may do this at once, and one may die at it: a pair counts only once its
        public half stands, which is moved into place after the private one.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._create(epoch)

    def _create(self, epoch: str) -> None:
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
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
