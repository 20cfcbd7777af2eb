"""Seals the way back to a reporter in two layers, for two custodians.

``HPKE(outer public key, HPKE(inner public key, padded address))`` (RFC 9180, hybrid of ML-KEM-768
and X25519). `info` binds each layer to its record and epoch, and the outer one to its report as
well, so that whatever somebody moves to another report opens to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from bot.core.errors import GatewayError
from bot.vault.keys import KeyFolder, Layer

PADDED = 256
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class RecordRefused(GatewayError):
    """A record that does not open under its own name: moved, altered, or of another epoch."""


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where notices of one report go. `tail` is the end of the receipt, by which its holder knows
    which report is meant."""

    channel: str
    address: str
    locale: str
    tail: str


def seal(keys: KeyFolder, epoch: str, record: str, reference: str, to: ReturnAddress) -> bytes:
    """The sealed record; every one has the same length. Raises ValueError over 256 bytes."""
    plain = orjson.dumps([to.channel, to.address, to.locale, to.tail])
    if len(plain) > PADDED:
        raise ValueError("the address does not fit its padding")
    inner = _SUITE.encrypt(
        plain.ljust(PADDED), keys.public(epoch, "inner"), _info("inner", record, epoch)
    )
    outer = _SUITE.encrypt(
        inner, keys.public(epoch, "outer"), _info("outer", _of(record, reference), epoch)
    )
    return epoch.encode() + outer


def open_outer(keys: KeyFolder, record: str, reference: str, sealed: bytes) -> bytes:
    """What the notices worker hands on. Raises `RecordRefused`, `KeyMissing`."""
    return _opened(keys, "outer", _of(record, reference), sealed)


def open_inner(keys: KeyFolder, record: str, sealed: bytes) -> ReturnAddress:
    """The address, for the delivery worker alone. Raises `RecordRefused`, `KeyMissing`."""
    epoch_and_plain = _opened(keys, "inner", record, sealed)
    return ReturnAddress(*orjson.loads(epoch_and_plain[_EPOCH:]))


_EPOCH = len("2026-11")


def _of(record: str, reference: str) -> str:
    """The inner layer's custodian does not learn which report it is about; the outer one knows."""
    return f"{record}|{reference}"


def _opened(keys: KeyFolder, layer: Layer, record: str, sealed: bytes) -> bytes:
    epoch = sealed[:_EPOCH].decode("ascii", "replace")
    private = keys.private(epoch, layer)
    try:
        plain = _SUITE.decrypt(sealed[_EPOCH:], private, _info(layer, record, epoch))
    except (InvalidTag, ValueError):
        raise RecordRefused(f"the {layer} layer does not belong to this record") from None
    return sealed[:_EPOCH] + bytes(plain)


def _info(layer: Layer, record: str, epoch: str) -> bytes:
    return f"suishoupai|{layer}|{record}|{epoch}".encode()
