"""Opens a case for each finished report, once.

The claim itself is the note that an attempt was made: from the second claim on, the case system is
asked for the reference before anything is sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.core.report import Report
from bot.store.connection import Store
from bot.store.media_records import usable
from bot.store.outbox import Entry, Outbox
from bot.store.reports import Reports
from workers.cases.breaker import Breaker
from workers.cases.contract import CaseSystem, Submission

# How long a report waits for its pictures before it goes without those that are not ready.
PICTURES_SECONDS = 600
AGAIN_SECONDS = 1.0
Submitting = Callable[[Report, tuple[str, ...]], Submission]


class Push:
    """The work of the ``push`` outbox; an entry's id is a report's reference."""

    at_once = 64
    lease_seconds = 20.0

    def __init__(
        self,
        store: Store,
        reports: Reports,
        cases: CaseSystem,
        submitting: Submitting,
        link: Callable[[str, str], str],
    ) -> None:
        self.outbox = Outbox(store, "push")
        self._store = store
        self._media = Outbox(store, "media")
        self._reports = reports
        self._cases = cases
        self._submitting = submitting
        self._link = link
        self._breaker = Breaker()

    async def do(self, entry: Entry) -> None:
        """Find or open the case, then forget the report."""
        report = await self._reports.report(entry.id)
        if report is None:
            await self.outbox.done(entry)
            return
        if entry.attempts == 1 and await self._pictures_awaited(report):
            await self.outbox.wait(entry, AGAIN_SECONDS)
            return
        if pause := self._breaker.pause():
            await self.outbox.wait(entry, pause)
            return
        with self._breaker.watched():
            case_id = await self._find(entry, report) or await self._open(entry, report)
        await self.outbox.done(entry, self._reports.opened(report.reference, case_id))

    async def _find(self, entry: Entry, report: Report) -> str | None:
        if entry.attempts == 1:
            return None
        return await self._cases.find_case(report.reference, report.submitted_at)

    async def _open(self, entry: Entry, report: Report) -> str:
        ready = await usable(self._store, report.media) if report.media else {}
        links = tuple(self._link(media, kind) for media, kind in ready.items())
        submission = self._submitting(report, links)
        await self.outbox.hold(entry, self.lease_seconds)
        return await self._cases.open_case(submission)

    async def _pictures_awaited(self, report: Report) -> bool:
        age = time.time() - report.submitted_at.timestamp()
        if not report.media or age > PICTURES_SECONDS:
            return False
        for media in report.media:
            if await self._media.stands(media):
                return True
        return False
