"""``POST /hooks/case``: what the case system says of a report.

Standard Webhooks signature, five minutes of clock either way, several secrets while one is being
replaced. A repeat or an older version changes nothing; a newer one and the notice that follows are
one transaction, and on disk before it is answered: nobody says it a second time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime

import orjson
import structlog
from aiohttp import web
from msgspec.structs import replace
from standardwebhooks import Webhook, WebhookVerificationError

from bot.bells import Bells
from bot.bodies import bounded
from bot.core.errors import StoreUnavailable
from bot.core.report import Step
from bot.core.status import OVER, SILENT, STATUSES
from bot.store.connection import Command
from bot.store.expiry import copies, expires
from bot.store.orders import NoticeOrder
from bot.store.outbox import Outbox
from bot.store.reports import KEPT_SECONDS, Reports, Standing

BODY_MOST = 64 * 1024
NOTE_MOST = 1000
# The store compares versions as floating point numbers, which are whole up to here.
VERSION_MOST = 2**53 - 1
# More than any case has; two systems that undo each other's changes make as many in an hour.
STEPS_MOST = 100

log = structlog.get_logger()


class EventRefused(Exception):
    """The event is not of the agreed shape; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One ``case.updated``."""

    reference: str
    status: str
    version: int
    note: str
    at: datetime


class CaseHook:
    """Takes status events and makes notices of them."""

    def __init__(
        self, secrets: str, reports: Reports, notices: Outbox, bells: Bells, *, media_days: int
    ) -> None:
        """`media_days` is how long pictures are kept once their case is over."""
        self._media_seconds = media_days * 24 * 3600
        self._verifiers = [Webhook(secret) for secret in secrets.split()]
        self._reports = reports
        self._notices = notices
        self._bells = bells

    async def handle(self, request: web.Request) -> web.Response:
        """200 taken or known already, 400 wrong shape, 401 not signed, 404 unknown, 503 again."""
        body = await bounded(request, BODY_MOST)
        if not self._signed(body, request):
            log.warning("hook.refused")
            return web.json_response({"error": "the signature does not hold"}, status=401)
        try:
            event = read_event(body)
            outcome = await self._take(event)
        except EventRefused as error:
            return web.json_response({"error": str(error)}, status=400)
        except StoreUnavailable:
            return web.json_response({"error": "not saved, send it again"}, status=503)
        status = 404 if outcome == "unknown" else 200
        return web.json_response({"outcome": outcome}, status=status)

    def _signed(self, body: bytes, request: web.Request) -> bool:
        headers = {name.lower(): value for name, value in request.headers.items()}
        for verifier in self._verifiers:
            try:
                verifier.verify(body, headers)
            except (WebhookVerificationError, ValueError) as error:
                if "timestamp" in str(error):  # rightly signed or not, one of two clocks is wrong
                    log.error("hook.clock", reason=str(error))
                continue
            return True
        return False

    async def _take(self, event: CaseEvent) -> str:
        while standing := await self._reports.standing(event.reference):
            if event.version <= standing.version:
                await self._reports.on_disk(standing)  # perhaps nobody heard that it is kept
                return "known"
            if await self._change(standing, event):
                self._bells.ring(["notices"])
                return "taken"
        return "unknown"

    async def _change(self, standing: Standing, event: CaseEvent) -> bool:
        after = replace(
            standing,
            version=event.version,
            steps=_shortened((*standing.steps, Step(event.status, event.at))),
            note=event.note or standing.note,
        )
        order = NoticeOrder(event.reference, event.version, event.status, event.note)
        silent = event.status in SILENT
        work = [] if silent else self._notices.add(order.id, order.written())
        return await self._reports.change(standing, after, [*work, *self._pictures(after, event)])

    def _pictures(self, standing: Standing, event: CaseEvent) -> list[Command]:
        """Pictures are there as long as their case, and a while after it is over; but no longer
        than the links to them.
        """
        seconds = self._media_seconds if event.status in OVER else KEPT_SECONDS
        names = [name for media in standing.media for name in copies(media)]
        latest = standing.submitted_at.timestamp() + KEPT_SECONDS
        return expires(names, min(time.time() + seconds, latest))


def _shortened(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """At most `STEPS_MOST`: the first ones, which keep what was promised, and the newest ones."""
    if len(steps) <= STEPS_MOST:
        return steps
    half = STEPS_MOST // 2
    return (*steps[:half], *steps[-half:])


def read_event(body: bytes) -> CaseEvent:
    """The event in a body that was verified. Raises `EventRefused`."""
    try:
        envelope = orjson.loads(body)
        data = envelope["data"]
        event = CaseEvent(
            reference=str(data["reference"]),
            status=str(data["status"]),
            version=int(data["version"]),
            note=str(data.get("note") or "").strip()[:NOTE_MOST],
            at=datetime.fromisoformat(envelope["timestamp"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EventRefused(f"not a case.updated event: {type(error).__name__}") from None
    if envelope.get("type") != "case.updated" or event.status not in STATUSES:
        raise EventRefused("type or status is unknown")
    if event.at.tzinfo is None or not MINYEAR < event.at.year < MAXYEAR:
        # In another zone, such a moment may lie outside of all years that there are.
        raise EventRefused("timestamp needs a zone, and a year that a calendar has")
    if not 1 <= event.version <= VERSION_MOST:
        raise EventRefused(f"version is a number from 1 to {VERSION_MOST}")
    return event
