"""What one round of one peer came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Round:
    """So many turns in `seconds`, with CPU seconds of the server, and the seconds of each turn."""

    turns: int
    seconds: float
    cpu: float
    times: list[float]
