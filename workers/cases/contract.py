"""What a case system is, to the push worker.

A case system lives in its own module, knows `bot.core`, this contract and its protocol, and is
never asked to do anything twice blindly: before a retry the worker calls `find`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.report import Report


@dataclass(frozen=True, slots=True)
class Submission:
    """A report as a case system gets it: nothing in it says who sent it.

    `service_code` is the case system's own; `hazard` is in words of the city's language;
    `requested_at` is coarse (to the hour); `media_links` expire and can be fetched without a key.
    """

    report: Report
    service_code: str
    hazard: str
    requested_at: datetime
    media_links: tuple[str, ...]


class Tokens(Protocol):
    """What case systems gave instead of an id, kept for whoever asks after us."""

    async def keep(self, reference: str, token: str) -> None:
        """This token was given for that report."""
        ...

    async def of(self, reference: str) -> str | None:
        """The token that was given for a report, None if there was none."""
        ...


class CaseSystem(Protocol):
    """A way into one case system; it waits for an answer for so many seconds, and no longer."""

    patience_seconds: float

    async def open_case(self, submission: Submission) -> str:
        """Open a case and return its id; called once per attempt, may take as long as its time-out.

        Raises `CaseSystemDown` (no usable answer: it may or may not have been opened),
        `CaseThrottled`, `CaseRefused` (4xx: an operator must look).
        """
        ...

    async def find_case(self, reference: str, submitted_at: datetime) -> str | None:
        """The id of the case with that reference, None if there is none for certain.

        Raises `CaseInDoubt` where this case system cannot be asked, `CaseSystemDown` and
        `CaseThrottled` as above.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
