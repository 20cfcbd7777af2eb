"""A GeoReport v2 server with the manners that servers in the field have."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

import orjson
from aiohttp import web

from tests.fakes.cases.base import FaultyServer, Received

KEY = "key/with+signs&more"
PREFIX = "/open311/v2"
_ITEMS = {"service_requests": "request", "errors": "error", "attributes": "attribute"}

Format = Literal["json", "xml"]


@dataclass
class Manners:
    """What this server does its own way; a test may change it at any time.

    `refuses_format` is the status for a format that it does not speak; `token_polls` how often a
    token is asked for in vain (None: ids at once); `lists` False hides cases from the listing;
    `page_size` cuts the listing there, and `pages` says whether the rest can be asked for.
    """

    formats: tuple[Format, ...] = ("json", "xml")
    refuses_format: int = 404
    content_type: str = ""
    single_object: bool = False
    token_polls: int | None = None
    definition_status: int = 200
    declares: tuple[str, ...] = ("reference", "hazard", "major", "media_urls")
    lists: bool = True
    keeps_description: bool = True
    keeps_attributes: Literal["no", "dict", "list"] = "no"
    knows_reference: bool = False
    page_size: int = 1000
    pages: bool = False


@dataclass(frozen=True)
class Case:
    """One case; `form` is empty for one that somebody else reported.

    `opened` is when, by the monotonic clock.
    """

    id: str
    form: Mapping[str, str]
    description: str
    requested_at: datetime
    opened: float = field(default_factory=time.monotonic)

    @property
    def reference(self) -> str:
        """The report's reference as it was given."""
        return self.form.get("attribute[reference]", "")


class GeoReportServer(FaultyServer):
    """`cases` are the cases there are, newest last."""

    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__()
        self.manners = manners or Manners()
        self.cases: list[Case] = []
        self._polls: dict[str, int] = {}

    @property
    def url(self) -> str:
        """The address for ``OPEN311_URL``."""
        return f"{self.address}{PREFIX}"

    @property
    def forms(self) -> list[dict[str, str]]:
        """The form of every POST, oldest first."""
        return [_form(call) for call in self.calls("POST")]

    def add(self, *descriptions: str, at: datetime | None = None) -> None:
        """Cases that somebody else reported."""
        for description in descriptions:
            self._open({}, description, at or datetime.now(UTC))

    def answer_tokens(self) -> None:
        """From now on every token has its id."""
        self._polls = dict.fromkeys(self._polls, 0)

    async def answer(self, call: Received) -> web.Response:
        """The standard's answer."""
        name, _, kind = call.path.removeprefix(f"{PREFIX}/").rpartition(".")
        given = _form(call) if call.method == "POST" else call.query
        if kind not in self.manners.formats:
            status = self.manners.refuses_format
            return web.Response(status=status, text="<h1>Not here</h1>", content_type="text/html")
        if call.method == "POST" and given.get("api_key") != KEY:
            return self._said(kind, "errors", [_error(403, "api_key is not valid")], 403)
        return self._routed(kind, call.method, unquote(name), given)

    def _routed(self, kind: str, method: str, name: str, given: Mapping[str, str]) -> web.Response:
        folder, _, item = name.partition("/")
        if method == "POST":
            return self._said(kind, "service_requests", [self._posted(given)])
        if folder == "tokens":
            return self._token(kind, item)
        if folder == "services":
            return self._definition(kind, item)
        return self._said(kind, "service_requests", self._listing(given))

    def _posted(self, form: Mapping[str, str]) -> dict[str, Any]:
        case = self._open(form, form["description"], datetime.now(UTC))
        if self.manners.token_polls is None:
            return {"service_request_id": case.id, "service_notice": None, "account_id": None}
        self._polls[f"t/{case.id}"] = self.manners.token_polls
        return {"token": f"t/{case.id}"}

    def _open(self, form: Mapping[str, str], description: str, at: datetime) -> Case:
        case = Case(str(len(self.cases) + 1), form, description, at)
        self.cases.append(case)
        return case

    def _token(self, kind: str, token: str) -> web.Response:
        if token not in self._polls or self._polls[token] > 0:
            self._polls[token] = self._polls.get(token, 1) - 1
            return self._said(kind, "errors", [_error(404, "no such token")], 404)
        row = {"service_request_id": token.removeprefix("t/"), "token": token}
        return self._said(kind, "service_requests", [row])

    def _definition(self, kind: str, code: str) -> web.Response:
        if self.manners.definition_status != 200:
            return web.Response(status=self.manners.definition_status)
        attributes = [{"code": one, "variable": True} for one in self.manners.declares]
        value = {"service_code": code, "attributes": attributes}
        return self._said(kind, "service_definition", value)

    def _listing(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        start = datetime.fromisoformat(query["start_date"])
        end = datetime.fromisoformat(query["end_date"]) if "end_date" in query else None
        found = [
            case
            for case in reversed(self.cases if self.manners.lists else [])
            if start <= case.requested_at and (end is None or case.requested_at <= end)
        ]
        if self.manners.knows_reference:
            found = [case for case in found if case.reference == query["reference"]]
        first = self.manners.page_size * (int(query.get("page", "1")) - 1)
        first = first if self.manners.pages else 0
        return [self._row(case) for case in found[first : first + self.manners.page_size]]

    def _row(self, case: Case) -> dict[str, Any]:
        row: dict[str, Any] = {
            "service_request_id": case.id,
            "status": "open",
            "requested_datetime": case.requested_at.isoformat(),
            "description": case.description if self.manners.keeps_description else None,
        }
        kept = {"reference": case.reference} if case.reference else {}
        if self.manners.keeps_attributes == "dict":
            row["extended_attributes"] = kept
        if self.manners.keeps_attributes == "list":
            row["attributes"] = [{"code": code, "value": value} for code, value in kept.items()]
        return row

    def _said(self, kind: str, root: str, value: Any, status: int = 200) -> web.Response:
        if self.manners.single_object and kind == "json" and isinstance(value, list):
            value = value[0] if len(value) == 1 else value
        body = orjson.dumps(value) if kind == "json" else _xml(root, value)
        usual = "application/json" if kind == "json" else "text/xml"
        return web.Response(
            status=status, body=body, content_type=self.manners.content_type or usual
        )


def _form(call: Received) -> dict[str, str]:
    assert call.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    pairs = parse_qsl(call.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    form = dict(pairs)
    assert len(form) == len(pairs), "a field stands there twice"
    return form


def _error(code: int, description: str) -> dict[str, Any]:
    return {"code": code, "description": description}


def _xml(root: str, value: Any) -> bytes:
    element = _element(root, value)
    text: bytes = ElementTree.tostring(element, encoding="UTF-8", xml_declaration=True)
    return text


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, dict):
        element.extend(_element(key, one) for key, one in value.items())
    elif isinstance(value, list):
        element.extend(_element(_ITEMS[name], one) for one in value)
    elif value is not None:
        element.text = str(value)
    return element
