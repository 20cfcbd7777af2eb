"""Accepted the same day, verified within three days, feedback within seven: the promise's clock.

A deadline is the last second of a local day; the day the report came in is day 0.
Times are whole seconds since 1970.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from desk.statuses import RULES, Status, Step

DAYS: Mapping[Step, int] = {Step.ACCEPTED: 0, Step.VERIFIED: 3, Step.FEEDBACK: 7}


@dataclass(frozen=True)
class Promise:
    """One deadline of a case: when it is due, when it was kept (None: not yet)."""

    step: Step
    due_at: int
    kept_at: int | None

    def missed(self, now: int) -> bool:
        return (now if self.kept_at is None else self.kept_at) > self.due_at


def due_at(step: Step, clock_from: int, zone: ZoneInfo) -> int:
    """The last second of the local day on which `step` is due."""
    day = datetime.fromtimestamp(clock_from, zone).date() + timedelta(days=DAYS[step])
    return int(datetime.combine(day, time(23, 59, 59), zone).timestamp())


def next_due(status: Status, clock_from: int, zone: ZoneInfo) -> int | None:
    """When the next step is due for a case in `status`; None when every promise is kept."""
    reached = RULES[status].step
    if reached == Step.FEEDBACK:
        return None
    return due_at(Step(reached + 1), clock_from, zone)


def promises(
    changes: Iterable[tuple[Status, int]], clock_from: int, zone: ZoneInfo
) -> list[Promise]:
    """The three deadlines of a case; `changes` are its (status, when), oldest first."""
    kept: dict[Step, int] = {}
    for status, when in changes:
        if when >= clock_from:
            for step in DAYS:
                if RULES[status].step >= step:
                    kept.setdefault(step, when)
    return [Promise(step, due_at(step, clock_from, zone), kept.get(step)) for step in DAYS]
