"""In by a one-time link, out by a button.

Opening the link shows a button, which a script presses at once: whatever merely fetches links (a
chat's preview, a scanner) does not spend it.
"""

from aiohttp import web

from desk import logins
from desk.context import DESK
from desk.pages.guard import SESSION_COOKIE, checked_form
from desk.pages.view import render, say, set_cookie


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/login", ask)
    router.add_get("/login/{token}", offer)
    router.add_post("/login/{token}", enter)
    router.add_post("/logout", leave)


async def ask(request: web.Request) -> web.Response:
    return render(request, "login.html", token="", problem="")


async def offer(request: web.Request) -> web.Response:
    return render(request, "login.html", token=request.match_info["token"], problem="")


async def enter(request: web.Request) -> web.Response:
    """Spend the link and open a session."""
    desk = request.app[DESK]
    token = await desk.database.run(logins.use_link, request.match_info["token"], desk.now())
    if token is None:
        problem = say(request, "login.spent")
        return render(request, "login.html", 403, token="", problem=problem)
    response = web.Response(status=303, headers={"Location": "/"})
    set_cookie(request, response, SESSION_COOKIE, token, logins.SESSION_SECONDS)
    return response


async def leave(request: web.Request) -> web.Response:
    await checked_form(request)
    desk = request.app[DESK]
    await desk.database.run(logins.end_session, request.cookies[SESSION_COOKIE])
    response = web.Response(status=303, headers={"Location": "/login"})
    response.del_cookie(SESSION_COOKIE)
    return response
