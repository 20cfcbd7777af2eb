"""What a custodian does with its key files: make new ones, look at them, destroy old ones."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.store.reports import KEPT_SECONDS
from bot.vault.keys import (
    HALVES,
    LAYERS,
    KeyFolder,
    KeyTooOpen,
    Layer,
    epoch_of,
    epochs_from,
    is_epoch,
    path_of,
    public_of,
    refuse_open,
)


def rotate(folder: Path, layers: Collection[Layer], now: datetime) -> list[str]:
    """Make the pairs of this month and the next, and destroy the private keys of months of which
    no record can be left; the epochs that were destroyed. Raises OSError.
    """
    for epoch in epochs_from(now):
        KeyFolder(folder, layers).create(epoch)
    outlived = [epoch for epoch in epochs(folder) if _outlived(epoch, now)]
    return [epoch for epoch in outlived if destroy(folder, epoch, layers)]


def _outlived(epoch: str, now: datetime) -> bool:
    """Whether even a report of the epoch's last moment has been forgotten for a day."""
    begin = datetime.strptime(epoch, "%Y-%m").replace(tzinfo=UTC)
    # At most 31 days in a month; its name does not come back, so a day or three do not matter.
    return epoch < epoch_of(now) and begin + timedelta(days=32, seconds=KEPT_SECONDS) < now


def epochs(folder: Path) -> list[str]:
    """The epochs of which some key file lies here, the oldest first. Raises OSError."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(20, "not a folder")
    found = {path.name for half in HALVES for path in folder.glob(f"{half}/*/*")}
    return sorted(filter(is_epoch, found))


def held(folder: Path, epoch: str) -> str:
    """Which private keys of an epoch lie here, in words."""
    found = [layer for layer in LAYERS if path_of(folder, epoch, layer, "private").exists()]
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
    private, public = (path_of(folder, epoch, layer, half) for half in HALVES)
    if not private.exists():
        return
    refuse_open(private)
    belongs = public_of(private.read_bytes())
    if not public.exists():
        yield f"incomplete: the {layer} public key is missing"
    elif public.read_bytes() != belongs:
        yield f"the {layer} public and private keys do not belong together"


def destroy(folder: Path, epoch: str, layers: Collection[Layer] = LAYERS) -> int:
    """Overwrite and remove the private keys of these layers; how many there were. Raises OSError.

    The public halves stay, so that the epoch is not made anew and its reports still go on; but not
    those of a month to come, of which nothing can be sealed yet: it gets other keys.
    """
    to_come = epoch > epoch_of(datetime.now(UTC))
    count = 0
    for layer in layers:
        private = path_of(folder, epoch, layer, "private")
        count += private.exists()
        for path in (private, private.with_suffix(".unfinished")):
            if path.exists():
                _shred(path)
                _flush(path.parent)
        if to_come:
            path_of(folder, epoch, layer, "public").unlink(missing_ok=True)
    return count


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


def _reason(error: Exception) -> str:
    return error.strerror or "no such file" if isinstance(error, OSError) else "wrong length"
