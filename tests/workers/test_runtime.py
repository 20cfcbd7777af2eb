"""A worker's loop turns only while it answers a bell; what it began to ring is rung by then.

A loop that does not turn while it should ends the worker, which is started again.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from bot.bells import Bells
from bot.store.connection import Store
from bot.store.outbox import Entry, Outbox
from workers.runtime import Runtime

ROOT = Path(__file__).parents[2]
LOOP = """
import asyncio, sys
from bot.bells import Bells
from bot.store.connection import Store
from bot.store.outbox import Outbox
from workers import runtime

runtime.STUCK_SECONDS = 0.5

class Endless:
    at_once, lease_seconds = 8, 0.3
    def __init__(self, store):
        self.outbox = Outbox(store, "push")
    async def do(self, entry):
        print("in it", flush=True)
        while True:
            pass

async def nothing():
    return None

with asyncio.Runner() as runner:
    store = Store.at(sys.argv[1])
    bells = Bells(store, sys.argv[1])
    runtime.Runtime("push", store, Endless(store), bells, nothing, runner=runner).answer()
"""


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


async def test_an_endless_loop_ends_the_worker(store: Store, valkey_url: str) -> None:
    for command in Outbox(store, "push").add("loop"):
        await store.write(*command)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOOP, valkey_url),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        said, told = await process.communicate()
    assert said.startswith(b"in it")
    assert process.returncode == 1
    assert b"in do" in told
