"""Checks, records and carries out calls, whether they came by request or in a webhook's answer."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram import limits
from tests.fakes.telegram.base import Json, RefusedError, bad_request
from tests.fakes.telegram.methods import METHODS
from tests.fakes.telegram.webhook import Webhook
from tests.fakes.telegram.wire import RawCall, decode
from tests.fakes.telegram.world import Request, World


@dataclass
class Call:
    """One call of the bot, with decoded parameters.

    `time` in seconds of the monotonic clock; `code` is 200, or what refused it, or None while it
    is under way and after a broken connection.
    """

    method: str
    params: Json = field(default_factory=dict)
    time: float = field(default_factory=time.monotonic)
    code: int | None = None


class Executor:
    """The one way from a call to its effect."""

    def __init__(self, world: World) -> None:
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.webhook = Webhook(world, self.perform_reply)
        self._world = world
        self._about_updates: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
        }

    def record(self, method: str) -> Call:
        """Notes that a call came in."""
        call = Call(method)
        self.calls.append(call)
        self._world.pulse.beat()
        return call

    def check(self, call: Call, raw: RawCall) -> Request:
        """The call with typed parameters; refused, and noted, when it breaks a rule."""
        schema = self._world.schema
        call.params, complaints = decode(schema, call.method, raw)
        complaints += schema.call(call.method, call.params)
        complaints = complaints or limits.complaints(call.method, call.params)
        if complaints:
            self.violations += complaints
            self._world.pulse.beat()
            raise bad_request("; ".join(complaints))
        return Request(call.method, call.params, raw.uploads)

    async def perform(self, request: Request) -> Any:
        """The call's result."""
        if request.method in self._about_updates:
            result = await self._about_updates[request.method](request)
        else:
            result = METHODS[request.method](self._world, request)
        complaints = self._world.schema.result(request.method, result)
        if complaints:
            raise AssertionError(f"this server made a wrong result: {complaints}")
        return result

    async def perform_reply(self, method: str, raw: RawCall) -> None:
        """Carries out a call from a webhook's answer; as in Telegram, nobody hears how it went."""
        call = self.record(method)
        try:
            await self.perform(self.check(call, raw))
            call.code = 200
        except RefusedError as error:
            call.code = error.code

    async def _get_updates(self, request: Request) -> list[Json]:
        if self.webhook.url:
            raise RefusedError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._choose_kinds(request)
        offset, limit = request.get("offset", 0), request.get("limit", 100)
        return await self._world.updates.poll(offset, limit, request.get("timeout", 0))

    async def _set_webhook(self, request: Request) -> bool:
        if not request["url"]:
            return await self._delete_webhook(request)
        self._world.updates.interrupt("terminated by setWebhook request")
        self._choose_kinds(request)
        self._drop_if_asked(request)
        connections = request.get("max_connections", 40)
        await self.webhook.set(request["url"], request.get("secret_token"), connections)
        return True

    async def _delete_webhook(self, request: Request) -> bool:
        await self.webhook.stop()
        self._drop_if_asked(request)
        return True

    async def _get_webhook_info(self, _request: Request) -> Json:
        return self.webhook.info()

    def _choose_kinds(self, request: Request) -> None:
        """Absent, `allowed_updates` stays as it was."""
        self._world.updates.allowed = request.get("allowed_updates", self._world.updates.allowed)

    def _drop_if_asked(self, request: Request) -> None:
        if request.get("drop_pending_updates"):
            self._world.updates.forget()
