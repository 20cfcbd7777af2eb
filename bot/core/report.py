"""What a person reports, from the first answer to the last status."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

MediaState = Literal["pending", "ready"]


class Place(Struct, frozen=True):
    """Where the hazard is: WGS84 degrees, words, or both. At least one of them is given."""

    latitude: float | None = None
    longitude: float | None = None
    words: str = ""

    @property
    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude where both are known."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


class Media(Struct, frozen=True):
    """A picture or video of a draft. `id` is 22 letters, unguessable, and names the safe copy."""

    id: str
    state: MediaState = "pending"


class Answers(Struct, frozen=True):
    """What has been answered so far; None and empty mean not yet."""

    category: str | None = None
    hazard: str | None = None
    place: Place | None = None
    media: tuple[Media, ...] = ()
    media_done: bool = False
    description: str = ""
    description_done: bool = False
    danger: bool | None = None
    offered: Place | None = None
    sound: bool | None = None


class Report(Struct, frozen=True):
    """A finished report, as the case system is to get it. Nothing in it says who sent it."""

    reference: str
    category: str
    hazard: str
    place: Place
    media: tuple[str, ...]
    description: str
    danger: bool
    submitted_at: datetime


class Step(Struct, frozen=True):
    """One status that a report has reached, and when."""

    status: str
    at: datetime


class Progress(Struct, frozen=True):
    """What may be shown to whoever holds the receipt."""

    category: str
    submitted_at: datetime
    steps: tuple[Step, ...] = ()
    note: str = ""

    @property
    def status(self) -> str:
        """The newest status; ``waiting`` until the case system has the report."""
        return self.steps[-1].status if self.steps else "waiting"
