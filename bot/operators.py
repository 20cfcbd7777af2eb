"""``/operators/parked``: work that was given up, listed and put back from the operators' side.

Open to whoever has ``OPERATOR_KEY``. What is told names nobody. A report is called by its
reference, because that is what the case system is searched for; anything else by a hash under a key
of the bot's own, so that nobody can tell which report a notice, a wish to be forgotten or a message
belongs to.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping

import structlog
from aiohttp import web
from msgspec import DecodeError, Struct, json

from bot.bearer import bears
from bot.bells import Bells
from bot.bodies import bounded
from bot.core.errors import CaseInDoubt, StoreUnavailable
from bot.store.outbox import Outbox

PATH = "/operators/parked"
BODY_MOST = 1024
LISTED_MOST = 50  # of each kind
PUT_BACK_MOST = 500  # by one request
REASON_MOST = 300  # characters
NAME_LETTERS = 12

log = structlog.get_logger()


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """Put back the entry `id` of a kind, `anew` as if never tried, or `all` of that kind; or `drop`
    a report in doubt, whose case was found."""

    kind: str
    id: str = ""
    anew: bool = False
    all: bool = False
    drop: bool = False


class Operators:
    """Answers the desk, or whatever else operators use."""

    def __init__(
        self, key: str, naming_key: bytes, outboxes: Mapping[str, Outbox], bells: Bells
    ) -> None:
        """`key` opens the door; `naming_key` is nobody's but the bot's."""
        self._key = key
        self._naming_key = naming_key
        self._outboxes = outboxes
        self._bells = bells

    def add_routes(self, application: web.Application) -> None:
        """Serve both requests."""
        application.router.add_get(PATH, self.listed)
        application.router.add_post(PATH, self.put_back)

    async def listed(self, request: web.Request) -> web.Response:
        """How much is parked of each kind, and the first of each kind with their reasons.

        401 without the key, 503 while the store is away.
        """
        if not bears(request, self._key):
            return _refused()
        try:
            parked = await asyncio.gather(*(one.parked() for one in self._outboxes.values()))
        except StoreUnavailable:
            return _error(503, "the store does not answer")
        found = {kind: one for kind, one in zip(self._outboxes, parked, strict=True) if one}
        counts = {kind: len(reasons) for kind, reasons in found.items()}
        rows = [row for kind, reasons in found.items() for row in self._rows(kind, reasons)]
        return web.json_response({"counts": counts, "parked": rows})

    async def put_back(self, request: web.Request) -> web.Response:
        """Make it due again.

        400 not understood, 401 without the key, 404 not parked, 409 not in doubt, 503 not known.
        """
        if not bears(request, self._key):
            return _refused()
        try:
            wish = json.decode(await bounded(request, BODY_MOST), type=Wish)
        except (DecodeError, UnicodeDecodeError):
            return _error(400, "not a wish to put something back")
        doubts = wish.anew + wish.drop
        if wish.kind not in self._outboxes or bool(wish.id) == wish.all or doubts + wish.all > 1:
            return _error(400, "kind is unknown, or it takes either an id or all")
        try:
            return await self._fulfil(wish)
        except StoreUnavailable:
            return _error(503, "the store does not answer; look again before you repeat it")

    async def _fulfil(self, wish: Wish) -> web.Response:
        outbox = self._outboxes[wish.kind]
        parked = await outbox.parked()
        wanted = [one for one in parked if wish.all or self._name(wish.kind, one) == wish.id]
        # What is not in doubt is looked up before it is sent again; nobody may skip that.
        in_doubt = all(_in_doubt(wish.kind, parked[one]) for one in wanted)
        if (wish.anew or wish.drop) and not in_doubt:
            return _error(409, "it is not in doubt")
        done = await asyncio.gather(
            *(self._done(outbox, one, wish) for one in wanted[:PUT_BACK_MOST])
        )
        if not any(done):
            return _error(404, "nothing of that name is parked")
        said = "operators.dropped" if wish.drop else "operators.put_back"
        log.info(said, kind=wish.kind, count=sum(done), anew=wish.anew)
        self._bells.ring([wish.kind])
        return web.json_response({"put_back": sum(done)})

    async def _done(self, outbox: Outbox, entry_id: str, wish: Wish) -> bool:
        if wish.drop:
            # What the case system says of it from here on goes by the report's reference.
            return await outbox.drop(entry_id, [("DEL", f"report:{entry_id}")])
        return await outbox.put_back(entry_id, anew=wish.anew)

    def _rows(self, kind: str, reasons: Mapping[str, str]) -> list[dict[str, str]]:
        """By name, which says nothing about when something happened."""
        named = sorted((self._name(kind, one), reason) for one, reason in reasons.items())
        return [
            {"kind": kind, "id": name, "reason": reason[:REASON_MOST]}
            for name, reason in named[:LISTED_MOST]
        ]

    def _name(self, kind: str, entry_id: str) -> str:
        if kind == "push":
            return entry_id
        words = f"{kind}|{entry_id}".encode()
        return hmac.digest(self._naming_key, words, "sha256").hex()[:NAME_LETTERS]


def _in_doubt(kind: str, reason: str) -> bool:
    return kind == "push" and reason.startswith(CaseInDoubt.__name__)


def _refused() -> web.Response:
    log.warning("operators.refused")
    return _error(401, "OPERATOR_KEY is needed")


def _error(status: int, words: str) -> web.Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004
    return web.json_response({"error": words}, status=status, headers=headers)
