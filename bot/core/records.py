"""The kind of class that the domain is made of: values that nobody changes once they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def record(cls: type[_T]) -> type[_T]:
    """A frozen dataclass, as far as the type checker is concerned, with slots and a hash.

    At run time it is not frozen: a frozen one sets each field through `object.__setattr__`, which
    costs five times as much, and a turn makes dozens of them.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
