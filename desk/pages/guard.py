"""Stands before every page: who may see it, what the browser may load, and what a failure shows."""

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import MultiDict

from desk import logins
from desk.context import DESK
from desk.open311.routes import PREFIX
from desk.pages.view import SESSION, render, say

SESSION_COOKIE = "desk_session"
_OPEN = ("/healthz", "/static/", "/login")
_MESSAGES = {403: "error.forged", 404: "error.not_found", 500: "error.failed"}

_log = structlog.get_logger(__name__)


@web.middleware
async def headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the browser may load: our own files, and pictures and videos of the gateway."""
    response = await handler(request)
    gateway = request.app[DESK].settings.gateway_url
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = (
        "no-cache" if request.path.startswith("/static/") else "no-store"
    )
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; "
        f"connect-src 'self'; img-src 'self' {gateway}; media-src 'self' {gateway}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


@web.middleware
async def failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page with a sentence and a way back, whatever went wrong."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is no failure
            raise
        status = error.status
    except Exception as error:
        _log.exception("page failed", error=type(error).__name__)
        status = 500
    message = say(request, _MESSAGES.get(status, "error.bad"))
    return render(request, "error.html", status, message=message)


@web.middleware
async def sessions(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only operators get past here, other than to the pages that open the door."""
    if request.path.startswith(f"{PREFIX}/"):  # has keys of its own
        return await handler(request)
    desk = request.app[DESK]
    token = request.cookies.get(SESSION_COOKIE, "")
    session = await desk.database.run(logins.find_session, token, desk.now()) if token else None
    if session is not None:
        request[SESSION] = session
    elif not request.path.startswith(_OPEN):
        raise web.HTTPSeeOther("/login")
    return await handler(request)


async def checked_form(request: web.Request) -> MultiDict[str]:
    """The form of a logged-in operator; raises 403 when it did not come from our own page."""
    try:
        posted = await request.post()
    except (LookupError, ValueError):
        raise web.HTTPBadRequest from None
    form = MultiDict((name, value) for name, value in posted.items() if isinstance(value, str))
    if not logins.is_csrf(request[SESSION], form.get("csrf", "")):
        raise web.HTTPForbidden
    return form
