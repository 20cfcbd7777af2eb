"""The list of cases: what waits, what is late, and how to find one."""

from dataclasses import dataclass

from aiohttp import web

from desk import words
from desk.cases import Case, case_number
from desk.context import DESK, Desk
from desk.pages.search import DONE, OPEN, OVERDUE, TEXT_LIMIT, Search, arrived, find_page, tally
from desk.pages.view import locale, render, say
from desk.statuses import RULES, Status, Step


@dataclass(frozen=True)
class Due:
    """The next deadline of a case in words, and by how many days it was missed (0: today)."""

    words: str
    late: bool
    days: int


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/", show)
    router.add_get("/arrived", tell)


async def show(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    search = _search(request, desk)
    problem = ""
    if len(search.text) > TEXT_LIMIT:
        problem = say(request, "list.search_too_long", limit=TEXT_LIMIT)
        search = Search()
    # Counted first: what comes in meanwhile is told of again rather than never.
    totals = await desk.database.run(tally, desk.now())
    page = await desk.database.run(find_page, search, _number(request), desk.now())
    return render(
        request,
        "list.html",
        400 if problem else 200,
        problem=problem,
        search=search,
        page=page,
        stopped=desk.stopped.count,
        tally=totals,
        rows=[(case, due(desk, case, locale(request))) for case in page.cases],
        progress=(OPEN, DONE, OVERDUE),
        statuses=list(Status),
        services=list(desk.services),
        text_limit=TEXT_LIMIT,
        page_link=lambda number: str(request.rel_url.update_query(page=number)),
    )


async def tell(request: web.Request) -> web.Response:
    """What came in since the list was shown, in words; empty if nothing did."""
    seen = case_number(request.query.get("after", "")) or 0
    found = await request.app[DESK].database.run(arrived, seen)
    said = words.plural(locale(request), "list.arrived", found.count) if found.count else ""
    if found.major:
        said = f"{said} · {say(request, 'case.major')}"
    return web.json_response({"words": said, "major": found.major > 0})


def due(desk: Desk, case: Case, language: str) -> Due | None:
    """The next deadline of a case; None when every promise is kept."""
    if case.due_at is None:
        return None
    step = Step(RULES[case.status].step + 1).name.lower()
    last_day, today = desk.local(case.due_at), desk.local(desk.now())
    return Due(
        words=words.text(language, f"due.{step}", day=words.day(language, last_day)),
        late=desk.now() > case.due_at,
        days=(today.date() - last_day.date()).days,
    )


def _search(request: web.Request, desk: Desk) -> Search:
    query = request.query
    status, service = query.get("status", ""), query.get("service", "")
    return Search(
        status=status if status in {OPEN, DONE, OVERDUE, *Status} else "",
        service=service if service in desk.services else "",
        major=query.get("major") == "yes",
        text=query.get("q", "").strip(),
    )


def _number(request: web.Request) -> int:
    value = request.query.get("page", "1")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 1  # noqa: PLR2004
