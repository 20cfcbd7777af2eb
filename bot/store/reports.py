"""Reports on their way, their progress, and the sealed way back of each.

``report:<reference>``   the finished report, until the case system has it
``case:<reference>``     the case system's own name for it, from then on
``progress:<reference>`` ``revision (12 digits) | JSON, sealed``: what a receipt's holder may see
``vault:<record>``       the sealed way back; the record's name is random
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bot.core.errors import GatewayError
from bot.core.report import Progress, Report, Step
from bot.sealed import Seal
from bot.store.connection import Command, Store, spelled
from bot.store.lifetimes import end_after

# Nothing stands for ever, even if a case is never closed.
KEPT_SECONDS = 400 * 24 * 3600


class Standing(Struct, frozen=True):
    """How a report stands. `version` is the case system's own count of changes, `record` the name
    of the sealed way back, `media` its pictures and videos."""

    reference: str
    record: str
    category: str
    submitted_at: datetime
    revision: int = 0
    version: int = 0
    steps: tuple[Step, ...] = ()
    note: str = ""
    media: tuple[str, ...] = ()

    @property
    def progress(self) -> Progress:
        """What may be shown."""
        return Progress(self.category, self.submitted_at, self.steps, self.note)


class ProgressRefused(GatewayError):
    """A progress that does not open under its report's name: moved, altered, or of another key."""


class Reports:
    """Reads and writes reports. Every method may raise `StoreUnavailable`."""

    def __init__(self, store: Store, key: bytes | None = None) -> None:
        """With a `key`, progress stands sealed and bound to its report: whoever can write to the
        store can neither read it nor give one report the progress, or the reporter, of another.
        """
        self._store = store
        self._seal = Seal(key) if key else None

    def submitted(self, report: Report, record: str, sealed: bytes) -> list[Command]:
        """The commands that keep a finished report; they belong into the turn's transaction."""
        standing = Standing(
            report.reference, record, report.category, report.submitted_at, media=report.media
        )
        progress, end = _progress_key(report.reference), end_after(KEPT_SECONDS)
        return [
            # Its age is read off its end; it says when it was sent anyway, and goes within moments.
            ("SET", f"report:{report.reference}", written_report(report), "EX", KEPT_SECONDS),
            ("SET", progress, self._written(standing), "EXAT", end),
            ("SET", f"vault:{record}", sealed, "EXAT", end),
        ]

    async def report(self, reference: str) -> Report | None:
        """The report that still waits, None once it is in the case system."""
        raw = await self._store.read("GET", f"report:{reference}")
        return report_from(raw) if raw else None

    async def standing(self, reference: str) -> Standing | None:
        """How the report with this reference stands, None if it is unknown.

        Raises `ProgressRefused`.
        """
        raw = await self._store.read("GET", _progress_key(reference))
        return self._standing_from(reference, raw) if raw else None

    async def change(self, before: Standing, after: Standing, work: list[Command]) -> bool:
        """Put `after` for `before`, with the work that follows, on disk. False: it has changed.

        When this raises, whether it was kept is not known.
        """
        words = (
            f"{before.revision:012d}",
            self._written(replace(after, revision=before.revision + 1)),
            end_after(KEPT_SECONDS),
            *spelled(work),
        )
        key = _progress_key(before.reference)
        return bool(await self._store.script("commit", (key,), words, on_disk=True))

    async def on_disk(self, standing: Standing) -> None:
        """What was changed before is on disk once this returns."""
        key = _progress_key(standing.reference)
        await self._store.on_disk("EXPIREAT", key, end_after(KEPT_SECONDS))

    def opened(self, reference: str, case_id: str) -> list[Command]:
        """The commands for a report that is in the case system now: only its name there stays."""
        return [
            ("DEL", *(f"{kept}:{reference}" for kept in ("report", "token", "sent"))),
            ("SET", f"case:{reference}", case_id, "EXAT", end_after(KEPT_SECONDS)),
        ]

    def kept(self, standing: Standing, seconds: int = KEPT_SECONDS) -> list[Command]:
        """The sealed way back stands so much longer, but no longer in all than anything does."""
        end = min(end_after(seconds), end_after(KEPT_SECONDS, standing.submitted_at.timestamp()))
        return [("EXPIREAT", f"vault:{standing.record}", end)]

    async def sealed(self, record: str) -> bytes | None:
        """The sealed way back of a record."""
        raw = await self._store.read("GET", f"vault:{record}")
        return bytes(raw) if raw else None

    def _written(self, standing: Standing) -> bytes:
        revision, body = b"%012d" % standing.revision, _body(standing)
        if self._seal is None:
            return revision + body
        return revision + self._seal.close(body, _purpose(standing.reference, revision))

    def _standing_from(self, reference: str, raw: bytes) -> Standing:
        revision, body = raw[:12], raw[12:]
        if self._seal is not None:
            opened = self._seal.open(body, _purpose(reference, revision))
            if opened is None:
                raise ProgressRefused("a progress does not belong to its report")
            body = opened
        return _standing(reference, int(revision), body)


def written_report(report: Report) -> bytes:
    """A report as JSON."""
    return msgspec.json.encode(report)


def report_from(raw: bytes) -> Report:
    """The report of that JSON."""
    return msgspec.json.decode(raw, type=Report)


def _progress_key(reference: str) -> str:
    return f"progress:{reference}"


def _purpose(reference: str, revision: bytes) -> bytes:
    return b"progress|" + reference.encode() + b"|" + revision


def _body(standing: Standing) -> bytes:
    body = [
        standing.record,
        standing.category,
        standing.submitted_at,
        standing.version,
        [[step.status, step.at] for step in standing.steps],
        standing.note,
        standing.media,
    ]
    return msgspec.json.encode(body)


def _standing(reference: str, revision: int, body: bytes) -> Standing:
    record, category, submitted_at, version, steps, note, media = msgspec.json.decode(body)
    return Standing(
        reference=reference,
        record=record,
        category=category,
        submitted_at=datetime.fromisoformat(submitted_at),
        revision=revision,
        version=version,
        steps=tuple(_step_from(step) for step in steps),
        note=note,
        media=tuple(media),
    )


def _step_from(raw: list[Any]) -> Step:
    return Step(raw[0], datetime.fromisoformat(raw[1]))
