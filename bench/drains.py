"""Those who bring reports to the case system, and a round of one of them.

Each is a process of its own on the measured core. All POST the very bodies that our drain sends,
and the case system counts what it opened.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from bench import consumers, peer_rq
from bench.conversation import form
from bench.cores import MEASURED
from bench.reports import HandIn, made
from bench.stores import BenchStore
from bot.store.connection import Store
from locales.catalogue import Catalogues
from workers.cases.form import encode, fields
from workers.cases.mapping import submission

_ARQ_PYTHON = Path(__file__).parents[1] / ".venv-arq" / "bin" / "python"
_MOST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Drain:
    """How one of them is started: ``<python> -m <module> <how>``."""

    module: str
    how: str
    python: str = sys.executable


OURS = Drain("bench.consumers", "ours")
FLOOR = Drain("bench.consumers", "floor")
RQ_SIMPLE = Drain("bench.peer_rq", "simple")
RQ_FORK = Drain("bench.peer_rq", "fork")
RQ_POOL = Drain("bench.peer_rq", "pool")
ARQ = Drain("bench.peer_arq", "0.5", str(_ARQ_PYTHON))
ARQ_RESTLESS = Drain("bench.peer_arq", "0", str(_ARQ_PYTHON))


class Round:
    """One store, one case system."""

    def __init__(self, store: BenchStore, port: int) -> None:
        self._store = store
        self._url = f"http://127.0.0.1:{port}"
        self._say = Catalogues.load().say
        self._form = form()

    def rate(self, drain: Drain, count: int) -> float:
        """Reports a second of one of them; every report is counted at the case system."""
        self._store.client.flushall()
        bodies = [] if drain is OURS else self._bodies(count)
        self._prepare(drain, bodies, count)
        before = self._opened()
        seconds = float(self._run(drain, bodies, count))
        if (opened := self._opened() - before) != count:
            raise RuntimeError(f"{opened} cases were opened for {count} reports by {drain}")
        return count / seconds

    def _prepare(self, drain: Drain, bodies: list[str], count: int) -> None:
        """Put the reports where it takes them from; arq enqueues by itself what it is given."""
        if drain is OURS:
            asyncio.run(_stand(self._store, count))
        elif drain is FLOOR:
            consumers.fill(self._store.client, bodies)
        elif drain.module == peer_rq.__name__:
            peer_rq.enqueue(self._store.client, bodies)

    def _bodies(self, count: int) -> list[str]:
        return [
            encode(
                fields(
                    submission(one, self._form, self._say, (), "zh", to_the="hour"),
                    links_declared=False,
                )
            ).decode()
            for one in made(count)
        ]

    def _opened(self) -> int:
        with urlopen(f"{self._url}/count", timeout=5) as answer:
            return int(answer.read())

    def _run(self, drain: Drain, bodies: list[str], count: int) -> str:
        done = subprocess.run(
            [drain.python, "-m", drain.module, drain.how, str(count)],
            env={**os.environ, **settings(self._store, self._url)},
            input="\n".join(bodies),
            stdout=subprocess.PIPE,
            check=True,
            timeout=_MOST_SECONDS,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {MEASURED}),
        )
        return done.stdout.splitlines()[-1]


def settings(store: BenchStore, url: str) -> dict[str, str]:
    """The environment of whoever brings reports to the case system at that address."""
    return {
        "REDIS_URL": store.url,
        "DATA_DIR": str(store.folder),
        "CASE_SYSTEM": "open311",
        "OPEN311_URL": url,
        "LOG_LEVEL": "WARNING",
    }


async def _stand(store: BenchStore, count: int) -> None:
    opened = Store.at(store.url)
    await HandIn(opened, store.folder).stand(list(made(count)))
    await opened.close()
