"""``python -m bot keys`` as an operator runs it, and the custody that its files are held in."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.vault.custody import destroy, problems
from bot.vault.keys import (
    HALVES,
    LAYERS,
    KeyFolder,
    KeyMissing,
    KeyTooOpen,
    KeyWithheld,
    Layer,
    epoch_of,
    epochs_from,
    path_of,
)
from bot.vault.sealing import RecordRefused, ReturnAddress, open_inner, open_outer, seal
from tests.whole.programme import ROOT

EPOCH, OTHER = "2026-10", "2026-11"
REFERENCE = "R" * 26
TO = ReturnAddress("telegram", "123456789", "zh", "7K2M")


def run(
    data_dir: Path, *words: str, said: str = "", code: int = 0, **settings: str
) -> tuple[str, str]:
    """Run the command; what it printed and what it complained of."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(data_dir)}
        | settings,
        cwd=data_dir,
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    if code == 2:
        assert len(ran.stderr.strip().splitlines()) == 1
    return ran.stdout, ran.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for epoch in (EPOCH, OTHER):
        KeyFolder(tmp_path / "keys").create(epoch)
    return tmp_path / "keys"


def test_rotation_makes_this_month_and_the_next_and_leaves_those_of_open_cases(
    tmp_path: Path,
) -> None:
    older = epoch_of(datetime.now(UTC) - timedelta(days=300))
    for epoch in (older, "2024-01"):
        KeyFolder(tmp_path / "keys").create(epoch)
    sealed = seal(KeyFolder(tmp_path / "keys"), older, "record", REFERENCE, TO)
    printed, _ = run(tmp_path, "keys", "rotate")
    assert printed.count("created") == 2
    assert "2024-01: destroyed" in printed
    assert f"{older}: destroyed" not in printed
    keys = KeyFolder(tmp_path / "keys")
    assert open_inner(keys, "record", open_outer(keys, "record", REFERENCE, sealed)) == TO
    printed, _ = run(tmp_path, "keys", "list")
    listed = [line.split("  ") for line in printed.splitlines()]
    assert [epoch for epoch, _ in listed] == ["2024-01", older, *epochs_from(datetime.now(UTC))]
    assert [state for _, state in listed[1:]] == ["complete"] * 3


def test_create_makes_one_epoch_once(tmp_path: Path) -> None:
    assert "2031-02: created." in run(tmp_path, "keys", "create", "2031-02")[0]
    before = path_of(tmp_path / "keys", "2031-02", "outer", "private").read_bytes()
    assert "is there already (complete)" in run(tmp_path, "keys", "create", "2031-02")[0]
    assert path_of(tmp_path / "keys", "2031-02", "outer", "private").read_bytes() == before
    run(tmp_path, "keys", "create")
    assert path_of(tmp_path / "keys", epoch_of(datetime.now(UTC)), "inner", "private").exists()


def test_destroying_asks_and_then_nothing_of_that_epoch_opens(tmp_path: Path, folder: Path) -> None:
    keys = KeyFolder(folder)
    sealed = {epoch: seal(keys, epoch, "record", REFERENCE, TO) for epoch in (EPOCH, OTHER)}
    inner = open_outer(keys, "record", REFERENCE, sealed[EPOCH])
    assert open_inner(keys, "record", inner) == TO
    for said in ("", "yes\n", f"{OTHER}\n"):
        assert run(tmp_path, "keys", "destroy", EPOCH, said=said, code=2)[1].startswith("Nothing")
    assert open_inner(keys, "record", inner) == TO
    printed, _ = run(tmp_path, "keys", "destroy", EPOCH, said=f"{EPOCH}\n")
    assert "2 private keys destroyed" in printed
    assert list(folder.glob(f"private/*/{EPOCH}")) == []
    # A process that had used the keys before holds them no more either.
    with pytest.raises(KeyMissing):
        open_outer(keys, "record", REFERENCE, sealed[EPOCH])
    with pytest.raises(KeyMissing):
        open_inner(keys, "record", inner)
    assert open_inner(keys, "record", open_outer(keys, "record", REFERENCE, sealed[OTHER])) == TO
    # Reports go on under it, and it is not made anew.
    keys.create(EPOCH)
    seal(KeyFolder(folder), EPOCH, "record", REFERENCE, TO)
    assert list(folder.glob(f"private/*/{EPOCH}")) == []
    assert "destroyed, or elsewhere" in run(tmp_path, "keys", "check")[0]
    assert run(tmp_path, "keys", "destroy", OTHER, "--yes")[0].startswith(f"{OTHER}: 2 private")


def test_destroying_overwrites_before_it_removes(folder: Path) -> None:
    path = path_of(folder, EPOCH, "outer", "private")
    another_name = folder / "hard link"
    another_name.hardlink_to(path)
    before = path.read_bytes()
    assert destroy(folder, EPOCH) == 2
    assert len(another_name.read_bytes()) == len(before)
    assert another_name.read_bytes() != before


@pytest.mark.parametrize("layer", LAYERS)
def test_check_finds_what_is_wrong(tmp_path: Path, folder: Path, layer: Layer) -> None:
    private, public = (path_of(folder, EPOCH, layer, half) for half in HALVES)
    assert run(tmp_path, "keys", "check")[0].count(": complete.") == 2
    private.chmod(0o640)
    assert "chmod 600" in run(tmp_path, "keys", "check", code=1)[0]
    private.chmod(0o600)
    kept = public.read_bytes()
    public.write_bytes(path_of(folder, OTHER, layer, "public").read_bytes())
    assert "do not belong together" in run(tmp_path, "keys", "check", code=1)[0]
    public.unlink()
    assert f"the {layer} public key is missing" in run(tmp_path, "keys", "check", code=1)[0]
    public.write_bytes(kept)
    assert list(problems(folder, EPOCH)) == []
    private.write_bytes(b"short")
    assert f"a {layer} key is unreadable" in run(tmp_path, "keys", "check", code=1)[0]
    private.unlink()
    other = next(one for one in LAYERS if one != layer)
    assert f"{EPOCH}: {other} private key only." in run(tmp_path, "keys", "check")[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Usage: "),
        (["burn"], "Usage: "),
        (["destroy"], "Usage: "),
        (["destroy", "../../x"], "'../../x' is no epoch"),
        (["create", "2026-13"], "'2026-13' is no epoch"),
        (["destroy", "2020-01", "--yes"], "There are no keys of 2020-01 here."),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    tmp_path: Path, words: list[str], said: str
) -> None:
    assert run(tmp_path, "keys", *words, code=2)[1].startswith(said)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    assert "cannot be reached" in run(tmp_path, "keys", "create", code=2)[1]


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o644])
def test_a_key_that_others_can_read_is_refused_and_a_private_one_is_used(
    folder: Path, mode: int
) -> None:
    path = path_of(folder, EPOCH, "outer", "private")
    keys = KeyFolder(folder)
    keys.refuse_open()
    keys.private(EPOCH, "outer")
    path.chmod(mode)
    for use in (keys.refuse_open, lambda: keys.private(EPOCH, "outer")):
        with pytest.raises(KeyTooOpen, match=r"private/outer/2026-10 can be read by others"):
            use()
    path.chmod(0o400)
    keys.refuse_open()
    keys.private(EPOCH, "outer")


@pytest.mark.parametrize(("kind", "layer"), [("notices", "outer"), ("delivery", "inner")])
def test_a_worker_does_not_start_with_a_key_that_others_can_read(
    tmp_path: Path, folder: Path, valkey_url: str, kind: str, layer: Layer
) -> None:
    path_of(folder, EPOCH, layer, "private").chmod(0o644)
    said = run(tmp_path, kind, code=2, REDIS_URL=valkey_url)[1]
    assert said.strip().endswith("give it to its owner alone: chmod 600")


@pytest.mark.parametrize("layer", LAYERS)
def test_a_custodian_does_not_touch_the_other_ones_file(
    folder: Path, layer: Layer, opened: list[str]
) -> None:
    other = next(one for one in LAYERS if one != layer)
    keys = KeyFolder(folder, opens=(layer,))
    keys.refuse_open()
    keys.private(EPOCH, layer)
    with pytest.raises(KeyWithheld):
        keys.private(EPOCH, other)
    intake = KeyFolder(folder, opens=())
    seal(intake, EPOCH, "record", REFERENCE, TO)
    for one in LAYERS:
        with pytest.raises(KeyWithheld):
            intake.private(EPOCH, one)
    private = [path for path in opened if path.startswith(str(folder / "private"))]
    assert private == [str(path_of(folder, EPOCH, layer, "private"))]


@pytest.fixture
def opened(folder: Path) -> list[str]:
    """The paths in the folder that this process opens from here on."""
    paths: list[str] = []

    def audit(event: str, details: tuple[object, ...]) -> None:
        if event == "open" and str(details[0]).startswith(str(folder)):
            paths.append(str(details[0]))

    sys.addaudithook(audit)
    return paths


@pytest.mark.parametrize("stolen", LAYERS)
def test_a_single_stolen_key_opens_nothing_of_an_identity(
    tmp_path: Path, folder: Path, stolen: Layer
) -> None:
    """The thief has all records, and tries the one key on every layer of what can be opened."""
    sealed = seal(KeyFolder(folder, opens=()), EPOCH, "record", REFERENCE, TO)
    key = path_of(folder, EPOCH, stolen, "private").read_bytes()
    for layer in LAYERS:
        path = path_of(tmp_path / "thief", EPOCH, layer, "private")
        path.parent.mkdir(parents=True)
        path.touch(0o600)
        path.write_bytes(key)
    thief = KeyFolder(tmp_path / "thief")
    blobs = [sealed]
    if stolen == "outer":
        blobs.append(open_outer(thief, "record", REFERENCE, sealed))
    else:
        with pytest.raises(RecordRefused):
            open_outer(thief, "record", REFERENCE, sealed)
    for blob in blobs:
        with pytest.raises(RecordRefused):
            open_inner(thief, "record", blob)
        for form in (TO.address, TO.address[::-1], TO.address.encode().hex()):
            assert form.encode() not in blob
