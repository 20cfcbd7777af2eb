"""``.env.example`` names every setting, says what it is for, and tells its real default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import Settings
from desk import settings as desk

EXAMPLE = Path(__file__).parents[1] / ".env.example"
SHOWN = re.compile(r"#([A-Z][A-Z0-9_]*)=(.*)")
# What the desk cannot start without; the values are examples of the right shape.
DESK_NEEDS = {"OPEN311_API_KEY": "key", "CASE_HOOK_SECRET": "whsec_" + "QUJD" * 8}


class Recording(Mapping[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def get(self, name: str, default: object = "") -> str:
        self.asked.add(name)
        return self._values.get(name, str(default))

    def __getitem__(self, name: str) -> str:
        return self.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def shown() -> dict[str, str]:
    """The settings of the example with their values."""
    lines = EXAMPLE.read_text("utf-8").splitlines()
    found = [match.groups() for line in lines if (match := SHOWN.fullmatch(line))]
    names = [name for name, _ in found]
    assert len(names) == len(set(names)), "a setting is shown twice"
    return {str(name): str(value) for name, value in found}


def gateway_names() -> set[str]:
    """What bot and workers read."""
    return {name.upper() for name in Settings.model_fields}


def desk_names() -> set[str]:
    """What the desk reads."""
    environment = Recording(DESK_NEEDS)
    desk.read_settings(environment)
    return environment.asked


def written(value: object) -> str:
    """A default as one would write it into the file."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def test_every_setting_is_there_and_none_is_stale() -> None:
    assert set(shown()) == gateway_names() | desk_names()


def test_gateway_defaults_agree() -> None:
    defaults = {name.upper(): field.default for name, field in Settings.model_fields.items()}
    assert {name: shown()[name] for name in defaults} == {
        name: written(value) for name, value in defaults.items()
    }


def test_desk_defaults_agree() -> None:
    examples = {name: value for name, value in shown().items() if value}
    told = desk.read_settings(examples | DESK_NEEDS)
    assert told == desk.read_settings(DESK_NEEDS)
    assert examples["CASE_HOOK_URL"] == told.case_hook_url
    assert examples["GATEWAY_URL"] == told.gateway_url
    assert examples["OPERATORS_URL"] == told.operators_url


def test_the_file_as_it_stands_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in gateway_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    without = Settings()
    (tmp_path / ".env").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    assert Settings() == without
    uncommented = EXAMPLE.read_text("utf-8").replace("\n#PORT=8080", "\nPORT=9090")
    (tmp_path / ".env").write_text(uncommented, "utf-8")
    assert Settings().port == 9090


def test_each_setting_has_a_sentence_of_its_own() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    for above, line in pairwise(lines):
        if SHOWN.fullmatch(line):
            assert above.startswith("# "), line
            assert above.endswith("."), line
