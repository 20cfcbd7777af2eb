"""One case: what was reported, how far it is, and the buttons that move it on."""

from aiohttp import web

from desk import outbox
from desk.cases import NOTE_LIMIT, Move, case_number, get_case, history, move_case
from desk.context import DESK
from desk.deadlines import promises
from desk.errors import NoSuchCase, NotAllowed, NoteTooLong, Stale
from desk.pages.guard import checked_form
from desk.pages.listing import due
from desk.pages.media import media
from desk.pages.view import SESSION, locale, render, say
from desk.statuses import REFUSALS, RULES, Status


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/cases/{number}", show)
    router.add_post("/cases/{number}", move)


async def show(request: web.Request) -> web.Response:
    return await _page(request)


async def move(request: web.Request) -> web.Response:
    """Move the case on, or show it as it stands with the reason why not and the note kept."""
    desk = request.app[DESK]
    form = await checked_form(request)
    note = form.get("note", "").replace("\r\n", "\n").strip()
    try:
        wanted = Move(
            seen=int(form.get("version", "")),
            status=Status(form.get("status", "")),
            note=note,
            who=request[SESSION].name,
        )
        await desk.database.run(
            move_case, _number(request), wanted, desk.now(), desk.settings.timezone
        )
    except NoteTooLong:
        problem = say(request, "case.note_too_long", length=len(note), limit=NOTE_LIMIT)
        return await _page(request, 400, problem, note)
    except Stale:
        return await _page(request, 409, say(request, "case.stale"), note)
    except NotAllowed:
        return await _page(request, 409, say(request, "case.not_allowed"), note)
    except NoSuchCase:
        raise web.HTTPNotFound from None
    except ValueError:  # no version or no status: not our form
        raise web.HTTPBadRequest from None
    desk.sender.ring()
    return web.Response(status=303, headers={"Location": f"{request.path}?saved=yes"})


async def _page(
    request: web.Request, status: int = 200, problem: str = "", note: str = ""
) -> web.Response:
    desk = request.app[DESK]
    try:
        case = await desk.database.run(get_case, _number(request))
    except NoSuchCase:
        raise web.HTTPNotFound from None
    changes = await desk.database.run(history, case.id)
    return render(
        request,
        "case.html",
        status,
        case=case,
        problem=problem,
        note=note,
        note_limit=NOTE_LIMIT,
        saved="saved" in request.query and not problem,
        media=media(case.media, desk.settings.gateway_url),
        following=RULES[case.status].following,
        refusals=REFUSALS,
        due=due(desk, case, locale(request)),
        now=desk.now(),
        promises=promises(
            [(change.status, change.at) for change in changes],
            case.clock_from,
            desk.settings.timezone,
        ),
        changes=changes[::-1],
        deliveries=await desk.database.run(outbox.deliveries, case.id),
    )


def _number(request: web.Request) -> int:
    number = case_number(request.match_info["number"])
    if number is None:
        raise web.HTTPNotFound
    return number
