"""What the case system answers: late, half, wrong, or not at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from aiohttp import web

from bot.store.connection import Store
from tests.fakes.cases import CaseReceiver, Fault, webhook_settings
from tests.fakes.cases.base import Received
from tests.faults.matrix import Count, Scale, row
from tests.faults.pushing import (
    FASTER,
    WORKERS,
    all_until_empty,
    colleagues,
    faster,
    only,
    open311,
    pushing,
    told,
    until_empty,
    waiting,
)
from tests.faults.stage import clock, stage
from workers.cases.contract import CaseSystem
from workers.cases.webhook import Webhook
from workers.cases.wire import Patience
from workers.push import Push

# How long an answer is waited for here, in seconds, and answers on both sides of that.
PATIENCE_SECONDS = 0.4
WITHIN_SECONDS, BEYOND_SECONDS = 0.2, 0.5
# What was under way when the first was told to wait has arrived by then.
HAD_ASKED_SECONDS = 0.5

TABLE: dict[str, Fault] = {
    "slow, within patience": Fault(how="slow", seconds=WITHIN_SECONDS),
    "slow, beyond patience": Fault(how="slow", seconds=BEYOND_SECONDS),
    "slow, beyond patience, but created": Fault(how="slow", seconds=BEYOND_SECONDS, opens=True),
    "slow, created once we gave up": Fault(how="late", seconds=BEYOND_SECONDS),
    "headers, then nothing": Fault(how="hang after headers", opens=True),
    "nothing": Fault(how="hang"),
    "half a body": Fault(how="half body", opens=True),
    "reset": Fault(how="reset"),
    "reset, but created": Fault(how="reset", opens=True),
    "500": Fault(status=500),
    "500, but created": Fault(status=500, opens=True),
    "409, created before": Fault(status=409, opens=True),
    "400 duplicate": Fault(
        status=400, opens=True, body=b'[{"code":400,"description":"duplicate request"}]'
    ),
    "a page with 200": Fault(body=b"<html>hello</html>", kind="text/html", opens=True),
    "wrong JSON": Fault(body=b'[{"service_request_id":', opens=True),
    "no id": Fault(body=b"[{}]", opens=True),
    "429": Fault(status=429, headers={"Retry-After": "0"}),
}


@row(
    "slow; headers then hang; half body; reset; 500 but created; 409; 400 duplicate; 200 HTML; "
    "wrong JSON; no id; token only; 429: {each} reports each",
    each=(20, 3),
)
async def cases_misbehave(folder: Path, scale: Scale, seed: int) -> Count:
    """Each report goes through each fault once and is one case in the end."""
    each, total = scale["each"], Count()
    async with (
        stage(folder) as here,
        pushing(here.store_url, open311(here, PATIENCE_SECONDS)) as (store, push),
    ):
        with faster(FASTER):
            for number, fault in enumerate(TABLE.values()):
                began, names = clock(), await waiting(store, each, start=number * 1000)
                here.cases.fail(fault, times=each)
                await until_empty(push, 60)
                assert here.cases.unmet == []
                await here.cases.idle()
                total += told(only(here.cases, names), names, began)
            here.cases.manners.token_polls = 4
            began, names = clock(), await waiting(store, each, start=90_000)
            await until_empty(push, 60)
            total += told(only(here.cases, names), names, began)
        assert await push.outbox.parked() == {}
    total.note = f"{len(TABLE) + 1} kinds of answer, each met by each report"
    return total


# Only Open311 says it so; a receiver of webhooks that says 400 means that it will not have it.
_NOT_BY_WEBHOOK = {"400 duplicate"}


@row(
    "the same answers from a case system that is told by signed webhook: {each} reports each",
    each=(20, 3),
)
async def webhook_misbehaves(folder: Path, scale: Scale, seed: int) -> Count:
    """Sent again under the same webhook id, which the receiver has once."""
    each, total = scale["each"], Count()
    faults = {name: fault for name, fault in TABLE.items() if name not in _NOT_BY_WEBHOOK}
    async with CaseReceiver() as receiver, stage(folder) as here:

        def told_by_webhook(store: Store) -> CaseSystem:
            patience = Patience(total=PATIENCE_SECONDS)
            return Webhook(webhook_settings(receiver.url), patience=patience)

        async with pushing(here.store_url, told_by_webhook) as (store, push):
            with faster(FASTER):
                for number, fault in enumerate(faults.values()):
                    began, names = clock(), await waiting(store, each, start=number * 1000)
                    receiver.fail(fault, times=each)
                    await until_empty(push, 60)
                    assert receiver.unmet == []
                    await receiver.idle()
                    total += _arrived(receiver.arrived, names, began)
            assert await push.outbox.parked() == {}
    total.note = f"{len(faults)} kinds of answer; the receiver drops an id that it has had"
    return total


def _arrived(arrived: Mapping[str, float], names: set[str], began: float) -> Count:
    there = [at for name, at in arrived.items() if name in names]
    return Count(
        tried=len(names),
        sent=len(there),
        lost=len(names) - len(there),
        worst=max(there, default=math.inf) - began,
    )


@row(
    "429 with a Retry-After of {seconds} s while {count} reports wait for 4 push workers",
    seconds=(10, 2),
    count=(2000, 200),
)
async def cases_throttle(folder: Path, scale: Scale, seed: int) -> Count:
    """Nobody asks before it is over, but those who had asked when it was said."""
    count, seconds = scale["count"], scale["seconds"]
    async with (
        stage(folder) as here,
        colleagues(here.store_url, open311(here)) as (store, pushes),
    ):
        whole, told_at = here.cases.answer, math.inf

        async def throttled(call: Received) -> web.Response:
            nonlocal told_at
            if call.method != "POST" or call.at >= told_at + seconds:
                return await whole(call)
            told_at = min(told_at, clock())
            return web.Response(status=429, headers={"Retry-After": str(seconds)})

        names = await waiting(store, count)
        with faster(FASTER), patch.object(here.cases, "answer", throttled):
            await all_until_empty(pushes, 60)
        over = told_at + seconds
        asked = [call.at for call in here.cases.calls("POST") if call.at < over]
        assert len(asked) <= Push.at_once * WORKERS
        assert max(asked) < told_at + HAD_ASKED_SECONDS, "somebody asked before it was over"
        found = told(here.cases, names, over)
        found.note = f"{len(asked)} had asked by then, and nobody before it was over"
        return found
