"""Somebody with a copy of the store's file and some of the keys, and our own code to open things.

`yields` is everything that opens with just these keys. A new kind of sealed value adds its way of
opening here.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import orjson

from bot.core.errors import GatewayError
from bot.sealed import Seal
from bot.secrets import Secrets
from bot.store.orders import DeliveryOrder, FetchOrder
from bot.vault.keys import KeyFolder, Layer
from bot.vault.sealing import open_inner, open_outer

Command = Sequence[bytes]


class Thief:
    """Has copies of these files of the keys folder, named by their paths in it."""

    def __init__(self, home: Path, keys: Path, stolen: Collection[str]) -> None:
        for name in stolen:
            (home / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(keys / name, home / name)
        self._home = home
        self._references: set[str] = set()

    def yields(self, commands: Sequence[Command]) -> Iterator[bytes]:
        """All that opens of what these commands of the append-only file put into the store."""
        self._references = {
            command[1].removeprefix(b"progress:").decode()
            for command in commands
            if len(command) > 1 and command[1].startswith(b"progress:")
        }
        for command in commands:
            match command:
                case [_, key, name, body, *_] if key.startswith(b"outbox:"):
                    kind = key.split(b":")[1].decode()
                    yield from self._waiting(kind, name.decode("utf-8", "replace"), body)
                case [b"SET", key, sealed, *_] if key.startswith(b"progress:"):
                    yield from self._progress(key.removeprefix(b"progress:"), sealed)
                case [b"SET", key, sealed, *_] if key.startswith(b"vault:"):
                    yield from self._outer(key.removeprefix(b"vault:").decode(), sealed)

    def _waiting(self, kind: str, name: str, body: bytes) -> Iterator[bytes]:
        """Work in the outbox: the body, and what is sealed inside it."""
        lock = {
            "media": "fetch",
            "replies": "fetch",
            "notices": "progress",
            "delivery": "handoff",
        }.get(kind)
        key = self._secret(lock, lock) if lock else None
        plain = Seal(key).open(body, f"outbox|{kind}|{name}".encode()) if key else None
        if plain is None:
            yield from self._reply(body)
            return
        yield plain
        if kind == "media":
            yield from self._reply(FetchOrder.read(plain).reply_to)
        if kind == "replies":
            yield from self._reply(bytes.fromhex(orjson.loads(plain)[0]))
        if kind == "delivery":
            order = DeliveryOrder.read(plain)
            yield from self._inner(order.record, order.inner)

    def _progress(self, reference: bytes, sealed: bytes) -> Iterator[bytes]:
        key = self._secret("progress", "progress")
        purpose = b"progress|" + reference + b"|" + sealed[:12]
        plain = Seal(key).open(sealed[12:], purpose) if key else None
        if plain is not None:
            yield plain

    def _reply(self, sealed: bytes) -> Iterator[bytes]:
        """A way back, or a whole event that was set aside."""
        key = self._secret("conversation", "replies")
        opened = (
            (Seal(key).open(sealed, purpose) for purpose in (b"reply", b"event")) if key else ()
        )
        yield from (plain for plain in opened if plain is not None)

    def _outer(self, record: str, sealed: bytes) -> Iterator[bytes]:
        """Which report it belongs to stands in progress; without that key, all are tried."""
        for reference in self._references:
            try:
                inner = open_outer(self._custody("outer"), record, reference, sealed)
            except GatewayError:
                continue
            yield inner
            yield from self._inner(record, inner)
        yield from self._inner(record, sealed)

    def _inner(self, record: str, sealed: bytes) -> Iterator[bytes]:
        try:
            yield repr(open_inner(self._custody("inner"), record, sealed)).encode()
        except GatewayError:
            return

    def _custody(self, layer: Layer) -> KeyFolder:
        return KeyFolder(self._home, (layer,))

    def _secret(self, file: str, purpose: str) -> bytes | None:
        path = self._home / file
        return Secrets(path.read_bytes()).key(purpose) if path.exists() else None
