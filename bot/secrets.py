"""Secrets that belong to one installation: made once, kept in ``DATA_DIR/keys``, 0600.

A machine among many is given the same ones by settings instead.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import SecretStr

from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Secrets:
    """What this installation alone knows; each purpose gets its own derived key."""

    root: bytes

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose."""
        return hmac.digest(self.root, purpose.encode(), "sha256")


def conversation_secrets(settings: Settings) -> Secrets:
    """What opens conversations: for the bot alone."""
    given = settings.conversation_key.get_secret_value()
    return Secrets(given.encode() if given else kept(settings.data_dir, "conversation"))


def receipt_key(settings: Settings) -> bytes:
    """What finds a report by its receipt: for the bot alone. A secret of its own, because a
    conversation shows the receipt that it was given last."""
    return _shared(settings, settings.receipt_key, "receipts")


def progress_key(settings: Settings) -> bytes:
    """What seals how reports stand, and their news: for the bot and the notices worker."""
    return _shared(settings, settings.progress_key, "progress")


def link_key(settings: Settings) -> bytes:
    """What signs links to pictures: for the bot and the push worker."""
    return _shared(settings, settings.media_link_key, "links")


def fetch_key(settings: Settings) -> bytes:
    """What seals pictures to be fetched and their answers: for the bot and the media worker."""
    return _shared(settings, settings.fetch_key, "fetch")


def handoff_key(settings: Settings) -> bytes:
    """What seals notices on their last way: for the notices and the delivery worker."""
    return _shared(settings, settings.handoff_key, "handoff")


def _shared(settings: Settings, given: SecretStr, name: str) -> bytes:
    """32 bytes for one purpose, from a secret of its own."""
    words = given.get_secret_value()
    return Secrets(words.encode() if words else kept(settings.data_dir, name)).key(name)


def kept(data_dir: Path, name: str) -> bytes:
    """The secret of that name, made on first use; the same for all who ask first at one moment."""
    path = data_dir / "keys" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    # It gets its name when it is whole: nobody may go on with half a secret.
    with NamedTemporaryFile(dir=path.parent) as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
    return path.read_bytes()


def hook_secret(settings: Settings) -> str:
    """The Standard Webhooks secret between case system and gateway, ``whsec_…``."""
    given = settings.case_hook_secret.get_secret_value()
    return given or "whsec_" + b64encode(kept(settings.data_dir, "hook")[:32]).decode()


def operator_key(settings: Settings) -> str:
    """What opens the operators' door: for the bot and the desk."""
    return settings.operator_key.get_secret_value() or kept(settings.data_dir, "operator").decode()


def desk_api_key(settings: Settings) -> str:
    """The key that opens cases at the desk."""
    return settings.open311_api_key.get_secret_value() or kept(settings.data_dir, "desk").decode()
