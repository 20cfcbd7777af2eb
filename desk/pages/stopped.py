"""Work that the gateway gave up: what happened, what to do about it, and a button to try again."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from aiohttp import web

from desk.context import DESK
from desk.errors import KeyRefused, NoKey, NotInDoubt, NotPutBack, StoppedUnknown
from desk.pages.guard import checked_form
from desk.pages.view import locale, render, say
from desk.stopped import Found, Work
from desk.words import plural

# By kind of work: what is stopped, and what that means for people.
KINDS = {
    "push": ("stopped.push", "stopped.push_means"),
    "media": ("stopped.media", "stopped.media_means"),
    "notices": ("stopped.notices", "stopped.notices_means"),
    "delivery": ("stopped.delivery", "stopped.delivery_means"),
    "replies": ("stopped.replies", "stopped.replies_means"),
}
_OTHER = ("stopped.other", "stopped.other_means")
DOUBT = "stopped.doubt"
KEY = "stopped.key"
# By how the gateway's reason begins: what happened and what to do. The first that fits counts.
CAUSES = (
    ("CaseInDoubt: cases cannot be listed: HTTP 401", KEY),
    ("CaseInDoubt: cases cannot be listed: HTTP 403", KEY),
    ("CaseInDoubt", DOUBT),
    ("CaseRefused: HTTP 401", KEY),
    ("CaseRefused: HTTP 403", KEY),
    ("CaseRefused: config/form.toml", "stopped.category"),
    ("CaseRefused", "stopped.refused"),
    ("channel ", "stopped.channel_off"),
    ("NeverMet", "stopped.never_met"),
    ("RecordRefused", "stopped.altered"),
    ("nobody who took it up came back", "stopped.died"),
    ("", "stopped.failed"),
)


@dataclass(frozen=True)
class Group:
    """What is stopped of one kind; `causes` are sentences and the work that each is about."""

    kind: str
    title: str
    means: str
    count: int
    causes: list[tuple[str, list[Work]]]

    @property
    def shown(self) -> int:
        return sum(len(works) for _, works in self.causes)


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/stopped", show)
    router.add_get("/stopped/count", count)
    router.add_post("/stopped", put_back)


async def show(request: web.Request) -> web.Response:
    return await _page(request)


async def count(request: web.Request) -> web.Response:
    """For the list that somebody left open at night."""
    return web.json_response({"count": request.app[DESK].stopped.count})


async def put_back(request: web.Request) -> web.Response:
    """Have work tried again, or show what is stopped with the reason why not."""
    form = await checked_form(request)
    stopped = request.app[DESK].stopped
    everything = form.get("all") == "yes"
    name = form.get("id", "")
    if bool(name) == everything:  # not our form
        raise web.HTTPBadRequest
    try:
        kind, found = form.get("kind", ""), form.get("found") == "yes"
        done = await stopped.put_back(kind, name, anew=form.get("anew") == "yes", drop=found)
    except NotPutBack as error:
        words = "stopped.not_in_doubt" if isinstance(error, NotInDoubt) else "stopped.gone"
        return await _page(request, 409, say(request, words))
    except StoppedUnknown as error:
        return await _page(request, 503, say(request, _trouble(error, "stopped.not_known")))
    query = "found=1" if found else f"again={done}"
    return web.Response(status=303, headers={"Location": f"/stopped?{query}"})


async def _page(request: web.Request, status: int = 200, problem: str = "") -> web.Response:
    groups: list[Group] | None = None
    try:
        groups = _groups(await request.app[DESK].stopped.look())
    except StoppedUnknown as error:
        status = 503
        problem = problem or say(request, _trouble(error, "stopped.silent"))
    return render(
        request,
        "stopped.html",
        status,
        problem=problem,
        done="" if problem else _done(request),
        groups=groups,
    )


def _done(request: web.Request) -> str:
    """What was done just now, by the address that we were sent on to."""
    if request.query.get("found") == "1":
        return say(request, "stopped.found")
    again = request.query.get("again", "")
    count = int(again) if again.isascii() and again.isdigit() and len(again) < 10 else 0  # noqa: PLR2004
    return plural(locale(request), "stopped.put_back", count) if count else ""


def _trouble(error: StoppedUnknown, silent: str) -> str:
    """The sentence for what hinders us; `silent` is the one for no answer."""
    if isinstance(error, NoKey):
        return "stopped.no_key"
    return "stopped.key_refused" if isinstance(error, KeyRefused) else silent


def _groups(found: Found) -> list[Group]:
    return [
        Group(kind, *KINDS.get(kind, _OTHER), count, _causes(kind, found.works))
        for kind, count in found.counts.items()
    ]


def _causes(kind: str, works: Iterable[Work]) -> list[tuple[str, list[Work]]]:
    """In the order of the table, so that what needs a person most comes first."""
    order = [sentence for _, sentence in CAUSES]
    own = sorted(
        (work for work in works if work.kind == kind), key=lambda work: order.index(_cause(work))
    )
    return [(sentence, list(same)) for sentence, same in groupby(own, key=_cause)]


def _cause(work: Work) -> str:
    return next(sentence for start, sentence in CAUSES if work.reason.startswith(start))
