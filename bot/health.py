"""``/healthz`` (the process runs), ``/readyz`` (it can keep what it is told), ``/metrics``."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from bot.bearer import bears
from bot.channels.contract import Shown, Turns
from bot.core.dialogue import Incoming
from bot.core.errors import StoreUnavailable
from bot.store.case_system import waits_for_it
from bot.store.connection import Store
from bot.store.outbox import KINDS, UNDELIVERABLE, Outbox
from bot.vault.keys import KeyFolder, NothingToSealWith

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class Metrics:
    """What is counted; labels name channels and kinds of work, never people or reports."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.turns = Counter(
            "suishoupai_turns", "Turns committed", ["channel"], registry=self.registry
        )
        self.failed = Counter(
            "suishoupai_turns_not_kept",
            "Turns that the store did not keep",
            ["channel"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "suishoupai_turn_seconds",
            "From event to commit",
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.depth = Gauge(
            "suishoupai_outbox_entries",
            "Work standing in the outbox",
            ["kind"],
            registry=self.registry,
        )
        self.parked = Gauge(
            "suishoupai_outbox_parked",
            "Work that an operator must look at",
            ["kind"],
            registry=self.registry,
        )
        self.cases_down = Gauge(
            "suishoupai_case_system_down",
            "1 while the case system takes no reports, or asked for a pause",
            registry=self.registry,
        )
        self.undeliverable = Gauge(
            "suishoupai_notices_undeliverable",
            "Notices that nobody can be given, because the key of the epoch is gone",
            ["epoch"],
            registry=self.registry,
        )


class Counted:
    """`Turns` that are counted and timed on their way."""

    def __init__(self, turns: Turns, metrics: Metrics) -> None:
        self._turns = turns
        self._seconds = metrics.seconds
        self._kept: dict[str, Counter] = {}
        self._metrics = metrics

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        """See the contract."""
        began = time.perf_counter()
        try:
            shown = await self._turns.take(incoming)
        except StoreUnavailable:
            self._metrics.failed.labels(incoming.channel).inc()
            raise
        counter = self._kept.get(incoming.channel)
        if counter is None:
            counter = self._kept[incoming.channel] = self._metrics.turns.labels(incoming.channel)
        counter.inc()
        self._seconds.observe(time.perf_counter() - began)
        return shown

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        """See the contract."""
        await self._turns.set_aside(incoming, reason)


def add_health_routes(
    application: web.Application, store: Store, keys: KeyFolder, metrics: Metrics, key: str
) -> None:
    """Serve health to everybody and metrics to operators: they tell when somebody chats."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        try:
            await store.read("PING")
        except StoreUnavailable:
            return web.json_response({"status": "the store does not answer"}, status=503)
        try:
            keys.sealing_epoch(datetime.now(UTC))
        except NothingToSealWith as error:
            said = f"{error}; the workers notices (outer) and delivery (inner) make them"
            return web.json_response({"status": said}, status=503)
        return web.json_response({"status": "ready"})

    async def exposed(request: web.Request) -> web.Response:
        if not (_from_this_machine(request) or bears(request, key)):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            await _measure(store, metrics)
        except StoreUnavailable:
            return web.Response(status=503, text="the store does not answer")
        return web.Response(
            body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    routes: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/metrics": exposed,
    }
    for path, handler in routes.items():
        application.router.add_get(path, handler)


def _from_this_machine(request: web.Request) -> bool:
    """By itself, and not through a proxy that passes on what others ask."""
    forwarded = {"X-Forwarded-For", "Forwarded"} & request.headers.keys()
    return request.remote in ("127.0.0.1", "::1") and not forwarded


async def _measure(store: Store, metrics: Metrics) -> None:
    for kind in KINDS:
        outbox = Outbox(store, kind)
        metrics.depth.labels(kind).set(await outbox.depth())
        metrics.parked.labels(kind).set(len(await outbox.parked()))
    metrics.cases_down.set(await waits_for_it(store) is not None)
    counted = await store.read("HGETALL", UNDELIVERABLE)
    pairs = (
        counted.items()
        if isinstance(counted, dict)
        else zip(counted[::2], counted[1::2], strict=True)
    )
    for epoch, count in pairs:
        metrics.undeliverable.labels(epoch.decode()).set(int(count))
