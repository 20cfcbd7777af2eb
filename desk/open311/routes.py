"""The methods of GeoReport v2 and their error bodies."""

import hmac

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import MultiDict, MultiMapping

from desk import words
from desk.cases import Case, case_number, find_by_reference, get_case, open_case
from desk.context import DESK, Desk
from desk.errors import NoSuchCase
from desk.open311.answers import Refusal, answer, refuse
from desk.open311.attributes import definition
from desk.open311.documents import opened_row, request_row, service_row
from desk.open311.filters import find, read_filter
from desk.open311.forms import read_case

PREFIX = "/open311/v2"
_FORM = "application/x-www-form-urlencoded"

_log = structlog.get_logger(__name__)


def add_routes(router: web.UrlDispatcher) -> None:
    kind = ".{kind:json|xml}"
    router.add_get(f"{PREFIX}/services{kind}", get_services)
    router.add_get(f"{PREFIX}/services/{{code}}{kind}", get_definition)
    router.add_post(f"{PREFIX}/requests{kind}", post_request)
    router.add_get(f"{PREFIX}/requests{kind}", get_requests)
    router.add_get(f"{PREFIX}/requests/{{number}}{kind}", get_request)
    router.add_get(f"{PREFIX}/tokens/{{token}}{kind}", get_token)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure under the prefix with the standard's body, in the format asked for."""
    if not request.path.startswith(f"{PREFIX}/"):
        return await handler(request)
    kind = "xml" if request.path.endswith(".xml") else "json"
    try:
        return await handler(request)
    except Refusal as refusal:
        return refuse(kind, refusal)
    except web.HTTPException as error:
        return refuse(kind, Refusal(error.status, f"{error.reason}."))
    except Exception as error:
        _log.exception("open311 failed", error=type(error).__name__)
        return refuse(kind, Refusal(500, "The desk failed; try again later."))


async def get_services(request: web.Request) -> web.Response:
    desk = _desk(request, request.query)
    rows = [service_row(service, _locale(request)) for service in desk.services.values()]
    return answer(_kind(request), "services", rows)


async def get_definition(request: web.Request) -> web.Response:
    desk = _desk(request, request.query)
    code = request.match_info["code"]
    if code not in desk.services:
        raise Refusal(404, "service_code was not found; GET services lists them.")
    return answer(_kind(request), "service_definition", definition(code))


async def post_request(request: web.Request) -> web.Response:
    """Opens a case, or names the one that the reference already has."""
    form = await _form(request)
    desk = _desk(request, form)
    if not _has_key(desk, form):
        raise Refusal(403, "api_key was not provided.")
    new = read_case(form, desk.services.keys())
    case_id = await desk.database.run(open_case, new, desk.now(), desk.settings.timezone)
    desk.sender.ring()
    return answer(_kind(request), "service_requests", [opened_row(case_id, _locale(request))])


async def get_requests(request: web.Request) -> web.Response:
    desk = _desk(request, request.query)
    wanted = read_filter(
        request.query, desk.services.keys(), desk.local(desk.now()), desk.settings.timezone
    )
    return _requests(request, desk, await desk.database.run(find, wanted))


async def get_request(request: web.Request) -> web.Response:
    desk = _desk(request, request.query)
    try:
        case = await desk.database.run(get_case, case_number(request.match_info["number"]) or 0)
    except NoSuchCase:
        raise Refusal(404, "service_request_id was not found.") from None
    return _requests(request, desk, [case])


async def get_token(request: web.Request) -> web.Response:
    """A case's token is its reference: a client that lost our answer can still find the case."""
    desk = _desk(request, request.query)
    token = request.match_info["token"]
    case = await desk.database.run(find_by_reference, token)
    if case is None:
        raise Refusal(404, "token was not found.")
    row = {"service_request_id": str(case.id), "token": token}
    return answer(_kind(request), "service_requests", [row])


def _requests(request: web.Request, desk: Desk, cases: list[Case]) -> web.Response:
    whole, locale = _has_key(desk, request.query), _locale(request)
    rows = [request_row(desk, case, locale, whole=whole) for case in cases]
    return answer(_kind(request), "service_requests", rows)


def _kind(request: web.Request) -> str:
    return request.match_info["kind"]


def _desk(request: web.Request, given: MultiMapping[str]) -> Desk:
    """The desk, once the jurisdiction is known to be ours."""
    desk = request.app[DESK]
    ours, asked = desk.settings.jurisdiction_id, given.get("jurisdiction_id", "")
    if ours and not asked:
        raise Refusal(400, "jurisdiction_id was not provided.")
    if ours and asked != ours:
        raise Refusal(404, "jurisdiction_id was not found.")
    return desk


def _has_key(desk: Desk, given: MultiMapping[str]) -> bool:
    """Whether the right key was given; a wrong one is refused wherever it stands."""
    key = given.get("api_key", "")
    if key and not hmac.compare_digest(key.encode(), desk.settings.api_key.encode()):
        raise Refusal(403, "api_key is not valid.")
    return bool(key)


async def _form(request: web.Request) -> MultiMapping[str]:
    """The form, and the query behind it: a key or a field may stand in either."""
    if request.content_type != _FORM:
        raise Refusal(400, f"The body must be {_FORM}.")
    try:
        posted = await request.post()
    except (LookupError, ValueError):
        raise Refusal(400, "The body must be a form in UTF-8.") from None
    fields: MultiDict[str] = MultiDict()
    for name, value in (*posted.items(), *request.query.items()):
        if isinstance(value, str):
            fields.add(name, value)
    return fields


def _locale(request: web.Request) -> str:
    """The first language of Accept-Language that there is a catalogue for."""
    for part in request.headers.get("Accept-Language", "").split(","):
        locale = part.split(";")[0].strip().split("-")[0].lower()
        if locale in words.LOCALES:
            return locale
    return request.app[DESK].settings.default_locale
