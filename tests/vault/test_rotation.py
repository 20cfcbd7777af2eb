"""Who makes keys, when, and when they go: two custodians who know nothing of each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.errors import StoreUnavailable
from bot.store.reports import KEPT_SECONDS
from bot.vault import custody
from bot.vault.keys import LAYERS, KeyFolder, Layer, path_of
from bot.vault.sealing import ReturnAddress, open_inner, open_outer, seal
from workers.rotation import Rotation

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OUTER: tuple[Layer, ...] = ("outer",)
INNER: tuple[Layer, ...] = ("inner",)
REFERENCE = "R" * 26
TO = ReturnAddress("telegram", "123456789", "zh", "7K2M")


@pytest.mark.parametrize("layer", LAYERS)
def test_a_custodian_makes_this_month_and_the_next_of_its_own_layer(
    tmp_path: Path, layer: Layer
) -> None:
    assert custody.rotate(tmp_path, (layer,), NOW) == []
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*/20*")}
    months = ("2026-11", "2026-12")
    assert made == {f"{half}/{layer}/{one}" for half in ("private", "public") for one in months}


def test_who_is_no_custodian_makes_nothing(tmp_path: Path) -> None:
    custody.rotate(tmp_path, (), NOW)
    assert list(tmp_path.rglob("*")) == []


def test_what_the_bot_seals_with_public_halves_alone_opens_with_both(tmp_path: Path) -> None:
    for layer in LAYERS:
        custody.rotate(tmp_path / layer, (layer,), NOW)
        given = path_of(tmp_path / "bot", "2026-11", layer, "public")
        given.parent.mkdir(parents=True)
        given.write_bytes(path_of(tmp_path / layer, "2026-11", layer, "public").read_bytes())
    bot = KeyFolder(tmp_path / "bot", opens=())
    sealed = seal(bot, bot.sealing_epoch(NOW), "record", REFERENCE, TO)
    inner = open_outer(KeyFolder(tmp_path / "outer", OUTER), "record", REFERENCE, sealed)
    assert open_inner(KeyFolder(tmp_path / "inner", INNER), "record", inner) == TO


def test_a_custodian_who_is_away_holds_up_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last month for which both gave a key serves; the operator is told which is missing."""
    keys = KeyFolder(tmp_path, opens=())
    with pytest.raises(StoreUnavailable, match="no outer public key"):
        keys.sealing_epoch(NOW)
    for epoch in ("2026-08", "2026-09", "2027-05"):
        KeyFolder(tmp_path).create(epoch)
    KeyFolder(tmp_path, OUTER).create("2026-11")
    assert keys.sealing_epoch(NOW) == "2026-09"
    said = capsys.readouterr()
    assert "vault.no_new_key" in said.out + said.err
    assert "epoch=2026-11" in said.out + said.err
    assert "layer=inner" in said.out + said.err
    KeyFolder(tmp_path, INNER).create("2026-11")
    assert keys.sealing_epoch(NOW) == "2026-11"


def test_keys_go_once_nothing_that_was_sealed_under_them_can_be_left(tmp_path: Path) -> None:
    KeyFolder(tmp_path).create("2026-11")
    last_record_ends = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=KEPT_SECONDS)
    assert custody.rotate(tmp_path, OUTER, last_record_ends) == []
    assert custody.rotate(tmp_path, OUTER, last_record_ends + timedelta(days=3)) == ["2026-11"]
    assert not path_of(tmp_path, "2026-11", "outer", "private").exists()
    # The other custodian's is its own affair, and is not told twice.
    assert path_of(tmp_path, "2026-11", "inner", "private").exists()
    assert custody.rotate(tmp_path, OUTER, last_record_ends + timedelta(days=4)) == []
    assert path_of(tmp_path, "2026-11", "outer", "public").exists()


def test_a_worker_has_its_keys_before_it_works_and_looks_again(tmp_path: Path) -> None:
    rotation = Rotation(tmp_path, INNER)
    made = sorted(tmp_path.glob("private/inner/20*"))
    assert len(made) == 2
    path_of(tmp_path, made[1].name, "inner", "public").unlink()
    rotation.rotate()
    assert path_of(tmp_path, made[1].name, "inner", "public").exists()


def test_a_folder_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("")
    with pytest.raises(OSError, match="private"):
        Rotation(tmp_path, OUTER)


def test_a_month_to_come_that_was_destroyed_gets_other_keys(tmp_path: Path) -> None:
    """Nothing was sealed under it yet, and its reports are to be told news as any other's."""
    now = datetime.now(UTC)
    custody.rotate(tmp_path, OUTER, now)
    this, following = sorted(path.name for path in tmp_path.glob("private/outer/20*"))
    before = {
        one: path_of(tmp_path, one, "outer", "public").read_bytes() for one in (this, following)
    }
    for one in (this, following):
        assert custody.destroy(tmp_path, one, OUTER) == 1
    custody.rotate(tmp_path, OUTER, now)
    assert not path_of(tmp_path, this, "outer", "private").exists()
    assert path_of(tmp_path, this, "outer", "public").read_bytes() == before[this]
    assert path_of(tmp_path, following, "outer", "private").exists()
    assert path_of(tmp_path, following, "outer", "public").read_bytes() != before[following]
