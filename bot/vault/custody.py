"""What a custodian does with key files: look at them, and destroy an epoch for good."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from bot.vault.keys import LAYERS, KeyTooOpen, Layer, is_epoch, public_of, refuse_open


def epochs(folder: Path) -> list[str]:
    """The epochs of which some key file lies here, the oldest first. Raises OSError."""
    names = {path.name.split(".", 1)[0] for path in folder.iterdir()} if folder.exists() else set()
    return sorted(filter(is_epoch, names))


def held(folder: Path, epoch: str) -> str:
    """Which private keys of an epoch lie here, in words."""
    found = [layer for layer in LAYERS if _path(folder, epoch, layer, "private").exists()]
    if len(found) == len(LAYERS):
        return "complete"
    return f"{found[0]} private key only" if found else "no private key: destroyed, or elsewhere"


def problems(folder: Path, epoch: str) -> Iterator[str]:
    """What is wrong with an epoch's files, a sentence each without its full stop."""
    for layer in LAYERS:
        try:
            yield from _problems(folder, epoch, layer)
        except KeyTooOpen as error:
            yield str(error)
        except (OSError, ValueError) as error:
            yield f"a {layer} key is unreadable: {_reason(error)}"


def _problems(folder: Path, epoch: str, layer: Layer) -> Iterator[str]:
    public, private = (_path(folder, epoch, layer, half) for half in ("public", "private"))
    if not public.exists():
        yield f"incomplete: the {layer} public key is missing"
    if private.exists():
        refuse_open(private)
        belongs = public_of(private.read_bytes())
        if public.exists() and public.read_bytes() != belongs:
            yield f"the {layer} public and private keys do not belong together"


def destroy(folder: Path, epoch: str) -> int:
    """Overwrite and remove the private keys of both layers; how many there were. Raises OSError.

    The public halves stay, so that the epoch is not made anew and its reports still go on.
    """
    paths = [
        path
        for layer in LAYERS
        for half in ("private", "unfinished")
        if (path := _path(folder, epoch, layer, half)).exists()
    ]
    for path in paths:
        _shred(path)
    _flush(folder)
    return sum(path.suffix == ".private" for path in paths)


def _shred(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _flush(folder: Path) -> None:
    """Have the folder itself on disk, so that no power cut brings a file back."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _path(folder: Path, epoch: str, layer: Layer, half: str) -> Path:
    return folder / f"{epoch}.{layer}.{half}"


def _reason(error: Exception) -> str:
    return error.strerror or "no such file" if isinstance(error, OSError) else "wrong length"
