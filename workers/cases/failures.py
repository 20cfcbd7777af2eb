"""What an answer that opened nothing means, as one of the errors of the contract.

::

    429                       CaseThrottled, a minute where no pause is named
    503 with Retry-After      CaseThrottled
    408, 425, 3xx, 5xx        CaseSystemDown; unanswered where a server in between gave up
    any other 4xx             CaseRefused, with what the case system said
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from bot.core.errors import CaseRefused, CaseSystemDown, CaseSystemError, CaseThrottled
from workers.cases.answers import said
from workers.cases.wire import Answer

SAID_MOST = 200  # characters
PAUSE_SECONDS = 60.0
PAUSE_MOST_SECONDS = 24 * 3600.0
_GAVE_UP = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
_TRY_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def failure(answer: Answer, secrets: tuple[str, ...] = ()) -> CaseSystemError:
    """The error for an answer that is not 2xx; none of `secrets` is in its text."""
    status = answer.status
    pause = pause_of(answer.retry_after)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return CaseThrottled(PAUSE_SECONDS if pause is None else pause)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and pause is not None:
        return CaseThrottled(pause)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return CaseSystemDown(f"HTTP {status}: it points elsewhere; set the final address")
    if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return CaseSystemDown(f"HTTP {status}", unanswered=status in _GAVE_UP)
    words = _harmless(said(answer.body), secrets)
    return CaseRefused(f"HTTP {status}: {words}" if words else f"HTTP {status}")


def pause_of(header: str) -> float | None:
    """Seconds that a Retry-After header asks for (0 to a day), None where it says nothing."""
    if header.isascii() and header.isdigit():
        return min(float(header), PAUSE_MOST_SECONDS)
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    seconds = (until - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), PAUSE_MOST_SECONDS)


def _harmless(words: str, secrets: tuple[str, ...]) -> str:
    """At most `SAID_MOST` characters on one line, without addresses and secrets."""
    for secret in filter(None, secrets):
        words = words.replace(secret, "…")
    words = " ".join(_ADDRESS.sub("…", words).split())
    return words if len(words) <= SAID_MOST else words[: SAID_MOST - 1] + "…"
