"""Any server of Open311 GeoReport v2 as a case system."""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from bot.core.errors import CaseSystemDown
from config.settings import Settings
from workers.cases.answers import Unreadable, is_page, rows, said, text
from workers.cases.contract import Submission, Tokens
from workers.cases.definitions import Definitions
from workers.cases.endpoint import Endpoint
from workers.cases.form import fields
from workers.cases.search import find
from workers.cases.wire import PATIENCE, Answer, Patience, Wire, web_address

# A server that knows no filter lists all its cases for each of them: with many at once it would
# answer none in time, and each would be tried again.
LOOKUPS_AT_ONCE = 4
_DUPLICATE = ("duplicate", "already", "重复", "已存在")


class Open311:
    """A `CaseSystem`; keeps at most `limit` connections to ``OPEN311_URL``."""

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        *,
        limit: int = 64,
        patience: Patience = PATIENCE,
    ) -> None:
        self._patience = patience
        self.patience_seconds = patience.total
        self._wire = Wire(limit, patience)
        self._lookups = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._endpoint = Endpoint(
            self._wire,
            web_address("OPEN311_URL", settings.open311_url),
            settings.open311_api_key.get_secret_value(),
            settings.open311_jurisdiction_id,
        )
        self._definitions = Definitions(self._endpoint)
        # A listing may not have a case for which there is a token and no id yet.
        self._tokens = tokens

    async def open_case(self, submission: Submission) -> str:
        """See `CaseSystem`. A server that calls it a duplicate is asked for the case there is."""
        declared = len(submission.media_links) > 1 and await self._definitions.declare_links(
            submission.service_code
        )
        started = self._wire.now()
        answer = await self._endpoint.post(fields(submission, links_declared=declared))
        if answer.good:
            case_id, token = _id_and_token(answer)
            return case_id or await self._by_token(answer, token, submission, started)
        if _is_duplicate(answer):
            return await self._known(answer, submission, started)
        raise self._endpoint.failure(answer)

    async def find_case(self, reference: str, submitted_at: datetime) -> str | None:
        """See `CaseSystem`. A case not listed yet is asked for by the token given for it."""
        async with self._lookups, self._wire.deadline(self._wire.now()):
            found = await find(self._endpoint, reference, submitted_at)
            token = None if found else await self._tokens.of(reference)
            return await self._exchange(token) if token else found

    async def close(self) -> None:
        """Close connections."""
        await self._wire.close()

    async def _by_token(
        self, answer: Answer, token: str, submission: Submission, started: float
    ) -> str:
        """The id, once the server has one. Raises `CaseSystemDown`, without a token at once."""
        if not token:
            raise CaseSystemDown(_unusable(answer))
        await self._tokens.keep(submission.report.reference, token)
        async with self._wire.deadline(started):
            return await self._exchange(token)

    async def _exchange(self, token: str) -> str:
        """The id for a token. Raises `CaseSystemDown` where it takes too long."""
        for seconds in self._patience.token_waits:
            await asyncio.sleep(seconds)
            answer = await self._endpoint.get(f"tokens/{quote(token, safe='')}")
            case_id = _id_and_token(answer)[0] if answer.good else ""
            if case_id:
                return case_id
        raise CaseSystemDown("a token was given, and no id for it yet")

    async def _known(self, answer: Answer, submission: Submission, started: float) -> str:
        report = submission.report
        async with self._wire.deadline(started):
            case_id = await find(self._endpoint, report.reference, report.submitted_at)
        if case_id is None:
            raise self._endpoint.failure(answer)
        return case_id


def _id_and_token(answer: Answer) -> tuple[str, str]:
    """Both of the first row, empty where they are missing or the answer cannot be read."""
    try:
        row = next(iter(rows(answer.body)), {})
    except Unreadable:
        return "", ""
    return text(row, "service_request_id"), text(row, "token")


def _unusable(answer: Answer) -> str:
    what = "a page for people" if is_page(answer.body) else "no service_request_id"
    return f"HTTP {answer.status} with {what}"


def _is_duplicate(answer: Answer) -> bool:
    if answer.status == HTTPStatus.CONFLICT:
        return True
    words = said(answer.body).lower()
    return answer.status == HTTPStatus.BAD_REQUEST and any(one in words for one in _DUPLICATE)
