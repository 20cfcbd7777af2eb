"""A Valkey of the benchmark's own, started as the programme starts it, on the load's core."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from bench.cores import LOAD, running
from bot import valkey


@dataclass(frozen=True, slots=True)
class BenchStore:
    """Its address, its folder, and a client that blocks."""

    url: str
    folder: Path
    client: Redis

    def sync(self, policy: str) -> None:
        """When what is written is forced to disk: ``always`` or ``everysec``."""
        self.client.config_set("appendfsync", policy)


@contextmanager
def open_store(core: int | None = LOAD) -> Iterator[BenchStore]:
    """An empty store with the data folder that belongs to it; both go with the block."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(valkey.command(folder), core) as process:
            url = valkey.wait_until_ready(process, folder)
            client = Redis.from_url(url)
            try:
                yield BenchStore(url, folder, client)
            finally:
                client.close()
