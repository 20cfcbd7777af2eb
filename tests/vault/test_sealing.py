"""The vault: two layers, bound to their record."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.vault.keys import LAYERS, KeyFolder, KeyMissing, epochs_from, path_of
from bot.vault.sealing import (
    PADDED,
    RecordRefused,
    ReturnAddress,
    open_inner,
    open_outer,
    seal,
)

EPOCH = "2026-11"
REFERENCE = "R" * 26
TO = ReturnAddress("telegram", "123456789", "zh", "7K2M")


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    folder = KeyFolder(tmp_path / "keys")
    folder.create(EPOCH)
    return folder


def test_opens_with_both_keys_one_after_the_other(keys: KeyFolder) -> None:
    sealed = seal(keys, EPOCH, "record", REFERENCE, TO)
    assert b"123456789" not in sealed
    inner = open_outer(keys, "record", REFERENCE, sealed)
    assert b"123456789" not in inner
    assert open_inner(keys, "record", inner) == TO


def test_a_record_moved_to_another_report_opens_to_nothing(keys: KeyFolder) -> None:
    sealed = seal(keys, EPOCH, "record", REFERENCE, TO)
    with pytest.raises(RecordRefused):
        open_outer(keys, "another", REFERENCE, sealed)
    with pytest.raises(RecordRefused):
        open_outer(keys, "record", "A" * 26, sealed)
    with pytest.raises(RecordRefused):
        open_inner(keys, "another", open_outer(keys, "record", REFERENCE, sealed))


def test_every_record_has_the_same_length(keys: KeyFolder) -> None:
    short = seal(keys, EPOCH, "record", REFERENCE, ReturnAddress("t", "1", "zh", ""))
    longest = "x" * (PADDED - len('["webchat","","zh","7K2M"]'))
    long = seal(keys, EPOCH, "record", REFERENCE, ReturnAddress("webchat", longest, "zh", "7K2M"))
    assert len(short) == len(long)
    with pytest.raises(ValueError, match="padding"):
        seal(
            keys, EPOCH, "record", REFERENCE, ReturnAddress("webchat", longest + "x", "zh", "7K2M")
        )


def test_private_keys_are_for_their_owner_alone_and_never_made_twice(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    KeyFolder(folder).create(EPOCH)
    private = {path: path.read_bytes() for path in folder.glob("private/*/20*")}
    assert len(private) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    KeyFolder(folder).create(EPOCH)
    assert {path: path.read_bytes() for path in private} == private


def test_without_the_key_of_its_epoch_a_record_stays_shut(tmp_path: Path, keys: KeyFolder) -> None:
    sealed = seal(keys, EPOCH, "record", REFERENCE, TO)
    with pytest.raises(KeyMissing, match="outer private key of 2026-11"):
        open_outer(KeyFolder(tmp_path / "elsewhere"), "record", REFERENCE, sealed)


def test_a_pair_that_was_half_made_is_made_again(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.create(EPOCH)
    path_of(tmp_path, EPOCH, "outer", "public").unlink()
    (tmp_path / "private" / "outer" / f"{EPOCH}.unfinished").write_bytes(b"half")
    folder.create(EPOCH)
    sealed = seal(folder, EPOCH, "record", REFERENCE, TO)
    assert (
        open_inner(folder, "record", open_outer(KeyFolder(tmp_path), "record", REFERENCE, sealed))
        == TO
    )


def test_a_public_half_that_was_lost_comes_back_and_the_private_one_stays(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.create(EPOCH)
    sealed = seal(folder, EPOCH, "record", REFERENCE, TO)
    for layer in LAYERS:
        path_of(tmp_path, EPOCH, layer, "public").unlink()
    KeyFolder(tmp_path).create(EPOCH)
    inner = open_outer(KeyFolder(tmp_path), "record", REFERENCE, sealed)
    assert open_inner(KeyFolder(tmp_path), "record", inner) == TO
    again = seal(KeyFolder(tmp_path), EPOCH, "record", REFERENCE, TO)
    assert open_outer(KeyFolder(tmp_path), "record", REFERENCE, again)


def test_the_next_month_has_its_keys_in_advance() -> None:
    assert epochs_from(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == ("2026-12", "2027-01")
    assert epochs_from(datetime(2027, 1, 31, tzinfo=UTC)) == ("2027-01", "2027-02")
