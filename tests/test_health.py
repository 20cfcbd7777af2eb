"""Health, readiness and metrics over HTTP, with the store there and away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.contract import Shown
from bot.core.dialogue import Incoming, Opened
from bot.core.errors import StoreUnavailable
from bot.health import Counted, Metrics, add_health_routes
from bot.store.case_system import DOWN
from bot.store.connection import Store
from bot.store.outbox import UNDELIVERABLE, Outbox
from bot.vault.keys import LAYERS, KeyFolder, epoch_of


class Gateway:
    """Turns that work, or do not."""

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        raise AssertionError("nothing is set aside here")

    away = False

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        if self.away:
            raise StoreUnavailable("away")
        return ()


KEY = "only-a-test-knows-this-key-of-operators"


def served(store: Store, keys: Path, metrics: Metrics) -> TestServer:
    application = web.Application()
    add_health_routes(application, store, KeyFolder(keys, opens=()), metrics, KEY)
    return TestServer(application)


async def test_it_is_ready_once_both_custodians_gave_their_keys(
    store: Store, tmp_path: Path
) -> None:
    async with TestClient(served(store, tmp_path, Metrics())) as client:
        for layer in LAYERS:
            answer = await client.get("/readyz")
            assert answer.status == 503
            assert f"no {layer} public key" in (await answer.json())["status"]
            KeyFolder(tmp_path, (layer,)).create(epoch_of(datetime.now(UTC)))
        assert (await client.get("/readyz")).status == 200


async def test_metrics_count_turns_and_work_and_name_nobody(store: Store, tmp_path: Path) -> None:
    KeyFolder(tmp_path).create(epoch_of(datetime.now(UTC)))
    metrics, gateway = Metrics(), Gateway()
    turns = Counted(gateway, metrics)
    incoming = Incoming("telegram", "4711", "e1", Opened())
    await turns.take(incoming)
    gateway.away = True
    with pytest.raises(StoreUnavailable):
        await turns.take(incoming)
    for command in Outbox(store, "push").add("reference-of-a-report"):
        await store.write(*command)
    async with TestClient(served(store, tmp_path, metrics)) as client:
        said = await (await client.get("/metrics")).text()
        assert 'suishoupai_turns_total{channel="telegram"} 1.0' in said
        assert 'suishoupai_turns_not_kept_total{channel="telegram"} 1.0' in said
        assert 'suishoupai_outbox_entries{kind="push"} 1.0' in said
        assert 'suishoupai_outbox_parked{kind="push"} 0.0' in said
        assert "suishoupai_case_system_down 0.0" in said
        assert "suishoupai_notices_undeliverable{" not in said
        await store.write("SET", DOWN, 0)
        await store.write("HINCRBY", UNDELIVERABLE, "2026-10", 3)
        later = await (await client.get("/metrics")).text()
        assert 'suishoupai_notices_undeliverable{epoch="2026-10"} 3.0' in later
        assert "suishoupai_case_system_down 1.0" in later
        assert "4711" not in said
        assert "reference" not in said
        assert (await client.get("/readyz")).status == 200


async def test_alive_without_a_store_but_not_ready(tmp_path: Path) -> None:
    store = Store.at(f"unix://{tmp_path}/nobody.sock")
    async with TestClient(served(store, tmp_path, Metrics())) as client:
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/readyz")).status == 503
        assert (await client.get("/metrics")).status == 503
    await store.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # somebody on this machine
        ({"X-Forwarded-For": "203.0.113.7"}, 401),
        ({"Forwarded": "for=203.0.113.7"}, 401),
        ({"X-Forwarded-For": "203.0.113.7", "Authorization": f"Bearer {KEY}"}, 200),
        ({"X-Forwarded-For": "203.0.113.7", "Authorization": f"Bearer {KEY}x"}, 401),
    ],
)
async def test_metrics_are_for_operators(
    store: Store, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    """Whoever looks every second sees when somebody chats; health tells nobody anything."""
    async with TestClient(served(store, tmp_path, Metrics())) as client:
        assert (await client.get("/metrics", headers=headers)).status == status
        assert (await client.get("/healthz", headers=headers)).status == 200
