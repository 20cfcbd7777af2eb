"""A GeoReport v2 server's methods by path, in whichever format it turns out to speak.

JSON is asked for first. A server that has no such path (404, 406, 415, and no JSON error body of
the standard) is asked for XML, and that is remembered once it answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote, quote_plus

from yarl import URL

from bot.core.errors import CaseSystemError
from workers.cases.answers import is_markup, said
from workers.cases.failures import failure
from workers.cases.form import encode
from workers.cases.wire import Answer, Wire

_NO_SUCH_FORMAT = {
    HTTPStatus.NOT_FOUND,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Endpoint:
    """One server at `base`, with what every request to it carries. Errors as in `Wire`."""

    def __init__(self, wire: Wire, base: URL, key: str, jurisdiction: str) -> None:
        self._wire = wire
        self._base = base
        given = {"api_key": key, "jurisdiction_id": jurisdiction}
        self._common = [(name, value) for name, value in given.items() if value]
        self._prefix = encode(self._common) + b"&" if self._common else b""
        self._secrets = (key, quote(key), quote_plus(key))
        self._format = "json"
        self._requests = self._url("requests")

    async def post(self, fields: Iterable[tuple[str, str]]) -> Answer:
        """Send the form of a new request."""
        body = self._prefix + encode(fields)
        answer = await self._wire.exchange("POST", self._requests, data=body, headers=_FORM)
        if not self._speaks_xml_alone(answer):
            return answer
        url = self._url("requests", "xml")
        return self._remember(await self._wire.exchange("POST", url, data=body, headers=_FORM))

    async def get(self, path: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read a method at `path`, which is quoted already and has no format."""
        parameters = [*self._common, *query]
        answer = await self._wire.exchange("GET", self._url(path).with_query(parameters))
        if not self._speaks_xml_alone(answer):
            return answer
        url = self._url(path, "xml").with_query(parameters)
        return self._remember(await self._wire.exchange("GET", url))

    def failure(self, answer: Answer) -> CaseSystemError:
        """The error for an answer that is not 2xx, without the key in it."""
        return failure(answer, self._secrets)

    def _speaks_xml_alone(self, answer: Answer) -> bool:
        if self._format == "xml" or answer.status not in _NO_SUCH_FORMAT:
            return False
        return is_markup(answer.body) or not said(answer.body)

    def _remember(self, answer: Answer) -> Answer:
        if answer.good:
            self._format = "xml"
            self._requests = self._url("requests")
        return answer

    def _url(self, path: str, kind: str = "") -> URL:
        return self._base.joinpath(f"{path}.{kind or self._format}", encoded=True)
