"""A worker that some work keeps in an endless loop ends itself, and is started again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from bot.store.connection import Store
from bot.store.outbox import Outbox
from workers.sweep import STUCK

ROOT = Path(__file__).parents[2]
LOOP = """
import asyncio, sys
from bot.bells import Bells
from bot.store.connection import Store
from bot.store.outbox import Entry, Outbox
from workers import runtime
from workers.sweep import Sweep

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
    running = runtime.Runtime("push", store, Endless(store), bells, nothing, runner=runner)
    sweep = Sweep(sys.argv[1], "push", lambda: running.stuck)
    import workers.sweep
    workers.sweep.SWEEP_SECONDS = 0.1
    sweep.start()
    running.answer()
"""


async def test_an_endless_loop_ends_the_worker(store: Store, valkey_url: str) -> None:
    for command in Outbox(store, "push").add("loop"):
        await store.write(*command)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOOP, valkey_url), cwd=ROOT, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    assert said.startswith(b"in it")
    assert process.returncode == STUCK
