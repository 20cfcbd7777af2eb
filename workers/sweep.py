"""Rings for what is due and was not heard: a lost job, a lease run out, a retry whose time came.

A thread beside the worker, with a connection of its own, because the worker blocks on rq.
"""

from __future__ import annotations

import threading
import time

import structlog
from redis import Redis
from redis.exceptions import RedisError

from bot.bells import UNANSWERED_SECONDS, bell_key, ring_once
from bot.store.address import blocking_client
from bot.store.erasure import ERASED, REWRITTEN
from bot.store.expiry import EXPIRY

SWEEP_SECONDS = 5.0

log = structlog.get_logger()


class Sweep(threading.Thread):
    """Looks every five seconds."""

    def __init__(self, url: str, kind: str) -> None:
        super().__init__(name="sweep", daemon=True)
        self._url = url
        self._kind = kind
        self._stopped = threading.Event()

    def run(self) -> None:
        """Sweep until stopped; the first time at once, for what an earlier run left."""
        connection = blocking_client(self._url)
        while True:
            try:
                self.sweep(connection)
            except (RedisError, OSError) as error:
                log.warning("sweep.store_away", error=type(error).__name__)
            if self._stopped.wait(SWEEP_SECONDS):
                connection.close()
                return

    def sweep(self, connection: Redis) -> bool:
        """Ring if something is due and no bell is waiting. Whether it rang."""
        seconds, micros = connection.time()
        due = connection.zcount(f"outbox:{self._kind}", "-inf", seconds * 1000 + micros // 1000)
        if self._kind == "media":
            due += connection.zcount(EXPIRY, "-inf", int(time.time()))
        if self._kind == "notices":
            due += connection.get(REWRITTEN) != (connection.get(ERASED) or b"0")
        key = bell_key(self._kind)
        if not due or not connection.set(key, b"1", nx=True, ex=UNANSWERED_SECONDS):
            return False
        ring_once(connection, self._kind)
        return True

    def stop(self) -> None:
        """No further sweep."""
        self._stopped.set()
