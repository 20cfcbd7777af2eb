"""Looks for a case by its reference on a server that may know nothing of references.

The reference is sent as a filter, which servers without one ignore; so every row is held against
the reference itself. "There is none" is only said when that is certain: a listing that may have
been cut, or that hides what was reported, leaves the case in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from bot.core.errors import CaseInDoubt, CaseRefused, CaseSystemDown
from workers.cases.answers import Row, Unreadable, attribute_words, rows, text
from workers.cases.endpoint import Endpoint
from workers.cases.form import reference_line
from workers.cases.wire import Answer

SLACK = timedelta(days=2)  # for clocks and time zones that are wrong
SPAN = timedelta(days=90)  # the longest that the standard lets a search be
PAGE_SIZE = 100
PAGES_MOST = 50
# A listing that cannot be paged and has a round number of rows was probably cut there.
ROUND = 50

Query = list[tuple[str, str]]


async def find(endpoint: Endpoint, reference: str, submitted_at: datetime) -> str | None:
    """The id of the case, None if there is none for certain.

    Raises `CaseInDoubt`, `CaseSystemDown`, `CaseThrottled`.
    """
    for span in spans(submitted_at, datetime.now(UTC)):
        query = [("reference", reference), *span, ("page_size", str(PAGE_SIZE))]
        if case_id := await _find_in_span(endpoint, reference, query):
            return case_id
    return None


def spans(submitted_at: datetime, now: datetime) -> Iterator[Query]:
    """Stretches of at most 90 days from two days before the report.

    A case may have been opened at any attempt since, so the last stretch has no end, which the
    standard reads as open: the server's clock may be ahead of ours.
    """
    start = submitted_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - SLACK
    while now - start >= SPAN:
        end = start + SPAN
        yield [("start_date", _written(start)), ("end_date", _written(end))]
        start = end
    yield [("start_date", _written(start))]


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def _find_in_span(endpoint: Endpoint, reference: str, query: Query) -> str | None:
    seen: set[str] = set()
    readable = True
    for number in range(1, PAGES_MOST + 1):
        listed = await _page(endpoint, query, number)
        for row in listed:
            if _is_about(row, reference):
                return _id(row)
        readable = any(map(_tells, listed)) if number == 1 and listed else readable
        new = {text(row, "service_request_id") for row in listed} - seen
        if not new:
            _be_certain(len(listed), readable=readable)
            return None
        seen |= new
    raise CaseInDoubt(f"not among the first {PAGES_MOST} pages of cases")


async def _page(endpoint: Endpoint, query: Query, number: int) -> list[Row]:
    later = [("page", str(number))] if number > 1 else []
    answer = await endpoint.get("requests", [*query, *later])
    if number > 1 and answer.status == HTTPStatus.NOT_FOUND:
        return []  # past the last page
    return _listed(endpoint, answer)


def _listed(endpoint: Endpoint, answer: Answer) -> list[Row]:
    if answer.status == HTTPStatus.NOT_IMPLEMENTED:
        raise CaseInDoubt("cases cannot be listed: HTTP 501")
    if not answer.good:
        problem = endpoint.failure(answer)
        if isinstance(problem, CaseRefused):
            raise CaseInDoubt(f"cases cannot be listed: {problem}")
        raise problem
    try:
        return rows(answer.body)
    except Unreadable:
        raise CaseInDoubt("the list of cases is neither JSON nor XML of the standard") from None


def _is_about(row: Row, reference: str) -> bool:
    return reference_line(reference) in text(row, "description") or reference in set(
        attribute_words(row)
    )


def _tells(row: Row) -> bool:
    """Whether a row shows what was reported."""
    return bool(text(row, "description")) or any(attribute_words(row))


def _id(row: Row) -> str:
    case_id = text(row, "service_request_id")
    if not case_id:
        raise CaseSystemDown("the case is there and has no id yet")
    return case_id


def _be_certain(last_page: int, *, readable: bool) -> None:
    """Raises `CaseInDoubt` where a case may be there that the listing did not show."""
    if not readable:
        raise CaseInDoubt("the listing does not show what was reported")
    if last_page and last_page % ROUND == 0:
        raise CaseInDoubt(f"the listing seems to be cut after {last_page} cases")
