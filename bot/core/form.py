"""What a report asks for, as data: the categories and the limits that a city can change in a file.

The steps are fixed by name in `STEPS`; which hazards exist, how many pictures fit, how long a text
may be and which numbers to call come from ``config/form.toml``.
"""

from __future__ import annotations

from datetime import tzinfo

from msgspec import Struct

STEPS = ("category", "hazard", "location", "media", "description", "danger")


class Category(Struct, frozen=True):
    """One group of hazards. `code` and `hazards` name sentences ``hazard.<code>[.<hazard>]``."""

    code: str
    service_code: str
    hazards: tuple[str, ...]


class Form(Struct, frozen=True):
    """The whole form. Lengths in characters, `media_most` in pieces, numbers to call as dialled;
    `vault_days` is how long after the end of a case its reporter can still be reached.
    """

    categories: tuple[Category, ...]
    media_most: int
    description_most: int
    address_most: int
    emergency_numbers: tuple[str, ...]
    timezone: tzinfo
    vault_days: int

    def category(self, code: str | None) -> Category | None:
        """The category of that code, or None."""
        for one in self.categories:
            if one.code == code:
                return one
        return None
