"""``python -m bot keys …``: the vault's keys in an operator's hands.

Exit codes: 0 done, 1 `check` found something wrong, 2 refused, with one sentence that says why.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.vault import custody
from bot.vault.keys import LAYERS, KeyFolder, epoch_of, epochs_from, is_epoch

USAGE = "Usage: python -m bot keys list | check | rotate | create [EPOCH] | destroy EPOCH [--yes]"


class Refused(Exception):
    """The text is the sentence for the operator."""


def keys(words: list[str], folder: Path) -> int:
    """Run the command on the key files of this folder; the exit code."""
    try:
        return _run(words, folder)
    except Refused as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"The keys cannot be reached: {error.strerror or error}.", file=sys.stderr)
    return 2


def _run(words: list[str], folder: Path) -> int:
    match words:
        case ["list"]:
            return _list(folder)
        case ["check"]:
            return _check(folder)
        case ["rotate"]:
            return _rotate(folder)
        case ["create"]:
            return _create(folder, epoch_of(datetime.now(UTC)))
        case ["create", epoch]:
            return _create(folder, _named(epoch))
        case ["destroy", epoch] | ["destroy", epoch, "--yes"]:
            return _destroy(folder, _named(epoch), asked="--yes" not in words)
    raise Refused(USAGE)


def _named(epoch: str) -> str:
    if not is_epoch(epoch):
        raise Refused(f"{epoch!r} is no epoch: an epoch is a month, such as 2026-11.")
    return epoch


def _list(folder: Path) -> int:
    for epoch in custody.epochs(folder):
        print(f"{epoch}  {custody.held(folder, epoch)}")
    return 0


def _check(folder: Path) -> int:
    wrong = 0
    for epoch in custody.epochs(folder):
        found = list(custody.problems(folder, epoch))
        wrong += len(found)
        for sentence in found or [custody.held(folder, epoch)]:
            print(f"{epoch}: {sentence}.")
    return 1 if wrong else 0


def _rotate(folder: Path) -> int:
    """As the custodians do it by themselves, but for both layers at once."""
    now = datetime.now(UTC)
    _create(folder, *epochs_from(now))
    for epoch in custody.rotate(folder, LAYERS, now):
        print(f"{epoch}: destroyed; nothing that was sealed under it can be left.")
    return 0


def _create(folder: Path, *epochs: str) -> int:
    """Older epochs are left as they are: what was sealed under them still opens."""
    for epoch in epochs:
        known = epoch in custody.epochs(folder)
        KeyFolder(folder).create(epoch)
        state = custody.held(folder, epoch)
        print(f"{epoch}: {f'is there already ({state})' if known else 'created'}.")
    return 0


def _destroy(folder: Path, epoch: str, *, asked: bool) -> int:
    if epoch not in custody.epochs(folder):
        raise Refused(f"There are no keys of {epoch} here.")
    if asked:
        _confirm(epoch)
    count = custody.destroy(folder, epoch)
    print(
        f"{epoch}: {count} private keys destroyed. Nobody who reported in that month can be found "
        "out or told anything any more, as long as no copy of the keys is left elsewhere."
    )
    if epoch == epoch_of(datetime.now(UTC)):
        print("Reports go on; those of the rest of this month will get no notices.")
    if epoch > epoch_of(datetime.now(UTC)):
        print("That month has not begun: its custodians make other keys before it does.")
    return 0


def _confirm(epoch: str) -> None:
    print(f"Nobody who reported in {epoch} will get notices again, and nothing undoes this.")
    print(f"Type {epoch} to destroy its private keys: ", end="", flush=True)
    if sys.stdin.readline().strip() != epoch:
        raise Refused("Nothing was destroyed.")
