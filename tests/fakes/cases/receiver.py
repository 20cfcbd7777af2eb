"""A receiver of `case.created` that verifies signatures and drops webhook ids that it has had."""

import base64
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.fakes.cases.base import FaultyServer, Received

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class CaseReceiver(FaultyServer):
    """`events` are the events taken, by webhook id, and `arrived` when each came first, by the
    monotonic clock; `names_cases` False answers 204 with no id.
    """

    def __init__(self, secret: str = SECRET) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any]] = {}
        self.arrived: dict[str, float] = {}
        self.names_cases = True
        self._verifier = Webhook(secret)

    @property
    def url(self) -> str:
        """The address for ``CASE_WEBHOOK_URL``."""
        return f"{self.address}/cases?from=gateway"

    async def answer(self, call: Received) -> web.Response:
        """Takes the event once; what is not signed rightly and lately is refused with 401."""
        try:
            event = self._verifier.verify(call.body, dict(call.headers))
        except WebhookVerificationError as error:
            return web.json_response({"error": str(error)}, status=401)
        self.events.setdefault(call.headers["webhook-id"], event)
        self.arrived.setdefault(call.headers["webhook-id"], call.at)
        if not self.names_cases:
            return web.Response(status=204)
        number = list(self.events).index(call.headers["webhook-id"]) + 1
        return web.json_response({"case_id": f"C-{number}"})
