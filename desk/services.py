"""The kinds of hazard that the desk takes, read from `services.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FALLBACK = "en"


@dataclass(frozen=True)
class Service:
    """One kind of hazard; names and groups by locale, English where a locale has none."""

    code: str
    names: Mapping[str, str]
    groups: Mapping[str, str]
    keywords: tuple[str, ...]

    def name(self, locale: str) -> str:
        return self.names.get(locale, self.names[_FALLBACK])

    def group(self, locale: str) -> str:
        return self.groups.get(locale, self.groups[_FALLBACK])


def read_services() -> Mapping[str, Service]:
    """Every service by its code, in the order of the file."""
    path = Path(__file__).with_name("services.toml")
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["services"]
    return {
        row["code"]: Service(row["code"], row["name"], row["group"], tuple(row["keywords"]))
        for row in rows
    }
