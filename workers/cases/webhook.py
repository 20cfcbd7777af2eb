"""A case system of the owner's own, told by a signed `case.created` webhook (Standard Webhooks)."""

from __future__ import annotations

import binascii
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
from standardwebhooks.webhooks import EmptyWebhookSecretError
from standardwebhooks.webhooks import Webhook as Signer

from bot.core.errors import CaseSystemDown
from config.settings import SettingRefused, Settings
from workers.cases.answers import Unreadable, is_page, rows, text
from workers.cases.contract import Submission
from workers.cases.failures import failure
from workers.cases.wire import PATIENCE, Answer, Patience, Wire, web_address


class Webhook:
    """A `CaseSystem`; keeps at most `limit` connections to ``CASE_WEBHOOK_URL``.

    ``CASE_WEBHOOK_SECRET`` may hold several keys, by spaces: while keys are changed, each event
    carries a signature of every one.
    """

    def __init__(
        self, settings: Settings, *, limit: int = 64, patience: Patience = PATIENCE
    ) -> None:
        self._wire = Wire(limit, patience)
        self.patience_seconds = patience.total
        self._url = web_address("CASE_WEBHOOK_URL", settings.case_webhook_url)
        self._signers = _signers(settings.case_webhook_secret.get_secret_value())

    async def open_case(self, submission: Submission) -> str:
        """See `CaseSystem`. The id is the receiver's `case_id`, or else the reference.

        409 means that the receiver has had this webhook id before, so the case is open.
        """
        reference = submission.report.reference
        body = orjson.dumps(event(submission))
        answer = await self._wire.exchange(
            "POST", self._url, data=body, headers=self._headers(reference, body)
        )
        if not answer.good and answer.status != HTTPStatus.CONFLICT:
            raise failure(answer)
        if is_page(answer.body):
            raise CaseSystemDown(f"HTTP {answer.status} with a page for people")
        return _case_id(answer) or reference

    async def find_case(self, reference: str, submitted_at: datetime) -> str | None:
        """Always None, so that the event is sent again.

        The webhook id is the reference, and a receiver of Standard Webhooks drops an id that it
        has had: a second sending opens no second case.
        """
        return None

    async def close(self) -> None:
        """Close connections."""
        await self._wire.close()

    def _headers(self, reference: str, body: bytes) -> dict[str, str]:
        """Signed anew each time: receivers refuse an old timestamp."""
        now = datetime.now(UTC)
        signatures = (signer.sign(reference, now, body.decode()) for signer in self._signers)
        return {
            "Content-Type": "application/json",
            "webhook-id": reference,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def event(submission: Submission) -> dict[str, Any]:
    """The `case.created` event; the same for every sending of one report."""
    report = submission.report
    position = report.place.position
    at = submission.requested_at.isoformat()
    return {
        "type": "case.created",
        "timestamp": at,
        "data": {
            "reference": report.reference,
            "service_code": submission.service_code,
            "hazard": submission.hazard,
            "major": report.danger,
            "description": report.description,
            "position": position and {"lat": position[0], "long": position[1]},
            "address": report.place.words,
            "media_urls": submission.media_links,
            "requested_at": at,
        },
    }


def _case_id(answer: Answer) -> str:
    try:
        return text(next(iter(rows(answer.body)), {}), "case_id")
    except Unreadable:
        return ""


def _signers(setting: str) -> tuple[Signer, ...]:
    try:
        signers = tuple(Signer(key) for key in setting.split())
    except (binascii.Error, EmptyWebhookSecretError):
        signers = ()
    if not signers:
        raise SettingRefused(
            "CASE_WEBHOOK_SECRET: write 'whsec_' and a key in base64; several keys by spaces."
        )
    return signers
