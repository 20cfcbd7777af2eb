"""The vault's key pairs: two custodians, a new pair each month, one file each.

Each custodian makes its own layer's pairs, the notices worker the outer ones and the delivery
worker the inner ones, and gives away their public halves, which are all that the bot ever has::

    private/outer/2026-11   public/outer/2026-11
    private/inner/2026-11   public/inner/2026-11

Four folders, so that each can lie on another machine or volume. Raw bytes, hybrid of ML-KEM-768
and X25519.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import structlog
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import (
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
)

from bot.core.errors import GatewayError, StoreUnavailable

Layer = Literal["outer", "inner"]
Half = Literal["private", "public"]
LAYERS: tuple[Layer, Layer] = ("outer", "inner")
HALVES: tuple[Half, Half] = ("private", "public")
_EPOCH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)
_SEED = 64
_X25519 = 32

log = structlog.get_logger()


class KeyMissing(GatewayError):
    """The key of an epoch is not there; the text names epoch and layer."""

    def __init__(self, epoch: str, layer: Layer, half: Half) -> None:
        super().__init__(f"the {layer} {half} key of {epoch} is missing")
        self.epoch = epoch


class NothingToSealWith(StoreUnavailable):
    """A custodian has never given a public key yet: no report can be kept until it does."""


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
        """Make the epoch's pair of each layer in `opens`, unless it is there. Private files are
        0600. Raises OSError.

        Two processes may do this at once, and one may die at it: each half is moved into place
        whole, the private one first. A lost public half is made again from its private one.
        """
        for layer in self._opens:
            private, public = (path_of(self._folder, epoch, layer, half) for half in HALVES)
            private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            public.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            with (private.parent / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not public.exists():
                    _create(private, public)

    def sealing_epoch(self, moment: datetime) -> str:
        """The epoch to seal under: that of the moment, or the newest before it for which both
        public keys are here, so that a custodian who is away holds up no report.

        Raises `NothingToSealWith`.
        """
        wanted = epoch_of(moment)
        if all((wanted, layer) in self._public or self._has(wanted, layer) for layer in LAYERS):
            return wanted
        known = [
            {path.name for path in path_of(self._folder, wanted, layer, "public").parent.glob("*")}
            for layer in LAYERS
        ]
        older = [epoch for epoch in known[0] & known[1] if is_epoch(epoch) and epoch < wanted]
        missing = next(layer for layer in LAYERS if not self._has(wanted, layer))
        if not older:
            raise NothingToSealWith(f"no {missing} public key was made yet")
        log.error("vault.no_new_key", epoch=wanted, layer=missing)
        return max(older)

    def _has(self, epoch: str, layer: Layer) -> bool:
        return path_of(self._folder, epoch, layer, "public").exists()

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
        path = path_of(self._folder, epoch, layer, "private")
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
            for path in sorted((self._folder / "private" / layer).glob("20*")):
                refuse_open(path)

    def _read(self, epoch: str, layer: Layer, half: Half) -> bytes:
        try:
            return path_of(self._folder, epoch, layer, half).read_bytes()
        except OSError:
            raise KeyMissing(epoch, layer, half) from None


def path_of(folder: Path, epoch: str, layer: Layer, half: Half) -> Path:
    """Where a key lies."""
    return folder / half / layer / epoch


def is_epoch(words: str) -> bool:
    """Whether this is the name of an epoch, and so of a file."""
    return _EPOCH.fullmatch(words) is not None


def refuse_open(path: Path) -> None:
    """Raises `KeyTooOpen` if others can read or write this private key."""
    if path.stat().st_mode & 0o077:
        name = "/".join(path.parts[-3:])
        raise KeyTooOpen(f"{name} can be read by others; give it to its owner alone: chmod 600")


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


def _create(private: Path, public: Path) -> None:
    """The public half; the private one only if there is none: it must open what was sealed."""
    if not private.exists():
        made = (
            mlkem.MLKEM768PrivateKey.generate().private_bytes_raw()
            + x25519.X25519PrivateKey.generate().private_bytes_raw()
        )
        _write(private, made, 0o600)
    _write(public, public_of(private.read_bytes()), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
