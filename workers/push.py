"""Opens a case for each finished report, once.

The claim itself is the note that an attempt was made: from the second claim on, the case system is
asked for the reference before anything is sent again. What was not answered is sent again only
when nobody can be at work on it any more, after a last look. Nothing is sent before claim and note
are on disk, on the replicas as well: a store that forgets them would have it sent again blindly.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.core.errors import StoreUnavailable
from bot.core.report import Report
from bot.store.connection import Store
from bot.store.media_records import usable
from bot.store.outbox import Entry, Outbox
from bot.store.reports import KEPT_SECONDS, Reports
from workers.cases.breaker import Breaker
from workers.cases.contract import CaseSystem, Submission
from workers.sent import Sent

# How long a report waits for its pictures before it goes without those that are not ready.
PICTURES_SECONDS = 600
AGAIN_SECONDS = 1.0
Submitting = Callable[[Report, tuple[str, ...]], Submission]

log = structlog.get_logger()


class _NotSent(Exception):
    """Nothing may be sent for so many seconds: no case was found and it is too soon to send again,
    or it is not known to be on disk that we do. Of the case system this tells nothing: one that
    takes no reports may well answer lookups, and one by webhook is not even asked.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


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
        self._sent = Sent(store, cases.patience_seconds)
        self._submitting = submitting
        self._link = link
        self._breaker = Breaker(store, cases.patience_seconds)

    async def do(self, entry: Entry) -> None:
        """Find or open the case, then forget the report."""
        report = await self._reports.report(entry.id)
        if report is None:
            await self.outbox.done(entry)
            return
        if await self._pictures_awaited(report):
            await self.outbox.wait(entry, AGAIN_SECONDS)
            return
        first = entry.attempts == 1
        # Asked before the lookup: what is found out afterwards is then known for good.
        quiet = 0.0 if first else await self._sent.quiet(entry.id)
        submission = await self._submission_of(report)
        admission = await self._breaker.admit()
        if admission.wait:
            await self.outbox.wait(entry, admission.wait)
            return
        try:
            async with self._breaker.watched(admission):
                case_id = None if first else await self._find(report)
                if case_id is None and quiet:
                    raise _NotSent(quiet)
                case_id = case_id or await self._open(entry, submission)
        except _NotSent as later:
            await self.outbox.wait(entry, later.seconds)
            return
        await self.outbox.done(entry, self._reports.opened(entry.id, case_id))

    async def _find(self, report: Report) -> str | None:
        return await self._cases.find_case(report.reference, report.submitted_at)

    async def _submission_of(self, report: Report) -> Submission:
        ready = await usable(self._store, report.media) if report.media else {}
        links = tuple(self._link(media, kind) for media, kind in ready.items())
        return self._submitting(report, links)

    async def _open(self, entry: Entry, submission: Submission) -> str:
        try:
            await self.outbox.hold(entry, self.lease_seconds, [self._sent.note(entry.id)])
        except StoreUnavailable as error:
            log.warning("push.not_on_disk", error=str(error))
            raise _NotSent(AGAIN_SECONDS) from None
        async with self._sent.noted(entry.id):
            return await self._cases.open_case(submission)

    async def _pictures_awaited(self, report: Report) -> bool:
        if not report.media or await self._age(report.reference) > PICTURES_SECONDS:
            return False
        for media in report.media:
            if await self._media.stands(media):
                return True
        return False

    async def _age(self, reference: str) -> float:
        """Seconds since it was submitted, by the store's clock alone: what is left of the time for
        which it is kept. The clocks of two machines may be hours apart.
        """
        left = int(await self._store.read("PTTL", f"report:{reference}"))
        return KEPT_SECONDS - left / 1000
