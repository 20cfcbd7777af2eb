"""Renders a page: the language it is in, the words, the times, and who is looking at it."""

from functools import partial
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from desk import words
from desk.context import DESK
from desk.logins import Session
from desk.statuses import CLOSED, REFUSALS, WAITING, Status

SESSION = web.RequestKey("session", Session)
LANGUAGE_COOKIE = "desk_language"
LANGUAGE_SECONDS = 365 * 24 * 60 * 60

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def locale(request: web.Request) -> str:
    """Asked for in the address, or chosen before, or the desk's own."""
    asked = request.query.get("language", "")
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    default = request.app[DESK].settings.default_locale
    return next(name for name in (asked, chosen, default) if name in words.LOCALES)


def say(request: web.Request, message: str, **values: object) -> str:
    """The words for a message id in the page's language."""
    return words.text(locale(request), message, **values)


def render(
    request: web.Request, template: str, status: int = 200, **values: object
) -> web.Response:
    """A page as a response; remembers a language that was asked for."""
    name = locale(request)
    desk = request.app[DESK]
    body = _pages.get_template(template).render(
        locale=name,
        languages=[(other, _language_link(request, other)) for other in words.LOCALES],
        session=request.get(SESSION),
        t=partial(words.text, name),
        n=partial(words.plural, name),
        name_of_language=lambda other: words.text(other, "language.name"),
        day=lambda seconds: words.day(name, desk.local(seconds)),
        moment=lambda seconds: words.day_and_time(name, desk.local(seconds)),
        full_moment=lambda seconds: words.full_time(name, desk.local(seconds)),
        machine_moment=lambda seconds: desk.local(seconds).isoformat(),
        kind_of_status=_kind_of_status,
        service_name=lambda code: desk.services[code].name(name),
        **values,
    )
    response = web.Response(text=body, status=status, content_type="text/html", charset="utf-8")
    if "language" in request.query:
        set_cookie(request, response, LANGUAGE_COOKIE, name, LANGUAGE_SECONDS)
    return response


def set_cookie(
    request: web.Request, response: web.StreamResponse, name: str, value: str, seconds: int
) -> None:
    """A cookie that no script reads and no other site sends; HTTPS only where the desk has it."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="Strict",
        secure=request.app[DESK].settings.url.startswith("https:"),
    )


def _kind_of_status(status: Status) -> str:
    """How a status is coloured: what waits and what ended in a refusal stand out."""
    if status in WAITING:
        return "waiting"
    if status in REFUSALS:
        return "refused"
    return "done" if status in CLOSED else "going"


def _language_link(request: web.Request, name: str) -> str:
    return str(request.rel_url.update_query(language=name))
