"""The HTTP face of the server, and the handles by which a test holds it."""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.fakes.telegram.base import Json, RefusedError, bad_request
from tests.fakes.telegram.executor import Call, Executor
from tests.fakes.telegram.faults import Fault, Faults, Kind
from tests.fakes.telegram.person import Person
from tests.fakes.telegram.wire import RawCall, read_request
from tests.fakes.telegram.world import World

_BODY_LIMIT = 64 * 1024 * 1024
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class TelegramServer:
    """A Bot API server for one bot on 127.0.0.1.

    `calls` has every call, `violations` a sentence for each breach of the schema or of a limit.
    """

    def __init__(self, token: str = "123456:test-token", username: str = "suishoupai_bot") -> None:
        self.world = World(token, username)
        self._executor = Executor(self.world)
        self._faults = Faults()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.world.token

    @property
    def url(self) -> str:
        """Base address, for `TelegramAPIServer.from_base` and the like."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def calls(self) -> list[Call]:
        """Every call of the bot, oldest first."""
        return self._executor.calls

    @property
    def violations(self) -> list[str]:
        """What the bot did against the schema or a limit."""
        return self._executor.violations

    async def start(self, port: int = 0) -> None:
        """Begins to listen."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_get("/bot{token}/{method}", self._call)
        app.router.add_post("/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stops listening and pushing; calls under way break off."""
        await self._executor.webhook.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def person(
        self,
        first_name: str = "小明",
        language_code: str | None = None,
        number: int | None = None,
        **names: str,
    ) -> Person:
        """A new person with an empty chat; `names` are ``last_name`` and ``username``."""
        person = Person(
            self.world, self.world.new_chat({"first_name": first_name, **names}, number)
        )
        person.language_code = language_code
        return person

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    async def called(self, method: str, times: int = 1, timeout: float = 5.0) -> list[Call]:
        """Waits until a method was called so often; TimeoutError after `timeout` seconds."""
        await self.world.pulse.until(lambda: len(self.calls_of(method)) >= times, timeout)
        return self.calls_of(method)

    def commands(self, language_code: str = "") -> list[Json]:
        """The command menu in a language."""
        return list(self.world.profile.get(("commands", language_code), []))

    def deliveries(self, update_id: int) -> int:
        """How often an update was handed to the bot."""
        return self.world.updates.deliveries[update_id]

    def waiting(self) -> list[int]:
        """Ids of the updates that the bot has not taken for good."""
        return [queued.id for queued in self.world.updates.pending]

    async def drained(self, timeout: float = 5.0) -> None:
        """Waits until the bot has taken every update for good."""
        await self.world.pulse.until(lambda: not self.waiting(), timeout)

    def redeliver(self, update_id: int) -> None:
        """Hands an update out once more, as after a lost confirmation."""
        self.world.updates.redeliver(update_id)

    def fail(
        self,
        method: str,
        error_code: int,
        description: str,
        times: int = 1,
        retry_after: int | None = None,
    ) -> None:
        """Refuses the next calls of a method (`*`: of any)."""
        refusal = RefusedError(error_code, description, retry_after)
        self._faults.add(Fault(method, Kind.REFUSED, times, refusal))

    def fail_with_page(self, method: str, error_code: int = 502, times: int = 1) -> None:
        """Answers the next calls with an HTML page, as a gateway in front of Telegram does."""
        refusal = RefusedError(error_code, "Bad Gateway")
        self._faults.add(Fault(method, Kind.PAGE, times, refusal))

    def hang(self, method: str, times: int = 1, *, carried_out: bool = False) -> None:
        """Leaves the next calls without an answer, carried out or not."""
        self._faults.add(Fault(method, Kind.UNTOLD if carried_out else Kind.SILENCE, times))

    def reset(self, method: str, times: int = 1, *, carried_out: bool = False) -> None:
        """Breaks the connection of the next calls, before or after they are carried out."""
        self._faults.add(Fault(method, Kind.LOST if carried_out else Kind.RESET, times))

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refused(RefusedError(401, "Unauthorized"))
        call = self._executor.record(request.match_info["method"])
        try:
            raw = await read_request(request)
        except ValueError as error:
            self.violations.append(f"{call.method}: {error}")
            return _refused(bad_request(f"can't parse the request: {error}"), call)
        return await self._answer(request, call, raw)

    async def _answer(self, request: web.Request, call: Call, raw: RawCall) -> web.StreamResponse:
        try:
            checked = self._executor.check(call, raw)
            fault = self._faults.take(call.method)
            if fault is not None and not fault.kind.carried_out:
                return await _strike(request, call, fault)
            result = await self._executor.perform(checked)
        except RefusedError as error:
            return _refused(error, call)
        if fault is not None:
            return await _strike(request, call, fault)
        call.code = 200
        return web.json_response({"ok": True, "result": result})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refused(RefusedError(401, "Unauthorized"))
        content = self.world.files.download(request.match_info["path"])
        fault = self._faults.take("download")
        if content is None:
            return _refused(RefusedError(404, "Not Found"))
        if fault is not None:
            return await _strike(request, Call("download"), fault)
        return web.Response(body=content, content_type="application/octet-stream")


async def _strike(request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
    """Answers a call that is to fail, whether or not it was carried out."""
    if fault.kind is Kind.REFUSED:
        return _refused(fault.refusal, call)
    if fault.kind is Kind.PAGE:
        call.code = fault.refusal.code
        page = _PAGE.format(f"{call.code} {fault.refusal.description}")
        return web.Response(status=call.code, text=page, content_type="text/html")
    if fault.kind in {Kind.SILENCE, Kind.UNTOLD}:
        await asyncio.Event().wait()
    return _broken_off(request)


def _broken_off(request: web.Request) -> web.StreamResponse:
    """The connection is gone; the response is for the framework and reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refused(error: RefusedError, call: Call | None = None) -> web.Response:
    if call is not None:
        call.code = error.code
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    if error.retry_after is not None:
        body["parameters"] = {"retry_after": error.retry_after}
    return web.json_response(body, status=error.code)
