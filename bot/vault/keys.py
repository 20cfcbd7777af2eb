"""The vault's key pairs: two custodians, a new pair each month, one file each.

A folder holds ``<epoch>.outer.public``, ``<epoch>.inner.public``, ``<epoch>.outer.private`` and
``<epoch>.inner.private`` (raw bytes, hybrid of ML-KEM-768 and X25519). The bot needs the public
ones only, the notices worker the outer private ones, the delivery worker the inner ones.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Collection
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
_EPOCH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)
_SEED = 64
_X25519 = 32


class KeyMissing(GatewayError):
    """The key of an epoch is not there; the text names epoch and layer."""

    def __init__(self, epoch: str, layer: Layer, half: str) -> None:
        super().__init__(f"the {layer} {half} key of {epoch} is missing")
        self.epoch = epoch


class KeyTooOpen(GatewayError):
    """A private key that others can read is not used, until it is theirs no more."""

    retryable = True


class KeyWithheld(GatewayError):
    """This process is not the custodian of that layer and does not touch its files."""


def epoch_of(moment: datetime) -> str:
    """The epoch of an aware moment: its month in UTC, ``2026-11``."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def epochs_from(moment: datetime) -> tuple[str, str]:
    """The epoch of a moment and the next, whose keys must be there before it begins."""
    return epoch_of(moment), epoch_of(moment.astimezone(UTC).replace(day=1) + timedelta(days=32))


class KeyFolder:
    """The key files of one process; it opens private ones of the layers in `opens` alone."""

    def __init__(self, folder: Path, opens: Collection[Layer] = LAYERS) -> None:
        self._folder = folder
        self._opens = opens
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
            private = (
                mlkem.MLKEM768PrivateKey.generate().private_bytes_raw()
                + x25519.X25519PrivateKey.generate().private_bytes_raw()
            )
            _write(self._path(epoch, layer, "private"), private, 0o600)
            _write(self._path(epoch, layer, "public"), public_of(private), 0o644)

    def public(self, epoch: str, layer: Layer) -> MLKEM768X25519PublicKey:
        """The public key of an epoch. Raises `KeyMissing`."""
        if (epoch, layer) not in self._public:
            raw = self._read(epoch, layer, "public")
            self._public[epoch, layer] = public_from(raw)
        return self._public[epoch, layer]

    def private(self, epoch: str, layer: Layer) -> MLKEM768X25519PrivateKey:
        """The private key of an epoch. Raises `KeyMissing`, `KeyTooOpen`, `KeyWithheld`.

        The file is looked at each time, so that a key that was destroyed works no more at once.
        """
        if layer not in self._opens:
            raise KeyWithheld(f"this process does not open {layer} private keys")
        path = self._path(epoch, layer, "private")
        if not is_epoch(epoch) or not path.exists():
            self._private.pop((epoch, layer), None)
            raise KeyMissing(epoch if is_epoch(epoch) else "an unknown epoch", layer, "private")
        refuse_open(path)
        if (epoch, layer) not in self._private:
            self._private[epoch, layer] = private_from(self._read(epoch, layer, "private"))
        return self._private[epoch, layer]

    def refuse_open(self) -> None:
        """Raises `KeyTooOpen` if others can read a private key that this process is to use."""
        for layer in self._opens:
            for path in sorted(self._folder.glob(f"*.{layer}.private")):
                refuse_open(path)

    def _path(self, epoch: str, layer: Layer, half: str) -> Path:
        return self._folder / f"{epoch}.{layer}.{half}"

    def _read(self, epoch: str, layer: Layer, half: str) -> bytes:
        try:
            return self._path(epoch, layer, half).read_bytes()
        except OSError:
            raise KeyMissing(epoch, layer, half) from None


def is_epoch(words: str) -> bool:
    """Whether this is the name of an epoch, and so of a file."""
    return _EPOCH.fullmatch(words) is not None


def refuse_open(path: Path) -> None:
    """Raises `KeyTooOpen` if others can read or write this private key."""
    if path.stat().st_mode & 0o077:
        raise KeyTooOpen(
            f"{path.name} can be read by others; give it to its owner alone: chmod 600"
        )


def public_from(raw: bytes) -> MLKEM768X25519PublicKey:
    """The public key of these bytes. Raises ValueError."""
    return MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(raw[:-_X25519]),
        x25519.X25519PublicKey.from_public_bytes(raw[-_X25519:]),
    )


def private_from(raw: bytes) -> MLKEM768X25519PrivateKey:
    """The private key of these bytes. Raises ValueError."""
    return MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:_SEED]),
        x25519.X25519PrivateKey.from_private_bytes(raw[_SEED:]),
    )


def public_of(private: bytes) -> bytes:
    """The public half that belongs to a private one. Raises ValueError."""
    post_quantum = mlkem.MLKEM768PrivateKey.from_seed_bytes(private[:_SEED])
    classic = x25519.X25519PrivateKey.from_private_bytes(private[_SEED:])
    return post_quantum.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw()


def _write(path: Path, content: bytes, mode: int) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
