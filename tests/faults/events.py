"""What the case system says of a report, by signed webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import aiohttp
import orjson
from standardwebhooks import Webhook

from tests.faults.stage import HOOK_SECRET

_NUMBERS = count(1)


async def tell(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Hand an event to the bot at `url`; the status of the answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/hooks/case", data=body, headers=headers) as answer,
    ):
        return answer.status


def event(reference: str, version: int, status: str, note: str = "") -> bytes:
    """A `case.updated`."""
    at = datetime.now(UTC).isoformat()
    data = {
        "reference": reference,
        "case_id": "1",
        "status": status,
        "version": version,
        "note": note,
    }
    return orjson.dumps({"type": "case.updated", "timestamp": at, "data": data})


def signed(body: bytes, at: datetime, secret: str = HOOK_SECRET) -> dict[str, str]:
    """The headers for it, under a name that no other has."""
    name = f"msg_{next(_NUMBERS)}"
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body.decode()),
    }
