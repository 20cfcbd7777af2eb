"""A worker's loop turns only while it answers a bell; what it began to ring is rung by then."""

from __future__ import annotations

import asyncio

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from bot.bells import Bells
from bot.store.connection import Store
from bot.store.outbox import Entry, Outbox
from workers.runtime import Runtime


class HandsOn:
    """Each entry is done at once."""

    at_once, lease_seconds = 8, 5.0

    def __init__(self, store: Store) -> None:
        self.outbox = Outbox(store, "notices")

    async def do(self, entry: Entry) -> None:
        await self.outbox.done(entry)


@pytest.mark.parametrize("kind", ["delivery", "push"])
def test_a_bell_begun_at_the_very_end_is_rung(valkey_url: str, kind: str) -> None:
    with asyncio.Runner() as runner:
        store = Store.at(valkey_url)
        runner.run(store.write("FLUSHDB"))
        bells = Bells(store, valkey_url)

        async def ring() -> None:
            bells.ring([kind])

        Runtime("notices", store, HandsOn(store), bells, ring, runner=runner).answer()
        connection = Redis.from_url(valkey_url)
        assert Queue(kind, connection=connection, serializer=JSONSerializer).count == 1
        connection.close()
        runner.run(bells.close())
        runner.run(store.close())
